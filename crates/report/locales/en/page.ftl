# The report page.

number-missing = –
interval = { $level }: { $lower } to { $upper }

title-as-of = Customer value as of { DATE($as_of) }
contents = Contents
orders-between = { COUNT($transactions) } orders from { DATE($first) } to { DATE($last) }
made-by = Made with Perennial { $version }. The page holds all it needs and connects to nothing.
script-needed = The charts need JavaScript; the tables under them hold the same numbers.
show-numbers = Show the numbers
per-customer = { $amount } per customer

# The summary in words.
summary-heading = In short
summary-money = { $basis ->
        [revenue] Your { COUNT($customers) } customers are expected to bring in { $predicted } of revenue within { COUNT($horizon_days) } days
       *[margin] Your { COUNT($customers) } customers are expected to earn you { $predicted } within { COUNT($horizon_days) } days
    } ({ $interval }).
summary-earned = { $basis ->
        [revenue] They have paid { $historic } so far.
       *[margin] They have earned you { $historic } so far.
    }
summary-orders = Your { COUNT($customers) } customers are expected to place { $predicted } orders within { COUNT($horizon_days) } days ({ $interval }).
summary-no-prediction = Your { COUNT($customers) } customers have placed { COUNT($transactions) } orders. The data does not support a prediction; the warnings say why.
summary-half = { $figure ->
        [predicted_number_of_orders] Half of the expected orders come
       *[other] Half of the value comes
    } from { COUNT($half) } { $half ->
        [one] customer
       *[other] customers
    } ({ PERCENT($share, 1) } of all).
summary-active = About { COUNT($active) } customers ({ PERCENT($share) }) are likely still active.
summary-hold-out = On { COUNT($days) } days that the model had not seen, it expected { COUNT($predicted) } orders; { COUNT($actual) } came.
card-customers = Customers
card-customers-detail = { PERCENT($share) } came back at least once
card-active = Active customers
card-active-detail = { PERCENT($share) } of all; the sum of P(alive)
card-orders = Orders expected
card-historic-detail = up to { DATE($as_of) }

# Warnings.
warnings-heading = What to keep in mind
warnings-none = None of the known mistakes was found in this valuation.
warnings-remedy = What to do

# Definitions.
definitions-heading = Definitions used
definition-as-of = As of
definition-horizon = Horizon
definition-horizon-value = { COUNT($days) } days, until { DATE($end) }
definition-discount = Discount rate
definition-discount-value = { $rate } per year, each month’s orders counted at its middle
definition-margin = Margin
definition-margin-revenue = not known; values are revenue
definition-margin-given = { $rate } of revenue, as given
definition-margin-measured = { $rate } of revenue, measured from the costs in the data
definition-currency = Currency
definition-currency-none = none named in the data
definition-time-zone = Time zone of a business day
definition-unit = Models count time in
definition-level = Level of intervals
unit-day = days
unit-week = weeks (7 days)
unit-month = months (30.4375 days)
unit-year = years (365.25 days)

# Distribution and concentration.
distribution-heading = How value is spread
distribution-figure = { $figure ->
        [predicted_number_of_orders] Orders expected per customer
        [historic_clv] { $basis ->
            [revenue] Historic revenue CLV per customer
           *[margin] Historic CLV per customer
        }
       *[other] { $basis ->
            [revenue] Total revenue CLV per customer
           *[margin] Total CLV per customer
        }
    }
distribution-caption = { COUNT($below) } of { COUNT($customers) } customers ({ PERCENT($share) }) lie below { $edge }.
distribution-last-bin = The last bar holds everything above { $edge }, up to { $most }.
distribution-empty = There is no customer with a value to show.
axis-customers = Customers
concentration-title = Concentration
concentration-caption = The most valuable tenth, { COUNT($customers) } { $customers ->
        [one] customer
       *[other] customers
    }, holds { PERCENT($share) } of the value (Gini coefficient { DECIMAL($gini, 2) }; 0 is all alike).
concentration-empty = The values add up to nothing that could be shared out.
axis-share-of-customers = Share of customers, most valuable first
axis-share-of-value = { $figure ->
        [predicted_number_of_orders] Share of the expected orders
       *[other] Share of the value
    }
series-customers = This customer base
series-equal = All alike
column-from = From
column-to = to below

# Tracking.
tracking-heading = Does the model follow reality?
tracking-lead = { MODEL($model) } saw the orders up to { DATE($until) }. What came after, it had to predict.
tracking-caption = Cumulative repeat orders: { COUNT($actual) } happened up to { DATE($end) }, { COUNT($expected) } were expected. In the hold-out alone { COUNT($hold_out_actual) } happened and { COUNT($hold_out_predicted) } were expected ({ $off }).
tracking-none = The history is too short to set a part of it aside, so the model could not be judged on time that it had not seen.
tracking-none-model = No model could be fitted, so there is nothing to judge.
series-actual = Actual
series-expected = Expected
series-band = { $level } band
axis-cumulative = Cumulative repeat orders
calibration = Calibration
hold-out = Hold-out
column-day = Day
column-lower = Lower
column-upper = Upper

# Deciles.
deciles-heading = Are the right customers ranked high?
deciles-lead = Customers in ten groups by the orders predicted for the hold-out, from the fewest to the most. The bars should be alike in pairs.
deciles-caption = Highest group: { DECIMAL($predicted, 2) } orders per customer predicted, { DECIMAL($actual, 2) } placed. Mean absolute error over all customers { DECIMAL($mae, 3) } orders, root mean squared error { DECIMAL($rmse, 3) }.
axis-group = Group by predicted orders
axis-orders-per-customer = Orders per customer
column-group = Group
column-customers = Customers
column-predicted = Predicted
column-actual = Actual

# Coverage.
coverage-heading = Do the intervals hold?
coverage-lead = An interval of { $level } should hold for { $level } of the customers. This is how often it did on the hold-out.
coverage-orders = Orders per customer
coverage-value = Revenue per customer
coverage-orders-note = { $direction ->
        [wide] More than stated: orders are whole numbers, and an interval of whole numbers always holds a little more.
        [narrow] Less than stated: read single customers’ intervals as too narrow.
       *[right] As stated.
    }
coverage-value-note = { $direction ->
        [wide] More than stated: read single customers’ intervals as too wide.
        [narrow] Less than stated: read single customers’ intervals as too narrow.
       *[right] As stated.
    }
coverage-value-total = Revenue in the hold-out: { $predicted } expected, { $actual } came ({ $off }).
coverage-no-value = Money could not be judged: there are no amounts or no spend model.
column-held = Held
column-stated = Stated
column-figure = Figure

# Heat maps.
heat-maps-heading = Who is still there?
heat-maps-lead = Two customers of the same age ({ COUNT($age) } days) differ by how often they bought and how long ago they last did.
heat-maps-alive = P(alive)
heat-maps-orders = Orders expected within { COUNT($horizon_days) } days
heat-maps-alive-caption = A customer with { COUNT($frequency) } repeat orders, the last one { COUNT($recent) } days ago: P(alive) { PERCENT($high) }. The last one { COUNT($old) } days ago: { PERCENT($low) }.
heat-maps-orders-caption = A customer with { COUNT($frequency) } repeat orders, the last one { COUNT($recent) } days ago: { DECIMAL($high, 2) } orders expected. The last one { COUNT($old) } days ago: { DECIMAL($low, 2) }.
heat-maps-none = No model could be fitted, so there is no chance of being active to show.
axis-days-since = Days since the last order
axis-repeat-orders = Repeat orders
heat-maps-table = { $figure }: repeat orders by row, days since the last order by column

# Models.
models-heading = The models behind the predictions
models-none = No model could be fitted; the warnings say why. The values are what has been earned so far.
models-transactions = When customers buy and leave: { MODEL($model) }
models-spend = What they spend: { MODEL($model) }
models-spend-none = { $reason ->
        [no_amounts] There is no spend model: the data holds no amounts.
       *[other] There is no spend model (the warnings say why): every future order counts as the mean of all past ones.
    }
models-fit = Maximum likelihood on { COUNT($customers) } customers up to { DATE($until) }, time in { $unit }; log-likelihood { DECIMAL($log_likelihood, 1) }.
models-edge = Ran to the edge of its range: { $parameters }.
models-posterior = Means and standard deviations of { COUNT($draws) } draws from the posterior distribution ({ COUNT($chains) } chains): R-hat { DECIMAL($r_hat, 3) }, at least { COUNT($ess) } effective draws, { COUNT($divergences) } divergences. { $trusted ->
        [true] The chains agree.
       *[false] The draws are not to be trusted: R-hat should be below 1.01, with 100 effective draws for each chain and no divergences.
    }
models-bootstrap = Standard errors from fits on { COUNT($replicates) } resampled customer bases; { COUNT($failed) } could not be fitted.
models-likelihood_ratio = The covariates raise the log-likelihood from { DECIMAL($without, 2) }: likelihood-ratio statistic { DECIMAL($statistic, 2) } with { COUNT($degrees) } { $degrees ->
        [one] degree of freedom
       *[other] degrees of freedom
    }, p { $p }.
models-penalised = The coefficients are drawn to zero by the penalty, so no likelihood-ratio test is given; without covariates the log-likelihood is { DECIMAL($without, 2) }.
models-not_identified = { $name } = { DECIMAL($value, 2) } is not identified: the data fit as well with a very different value. It should not be read as an effect; leave the covariate out of this process, or use a penalty.
models-extreme = { $name } = { DECIMAL($value, 2) } makes customers differ by a factor of { COUNT($size) }: rather a likelihood that levels off than an effect. Leave the covariate out of this process, or use a penalty.
models-imprecise = { $name } = { DECIMAL($value, 2) } is hardly known: its standard error is { DECIMAL($size, 2) } per standard deviation of the covariate.
models-stalled = The search stopped before a maximum.
models-refund-share = Refunds of no single order are expected to take back { PERCENT($share, 1) } of the order value.
column-parameter = Parameter
column-estimate = Estimate
column-standard-error = Standard error
selection-heading = Why this model
selection-by-hold-out = { MODEL($model) } did best over { COUNT($origins) } rolling { $origins ->
        [one] hold-out
       *[other] hold-outs
    } (calibration until { $days }), by the mean log score per customer.
selection-not-by-hold-out = { MODEL($model) } was not chosen by hold-outs: it was named or saved, or the history is too short to judge.
column-model = Model
column-log-score = Log score
column-crps = CRPS
column-calibration = Calibration error
column-mae = Mean absolute error
column-rmse = Root mean squared error
column-bias = Bias of the total
selection-note = Higher is better for the log score, lower for the CRPS and the errors; CRPS and errors are in orders per customer. Calibration error: how far tenths of the customers by predicted orders were off. Held: customers whose interval held.
spend-selection-heading = Why this spend model
spend-selection-hold_out = { MODEL($model) } gave what customers spent per order in the { COUNT($days) } days after { DATE($until) } the higher density, given their orders up to then.
spend-selection-only_one = { MODEL($model) } was taken because { MODEL($other) } could not be fitted.
spend-selection-no_hold_out = { MODEL($model) } was not chosen by a hold-out: too little came after one, or the history is too short for one.
spend-selection-saved = { MODEL($model) } is that of the saved fit.
spend-selection-note = Log density: mean per order, higher is better; it judges the whole distribution, from which the intervals follow, and decides. Mean absolute error: of customers’ mean spend per order, in units of the currency.
column-log-density = Log density
chosen = chosen

# Methods.
methods-heading = Four ways to compute customer value
methods-lead = The same customers, the same margin, amounts per customer. They differ because they assume different things.
methods-advised = This data supports best: { $method }.
methods-advised-none = This data supports none of the four.
methods-supported = yes
methods-not-supported = no
methods-no-value = no value
column-method = Method
column-value-per-customer = Value per customer
column-verdict = Supported by this data
methods-why-not = Speaks against it
methods-notes = Keep in mind
methods-inputs = What went into it
bridge-heading = From “{ $method }” to “{ $to }”
bridge-lead = Why the methods differ, step by step, in amounts per customer.
bridge-none = There is no bridge: it needs the predictive method and at least one other with a value.
column-step = Step
column-change = Change
column-after = Value after

# Data quality.
quality-heading = The data
quality-lead = Recognised as { $format }: { COUNT($read) } rows read, { COUNT($used) } used ({ PERCENT($share, 1) }), { COUNT($refused) } refused.
quality-files = Files read
column-file = File
quality-orphan-refunds = Refunds of { $amount } went to customers without any valid order; they count in no figure.
quality-columns = How each column was read
column-role = Meaning
column-column = Column
column-how = Read as
column-alternatives = Could also be meant
quality-refused = Rows refused
quality-refused-none = No row was refused.
quality-treated = Rows treated in a stated way
quality-treated-none = No row needed a decision.
quality-quarantine = The refused rows stand with line number and reason in { $path }.
column-rows = Rows
column-reason = Reason
column-treatment = Treatment

# Top customers.
customers-heading = The most valuable customers
customers-lead = The first { COUNT($count) } of { COUNT($customers) } by { $figure }. All customers stand in the output file.
customers-none = There is no customer to show.

# Glossary.
glossary-heading = What the figures mean

# Texts that appear over points of a chart.
percent-suffix = %
distribution-bin = { $from } to { $to }: { COUNT($customers) } { $customers ->
        [one] customer
       *[other] customers
    } ({ PERCENT($share, 1) })
concentration-point = { $figure ->
        [predicted_number_of_orders] { $customers } of the customers: { $value } of the expected orders
       *[other] { $customers } of the customers: { $value } of the value
    }
card-orders-detail = within { COUNT($horizon_days) } days
heat-maps-cell = { COUNT($frequency) } repeat orders, the last { COUNT($days) } days ago. { $figure }: { $value }
# How the chart library writes a day (d3 time format): on the axis and over a point.
date-tick = %b %Y
date-hover = %d %b %Y
deviation-none = no difference
deviation-more = { $share } too high
deviation-less = { $share } too low
customers-interval = { $point } ({ $lower } to { $upper })

# Model check.
model-check-heading = Does the model make customers like these?
model-check-lead = Customers by their repeat orders so far, beside those that the fitted model makes when customers of the same ages are simulated from it. Where the bars differ by more than the whiskers, the model’s assumptions are not those of these customers.
model-check-title = Customers by repeat orders
model-check-caption = { COUNT($held) } of { COUNT($bins) } observed numbers lie within their { PERCENT($level) } interval. With many customers the intervals are narrow, and a small difference shows.
column-observed = Observed
column-model-expects = Model
or-more = { $count } or more
base-level = { $finding ->
        [steady] Over { COUNT($months) } whole months the orders follow the model’s expectation without a season or a trend.
        [season] Over { COUNT($months) } whole months the orders show a season that the model does not know; see the warnings.
        [trend] Over { COUNT($months) } whole months the base level of the orders changes from year to year, which the model does not know; see the warnings.
        [both] Over { COUNT($months) } whole months the orders show a season and a trend that the model does not know; see the warnings.
       *[unknown] Whether the base level of the orders changes over time takes two years of orders to tell, and there are fewer.
    }
