# The four methods, their inputs, why they are or are not supported, and what makes them differ.

method-lifetime_value = Lifetime × customer value
    .formula = average lifetime × order value × orders per year × margin
    .meaning = What an average customer has brought in over a lifetime that is taken to be over.
method-revenue_over_churn = Revenue ÷ churn
    .formula = (revenue per customer and period × margin) ÷ churn per period
    .meaning = A stream of equal payments from which the same share of customers drops out in each period, for ever.
method-retention_time = Retention time × orders
    .formula = order value × retention time × orders per year × margin
    .meaning = As many orders as fit into the time for which a customer stays on average.
method-predictive = Predictive
    .formula = historic value + expected value within the horizon
    .meaning = What each customer has been worth plus what a fitted model expects of each, then averaged.

input-average_lifetime = Average lifetime
    .value = { DECIMAL($value, 2) } years
input-average_order_value = Average order value
    .value = { $amount }
input-order_frequency = Orders per year of lifetime
    .value = { DECIMAL($value, 2) } per year
input-margin = Margin
    .value = { PERCENT($value, 1) }
input-revenue_per_period = Revenue per customer and period
    .value = { $amount }
input-period = Period
    .value = { COUNT($value) } days
input-churn = Churn per period
    .value = { PERCENT($value, 1) }
input-retention_time = Retention time
    .value = { DECIMAL($value, 2) } years
input-transactions_per_year = Orders per active customer and year
    .value = { DECIMAL($value, 2) } per year
input-historic_clv = Historic value per customer
    .value = { $amount }
input-predicted_clv = Predicted value per customer
    .value = { $amount }
input-horizon = Horizon
    .value = { COUNT($value) } days
input-discount = Discount rate
    .value = { PERCENT($value, 1) } per year

reason-no_customers = There is no customer.
reason-no_amounts = The data holds no amounts, so the formula has no money in it.
reason-only_one_time_buyers = Each of the { COUNT($customers) } customers bought once: there is neither an interval between orders nor a lifetime.
reason-history_too_short = The history of { COUNT($history_days) } days is too short; { COUNT($needed_days) } are needed.
reason-period_shorter_than_interval = Customers take { COUNT($interval_days) } days on average to come back, longer than the period of { COUNT($period_days) } days: a pause looks like churn.
reason-nobody_active = Nobody bought in the first period of { COUNT($period_days) } days, so there was nobody to lose.
reason-too_few_active = Only { COUNT($active) } { $active ->
        [one] customer was
       *[other] customers were
    } active in the first period; a rate of churn needs { COUNT($needed) }.
reason-no_churn = All { COUNT($active) } customers of the first period came back: nothing can be divided by a churn of zero.
reason-everybody_lost = None of the { COUNT($active) } customers of the first period came back: how long they stay cannot be told.
reason-input_out_of_range = The input “{ $input }” is not a number in its range.
reason-not_fitted = No model could be fitted; the warnings say why.
reason-few_customers = { COUNT($customers) } customers are fewer than the { COUNT($recommended) } recommended: the figure is uncertain.
reason-looks_back = Looks back: lifetime times frequency is the { DECIMAL($transactions_per_customer, 2) } orders per customer so far, as if every relationship were over.
reason-without_margin = The textbook formula knows no margin; without it the value is { MONEY($value, $currency) }.
reason-same_churn_for_all = Assumes the same churn of every customer, for ever and without discount: { DECIMAL($retention_years, 1) } years on average.
reason-active_customers_only = Is the value of a customer active now, { COUNT($active_now) } of { COUNT($customers) }, and looks at the future alone.
reason-pause_counts_as_churn = Without a contract, whoever pauses for { COUNT($period_days) } days counts as lost.
reason-one_point_of_churn = One point of churn less or more would make it { $lower } or { $higher }.
reason-within_horizon = Counts nothing beyond the horizon of { COUNT($horizon_days) } days.

difference-unlinked_refunds = Refunds of no single order ({ PERCENT($share, 1) } of the order value) lower what was earned
difference-future_orders = The relationship is not over: { DECIMAL($orders_per_customer, 2) } more orders per customer are expected within { COUNT($horizon_days) } days
difference-future_spend = Those who will order spend another amount than the average of the past
difference-spend_of_retained = Customers who stayed really spent { MONEY($measured, $currency) } per period, not { MONEY($assumed, $currency) }
difference-endless_sum = The endless sum stops at the horizon of { COUNT($horizon_days) } days, which holds { PERCENT($share, 1) } of it
difference-discounting = Later money is worth less: { PERCENT($discount, 1) } per year
difference-inactive_customers = Not all are active: { COUNT($active_now) } of { COUNT($customers) } customers bought in the last period
difference-heterogeneity = Each customer’s own chance to be active and own pace, instead of one churn for all
difference-history_earned = What has been earned already counts too
