# The figures, under the names of the output's columns: the name on the page, .meaning the definition.

figure-customer_id = Customer
    .meaning = The customer’s id as the source gives it.
figure-first_order_at = First order
    .meaning = The business day of the first transaction.
figure-last_order_at = Last order
    .meaning = The business day of the last transaction up to the as-of date.
figure-historic_number_of_orders = Orders so far
    .meaning = Transactions up to the as-of date. All orders of a customer on one business day count as one; cancelled and wholly refunded orders are none.
figure-average_order_value = Average order value
    .meaning = Revenue net of refunds per transaction, in currency. It is revenue, whatever the margin.
figure-average_days_between_orders = Days between orders
    .meaning = The days from the first to the last transaction divided by the repeat transactions; empty for customers with one transaction.
figure-historic_clv = { $basis ->
        [revenue] Historic revenue CLV
       *[margin] Historic CLV
    }
    .meaning = { $basis ->
        [revenue] What the customer has paid up to the as-of date, net of refunds.
       *[margin] What has been earned with the customer up to the as-of date: margin times revenue net of refunds.
    }
figure-predicted_clv = { $basis ->
        [revenue] Predicted revenue CLV
       *[margin] Predicted CLV
    }
    .meaning = { $basis ->
        [revenue] The revenue expected of the customer within the horizon, discounted to the as-of date.
       *[margin] The margin expected of the customer within the horizon, discounted to the as-of date.
    }
figure-predicted_clv_lower = Predicted CLV, lower end
    .meaning = The lower end of the predictive interval. It covers what is not known of the parameters and what is random in the customer’s own behaviour.
figure-predicted_clv_upper = Predicted CLV, upper end
    .meaning = The upper end of the predictive interval.
figure-total_clv = { $basis ->
        [revenue] Total revenue CLV
       *[margin] Total CLV
    }
    .meaning = Historic plus predicted. Acquisition cost is not taken off.
figure-predicted_number_of_orders = Orders expected
    .meaning = Transactions expected of the customer within the horizon.
figure-predicted_number_of_orders_lower = Orders expected, lower end
    .meaning = The lower end of the predictive interval of the orders.
figure-predicted_number_of_orders_upper = Orders expected, upper end
    .meaning = The upper end of the predictive interval of the orders.
figure-probability_alive = P(alive)
    .meaning = The probability that the customer is still active at the as-of date and may buy again, judged by frequency and recency.
figure-churn_probability = Churn probability
    .meaning = The probability of no purchase within the horizon.
figure-expected_date_of_next_order = Next order expected
    .meaning = The day by which the next transaction is expected, given that the customer is still active.
