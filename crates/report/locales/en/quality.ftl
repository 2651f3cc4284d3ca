# What became of the rows, how columns were read, which formats are known.

refusal-broken_row = The row does not have the structure of the file
refusal-no_customer = The row names no customer (a guest)
refusal-no_date = The row has no date
refusal-bad_date = The date cannot be read in its column’s form
refusal-future_date = The date lies in the future
refusal-bad_amount = An amount is missing or cannot be read in its column’s form
refusal-amount_too_large = The amount is too large for exact arithmetic
refusal-payment_failed = The payment failed, so nothing was bought
refusal-not_paid = The order is not paid (pending, authorised, draft or on hold)
refusal-missing_value = A value that the row needs is empty
refusal-bad_value = A value cannot be read

treatment-exact_duplicate = Rows equal to an earlier row of the same order: dropped
treatment-replaced_order = Orders that came again: the row read last counts
treatment-overlapping_file = Lines of orders that an earlier file already holds: dropped
treatment-other_source = Orders that an earlier source already holds: their copies are left out
treatment-repeated_line = Equal lines within one order: kept as the same article booked twice
treatment-equal_rows = Rows equal in customer, day and amount, without an order number: kept, purchases may be equal
treatment-cancelled_order = Cancelled orders: count as none
treatment-wholly_refunded_order = Orders refunded in full: count as none
treatment-linked_refund = Refunds: lower the order that they belong to
treatment-unlinked_refund = Refunds without a known order: lower the customer’s historic value on their date
treatment-zero_amount = Orders of amount zero: transactions without spend
treatment-zero_dropped = Orders of amount zero: dropped, as asked
treatment-rounded_amount = Amounts with more than six decimals: rounded to six
treatment-converted = Amounts converted with the given rate
treatment-blank_row = Rows without any content: passed over

format-shopify = Shopify orders export
format-stripe = Stripe payments export
format-woo_commerce = WooCommerce order export
format-online_retail = Online Retail lines
format-cdnow = CDNOW purchases
format-plain = a plain table of orders
format-canonical = orders mapped by SQL
format-several = several sources of orders

check-duplicates = Rows or orders that came again in the same source
check-duplicates_across_sources = Orders or refunds that an earlier source already holds
check-orphans = Lines or costs of orders that no source holds
check-unknown_customers = Customers with purchases who are missing in the table of customers
check-missing_costs = Orders without a known cost
check-unmatched_refunds = Refunds whose order is not known
check-refunds_above_order = Orders of which more was paid back than had been paid
check-assumed_date_order = Dates that may have the day or the month first, read in an order that was assumed
check-currency_mix = Rows in one of several currencies
check-gaps_in_time = Days without orders that chance does not explain
check-refused_rows = Rows that could not be used

change-new = new
change-worse = more than in the last run
change-same = as in the last run
change-better = less than in the last run
change-gone = no longer found

role-customer = Customer
role-date = Date
role-amount = Amount
role-order = Order number
role-quantity = Quantity
role-price = Price per piece
role-currency = Currency
role-refund = Refund
role-cost = Cost
role-status = Status
role-cancelled_at = Cancelled at
role-captured = Captured
