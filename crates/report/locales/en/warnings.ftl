# One message per warning code: what is the matter, .text what it means, .remedy what can be done.

severity-info = Note
severity-warning = Caution
severity-severe = Severe

warning-no_amounts = No amounts in the data
    .text = Purchases can be predicted, but no money: every value in currency is missing.
    .remedy = Add a column with the order’s amount, or name it with --columns amount=….
warning-margin_unknown = Costs are not known: the value is revenue
    .text = Without a margin the value of a customer is what the customer pays, not what the business keeps. It is called revenue CLV here. Do not compare it with acquisition costs.
    .remedy = State the margin, for example --margin 35%.
warning-margin_not_positive = The margin is { PERCENT($rate, 1) }
    .text = At this margin no order earns anything, so more orders make the value smaller, not larger.
    .remedy = Check the margin. If it is right, the prices or the costs are the question, not the customers.
warning-horizon_exceeds_history = The horizon is longer than the history
    .text = The value looks { COUNT($horizon_days) } days ahead, but only { COUNT($history_days) } days have been observed. What happens beyond that is extrapolated.
    .remedy = Choose a horizon of at most { COUNT($history_days) } days, or supply older orders.
warning-too_few_customers = Only { COUNT($customers) } { $customers ->
        [one] customer
       *[other] customers
    }
    .text = With fewer than { COUNT($recommended) } customers the parameters are uncertain; the intervals show by how much.
    .remedy = Read totals rather than single customers, and value again when there are more.
warning-short_history = Only { COUNT($history_days) } days of history
    .text = Fewer than { COUNT($recommended_days) } days show too little of how customers come back and how they leave.
    .remedy = Supply older orders, or value again when the history is longer.
warning-no_frequent_customers = Hardly anybody comes back often
    .text = No customer has more than { COUNT($most_transactions) } { $most_transactions ->
        [one] purchase
       *[other] purchases
    }; at least one with { COUNT($recommended) } is recommended.
    .remedy = Check that one person’s purchases carry the same customer id. If so, value again when there are more.
warning-only_one_time_buyers = Nobody has come back
    .text = Each of the { COUNT($customers) } customers bought once. Neither a lifetime nor churn nor a prediction can be had from that.
    .remedy = Check that one person’s purchases carry the same customer id, for example the e-mail address instead of the order’s number.
warning-stale_data = The data is { COUNT($days) } days old
    .text = The value is as of { DATE($as_of) }; today is { DATE($today) }. Customers have bought and left since.
    .remedy = Export the orders again.
warning-as_of_in_future = The as-of date lies in the future
    .text = { DATE($as_of) } is after today, { DATE($today) }. The days between, from which no orders can be there yet, look like silence.
    .remedy = Choose an as-of date of today or earlier.
warning-no_recent_orders = No order for { COUNT($days) } days
    .text = The last order is of { DATE($last_day) }, the as-of date is { DATE($as_of) }. If the data ends there, the silence since is taken for customers who have left.
    .remedy = Set the as-of date to the last complete day of the data: --as-of { $last_day }.
warning-concentrated_value = A tenth of the customers holds { PERCENT($share) } of the value
    .text = The total depends on few customers; an average customer hardly exists.
    .remedy = Look at the most valuable customers one by one, and plan for the rest by their own figures.
warning-dominant_customer = One customer holds { PERCENT($share) } of the value
    .text = The total rises and falls with a single customer, whom no model can predict.
    .remedy = Check that this id is one customer and not a collective account. Plan for this customer separately.
warning-few_hold_the_future = { $customers ->
        [one] One customer holds half of the predicted value
       *[other] { COUNT($customers) } customers hold half of the predicted value
    }
    .text = What is to come depends on a handful of customers; the total is less certain than with many.
    .remedy = Speak with these customers, and read the total’s interval rather than its middle.
warning-transaction_model_not_fitted = There is no prediction
    .text = No model of the purchases could be fitted: { $why } The figures show what has been.
    .remedy = Use the simple methods below until there is more history.
warning-spend_model_not_fitted = Future orders are valued at the mean of all
    .text = What each customer will spend could not be modelled: { $why } So every future order counts as much as the mean order of all customers.
    .remedy = Trust the predicted orders more than their value; look for a few customers or orders that are far larger than the rest, and value them apart.
warning-fit_at_edge = { MODEL($model) }: parameters ran to the edge
    .text = { $parameters } grew without bound while the likelihood levelled off. The predictions are usable; these parameters’ own values and standard errors mean little.
    .remedy = No need to act. Another model may describe the customers as well with fewer parameters.
warning-search_stalled = { MODEL($model) }: the search stopped early
    .text = The search for the best parameters ended before it reached a maximum, so the predictions may be off.
    .remedy = Compare with another model (--model), and look for broken rows in the data.
warning-spend_depends_on_frequency = { $direction ->
        [more] Frequent buyers spend more per order
       *[less] Frequent buyers spend less per order
    }
    .text = The number of orders and the spend per order go together (correlation { DECIMAL($correlation, 2) }). The spend model assumes that they do not, so the value of frequent buyers is biased.
    .remedy = Read the values of very frequent and of rare buyers with care, or value groups such as trade and private customers apart.
warning-rows_refused = { PERCENT($share, 1) } of the rows could not be used
    .text = { COUNT($refused) } of { COUNT($read) } rows were refused. If they are not random, the values are wrong by what is in them.
    .remedy = See the reasons under data quality, and mend the source or the choice of columns.
warning-high_refunds = { PERCENT($share, 1) } of what is sold comes back
    .text = Refunds lower the value noticeably. What is refunded after the as-of date is not known yet, so the newest orders look better than they are.
    .remedy = Look for products or channels with many returns.
warning-season = The orders have a season: { $strongest_month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[other] December
    } is the strongest month
    .text = In that month there are { DECIMAL($strongest, 2) } times as many repeat orders as on the average of the year, in { $weakest_month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[other] December
    } { DECIMAL($weakest, 2) } times. The models know no season: a forecast over part of a year is off by it, and an as-of date just after the strong months looks too good.
    .remedy = Take a horizon of whole years, and compare valuations of the same month of the year.
warning-trend = The base level of the orders { $direction ->
        [up] rises by { PERCENT($off) } a year
       *[down] falls by { PERCENT($off) } a year
    } against the model
    .text = Customers of the same age and history order { $direction ->
        [up] more
       *[down] less
    } from year to year. The models take the level to be the same for ever, so the forecast is likely too { $direction ->
        [up] low
       *[down] high
    }.
    .remedy = Value on the more recent history alone, and look at the tracking chart.
warning-hold_out_bias = { $figure ->
        [orders] The hold-out’s orders were missed by { PERCENT($off) }
       *[other] The hold-out’s revenue was missed by { PERCENT($off) }
    }
    .text = Judged on time that the model had not seen, { $figure ->
        [orders] { COUNT($predicted) } orders were expected and { COUNT($actual) } came
       *[other] { MONEY($predicted, $currency) } was expected and { MONEY($actual, $currency) } came
    }. The prediction of the future may be off by as much.
    .remedy = Look at the tracking chart for a season, a campaign or a break that the model cannot know, and choose the history accordingly.
warning-interval_coverage = { $figure ->
        [orders] The intervals of the orders hold { PERCENT($coverage) } instead of { PERCENT($level) }
       *[other] The intervals of the value hold { PERCENT($coverage) } instead of { PERCENT($level) }
    }
    .text = On the hold-out that share of the customers fell into their interval. { $direction ->
        [narrow] The intervals are too narrow.
       *[wide] The intervals are on the safe side; where they hold few whole orders they cannot help it.
    }
    .remedy = Read single customers’ intervals with this in mind; totals are less affected.

# Why a model could not be fitted; ends a sentence.
why-too_few_repeat_customers = { COUNT($repeat_customers) } { $repeat_customers ->
        [one] customer has
       *[other] customers have
    } come back, { COUNT($needed) } are needed.
why-no_mean_spend = the amounts spread so far that no mean spend exists (Gamma-Gamma with q = { DECIMAL($q, 2) }, which must exceed 1).
why-invalid_spend = a customer’s mean spend is not a positive number.
why-other = { $message }.
why-not_finite = the likelihood of { MODEL($model) } is not finite for these histories.
