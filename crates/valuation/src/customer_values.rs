//! The last relational step: scores joined back to customers, under the names of the outputs.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};

use crate::columns::{dates, f64s, i64s, optional, texts};
use crate::figures::CUSTOMER_COLUMNS;
use crate::history::Detail;
use crate::spend_scale::amount_sql;
use crate::valuation::CustomerValue;
use crate::{Definitions, Error, day, summary};

/// The table with the figures of every customer, columns [`CUSTOMER_COLUMNS`].
pub const CUSTOMER_VALUES: &str = "customer_values";

/// A customer who is more likely gone than active has no expected date of the next order.
const LEAST_ALIVE: f64 = 0.5;
/// Orders further away than this have no expected date.
const FURTHEST_ORDER_DAYS: f64 = 3652.5;

/// Registers [`CUSTOMER_VALUES`] as a view over the summary and, where there are any, the scores.
///
/// `value_factor` turns expected spend into value (margin x (1 - refund share)); without it there is no predicted value.
pub(crate) fn register(
    session: &Session,
    reading: &Reading,
    definitions: &Definitions,
    tables: (&str, Option<&str>),
    detail: Detail,
    value_factor: Option<f64>,
) -> Result<(), Error> {
    let (summary, scores) = tables;
    let scale = summary::scale(reading);
    // Divided by the scale, and by nothing else, an amount is the nearest number to the exact one.
    let money = reading.has_amounts.then(|| match definitions.margin.rate() {
        1.0 => format!("CAST(spend - refunds AS DOUBLE) / {scale:e}"),
        rate => format!("CAST(spend - refunds AS DOUBLE) / {scale:e} * {rate:e}"),
    });
    let historic = money.clone().unwrap_or_else(|| "CAST(NULL AS DOUBLE)".to_owned());
    let order_value = money.map_or("CAST(NULL AS DOUBLE)".to_owned(), |_| {
        format!("CAST(spend AS DOUBLE) / {:e} / transactions", summary::scale(reading))
    });
    let inner = format!(
        "SELECT customer, transactions, first_day, last_day, spend, refunds, {} FROM {summary}",
        detail.history_columns(definitions.as_of)
    );
    let predicted =
        Predicted::new(scores.is_some(), value_factor, summary::scale(reading), definitions.as_of, detail);
    let join = scores
        .map_or(String::new(), |scores| format!(" LEFT JOIN {scores} AS s ON {}", detail.join("h", "s")));
    let sql = format!(
        "SELECT customer AS customer_id, CAST(first_day AS DATE) AS first_order_at, CAST(last_day AS DATE) AS last_order_at, \
                transactions AS historic_number_of_orders, {order_value} AS average_order_value, \
                CASE WHEN h.frequency > 0 THEN CAST(h.recency AS DOUBLE) / h.frequency END AS average_days_between_orders, \
                {historic} AS historic_clv, {value} AS predicted_clv, {lower} AS predicted_clv_lower, \
                {upper} AS predicted_clv_upper, {historic} + {value} AS total_clv, {orders} \
         FROM ({inner}) AS h{join}",
        value = predicted.value,
        lower = predicted.lower,
        upper = predicted.upper,
        orders = predicted.orders,
    );
    Ok(session.view(CUSTOMER_VALUES, &sql)?)
}

/// The expressions of the predicted columns.
struct Predicted {
    value: String,
    lower: String,
    upper: String,
    orders: String,
}

impl Predicted {
    fn new(scored: bool, value_factor: Option<f64>, scale: f64, as_of: Date, detail: Detail) -> Self {
        let null = |type_name: &str| format!("CAST(NULL AS {type_name})");
        let amount = |column: &str, slope: &str| match value_factor.filter(|_| scored) {
            Some(factor) => format!("{factor:e} * ({})", amount_sql(column, slope, scale, detail)),
            None => null("DOUBLE"),
        };
        let orders = if scored {
            format!(
                "orders AS predicted_number_of_orders, orders_lower AS predicted_number_of_orders_lower, \
                 orders_upper AS predicted_number_of_orders_upper, probability_alive, churn_probability, \
                 CASE WHEN probability_alive >= {LEAST_ALIVE} AND days_to_next_order <= {FURTHEST_ORDER_DAYS} \
                 THEN CAST(CAST({} + round(days_to_next_order) AS INT) AS DATE) END AS expected_date_of_next_order",
                day::number(as_of)
            )
        } else {
            format!(
                "{d} AS predicted_number_of_orders, {d} AS predicted_number_of_orders_lower, \
                 {d} AS predicted_number_of_orders_upper, {d} AS probability_alive, {d} AS churn_probability, \
                 {} AS expected_date_of_next_order",
                null("DATE"),
                d = null("DOUBLE")
            )
        };
        // A margin below zero turns the interval round.
        let (lower, upper) = match value_factor {
            Some(factor) if factor < 0.0 => ("upper", "lower"),
            _ => ("lower", "upper"),
        };
        Self {
            value: amount("value", "value"),
            lower: amount(lower, "scale"),
            upper: amount(upper, "scale"),
            orders,
        }
    }
}

/// The figure that customers are ranked and their value's spread is shown by: the most complete one there is.
pub(crate) fn ranking_figure(
    has_amounts: bool,
    predicted_value: bool,
    predicted_orders: bool,
) -> &'static str {
    match (has_amounts, predicted_value, predicted_orders) {
        (true, true, _) => "total_clv",
        (true, false, _) => "historic_clv",
        (false, _, true) => "predicted_number_of_orders",
        (false, _, false) => "historic_number_of_orders",
    }
}

/// The values of one figure over all customers, in no order.
pub(crate) fn figure(session: &Session, column: &str) -> Result<Vec<f64>, Error> {
    let mut values = Vec::new();
    let sql = format!("SELECT CAST({column} AS DOUBLE) AS value FROM {CUSTOMER_VALUES}");
    session.for_each(&sql, |batch| {
        let column = f64s(&batch, "value")?;
        values.extend((0..batch.num_rows()).filter_map(|row| optional(&column, row)));
        Ok::<(), Error>(())
    })?;
    Ok(values)
}

/// The `count` customers with the highest `figure`.
pub(crate) fn top(session: &Session, figure: &str, count: usize) -> Result<Vec<CustomerValue>, Error> {
    let columns = CUSTOMER_COLUMNS.join(", ");
    let sql =
        format!("SELECT {columns} FROM {CUSTOMER_VALUES} ORDER BY {figure} DESC, customer_id LIMIT {count}");
    let mut top = Vec::new();
    for batch in session.query(&sql)? {
        let ids = texts(&batch, "customer_id")?;
        let float = |column: &str| f64s(&batch, column);
        let date = |column: &str| dates(&batch, column);
        let orders = i64s(&batch, "historic_number_of_orders")?;
        let (first, last, next) =
            (date("first_order_at")?, date("last_order_at")?, date("expected_date_of_next_order")?);
        let floats: Vec<_> = CUSTOMER_COLUMNS[4..16].iter().map(|c| float(c)).collect::<Result<_, _>>()?;
        for (row, customer_id) in ids.into_iter().enumerate() {
            let value = |index: usize| optional(&floats[index], row);
            top.push(CustomerValue {
                customer_id,
                first_order_at: day::date(first.value(row)),
                last_order_at: day::date(last.value(row)),
                historic_number_of_orders: u64::try_from(orders.value(row)).unwrap_or(0),
                average_order_value: value(0),
                average_days_between_orders: value(1),
                historic_clv: value(2),
                predicted_clv: value(3),
                predicted_clv_lower: value(4),
                predicted_clv_upper: value(5),
                total_clv: value(6),
                predicted_number_of_orders: value(7),
                predicted_number_of_orders_lower: value(8),
                predicted_number_of_orders_upper: value(9),
                probability_alive: value(10),
                churn_probability: value(11),
                expected_date_of_next_order: optional(&next, row).map(day::date),
            });
        }
    }
    Ok(top)
}
