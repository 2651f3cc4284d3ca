# What only the terminal says.

progress-read = Reading orders
progress-summarise = Summarising customers
progress-select = Choosing a model
progress-fit = Fitting models
progress-score = Scoring customers
progress-join = Collecting values
progress-validate = Judging on a hold-out
progress-simulate = Simulating a shop

terminal-span = { $lower } – { $upper }
terminal-column-interval = { $level } interval
terminal-column-interval-short = Interval
terminal-column-total = Total
terminal-column-model = Model
terminal-column-log-likelihood = Log-lik.
terminal-column-log-score = Log score
terminal-column-mae-short = MAE
terminal-column-rmse-short = RMSE
terminal-column-bias = Bias
terminal-column-predicted = Predicted
terminal-column-actual = Actual
terminal-column-held = Held
terminal-column-value = Revenue
terminal-column-customer = Customer
terminal-column-orders = Orders
terminal-column-last = Last order
terminal-column-historic = Historic
terminal-column-predicted-clv = Predicted
terminal-column-from-to = Interval
terminal-column-alive = P(alive)
terminal-column-file = File
terminal-column-rows = Rows
terminal-column-dirt = Put into the orders
terminal-column-planted = Rows
terminal-column-found = Found
terminal-column-figure = Within the year
terminal-column-knowable = Knowing the rates
terminal-column-came = Came

terminal-definitions = Predicted: within { COUNT($horizon_days) } days, discounted at { $discount } a year. A customer’s orders of one day ({ $time_zone }) count as one.
terminal-fits = Fitted models
terminal-fit = { MODEL($model) }: { COUNT($customers) } customers up to { DATE($until) }, time in { $unit }, log-likelihood { $log_likelihood }.
terminal-hold-out = Fitted up to { DATE($until) }, judged on the { COUNT($days) } days after
terminal-hold-out-note = MAE and RMSE in orders per customer; Held: customers whose interval held. The log score is better when higher.
terminal-choose-other = Another column can be chosen with --columns { $role }=NAME.
terminal-files = Written
terminal-file-out = Values of all customers
terminal-file-report = Report
terminal-file-quarantine = Refused rows
terminal-file-none = The values of all customers were not written; --out values.parquet keeps them, --report report.html makes a page.
terminal-refused-nowhere = The refused rows were not kept; --quarantine FILE writes them with line number and reason.

terminal-shop = A simulated shop
terminal-shop-lead = { COUNT($customers) } customers placed { COUNT($orders) } orders from { DATE($first) } to { DATE($as_of) }. What they will do in the year after is known, but not written into the orders.
terminal-dirt = Dirty rows
terminal-dirt-guest = Orders without a customer
terminal-dirt-exact_duplicate = Rows that stand twice
terminal-dirt-broken_date = Dates that do not exist
terminal-dirt-future_date = Dates in the future
terminal-dirt-negative_row = Credit notes
terminal-dirt-cancelled = Cancelled orders
terminal-truth = Against the truth
terminal-truth-lead = The shop’s customers live on for a year after the orders end. Predictions are without discount here, so that they can be compared with what comes. Knowing the rates is what one would predict who knew each customer’s true rates.
terminal-truth-held = { $figure }: the total lies within the interval. Customers whose own { $level } interval holds what comes: { $coverage }.
terminal-truth-missed = { $figure }: the total lies outside of the interval. Customers whose own { $level } interval holds what comes: { $coverage }.
