//! The relational half of a valuation: from purchases to one row per customer, and to the distinct histories.
//!
//! Everything here is standard SQL over the canonical tables `purchases(customer, day, spend, refunded)` and
//! `refunds(customer, day, amount)`, so that any SQL engine can run it. Days are numbers since 1970-01-01 and amounts
//! integers in units of 10^-scale of the currency.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};

use crate::columns::{i32s, i64s};
use crate::history::Detail;
use crate::spending::log_sql;
use crate::{Error, day, figures::Base};

/// The day and the spend of a transaction are packed into one integer, (day + [`DAY_OFFSET`]) x this + spend, whose
/// minimum over a customer's transactions yields the first transaction's spend without a second pass. The lake sees to it
/// that a day's spend fits.
const PACK: i64 = perennial_lake::SPEND_LIMIT;
/// Keeps packed days positive back to the year 1696.
const DAY_OFFSET: i64 = 100_000;

/// Registers the table `name`: one row per customer with a transaction up to `as_of`, with the columns
/// `customer, transactions, paid, first_day, last_day, spend, first_spend, refunds` and those of the detail.
///
/// Returns the name of the table of purchases as they stood on that day.
pub(crate) fn summarise(
    session: &Session,
    reading: &Reading,
    name: &str,
    as_of: Date,
    detail: Detail,
) -> Result<String, Error> {
    let purchases = purchases_as_of(session, reading, name, as_of)?;
    let logs = detail.logs.then(|| scale(reading));
    let sql = detail.summary_sql(&customers_sql(&purchases, as_of, logs), &purchases, as_of);
    let customers = session.materialise(name, &sql)?;
    if customers == 0 {
        return Err(Error::NoCustomers { until: as_of, first: reading.first_day, last: reading.last_day });
    }
    Ok(purchases)
}

/// The table of purchases as they stood on the day `as_of`: what was refunded later counts as bought. That is `purchases`
/// itself where no order of that time was refunded later, else a view whose name begins with `name`.
pub(crate) fn purchases_as_of(
    session: &Session,
    reading: &Reading,
    name: &str,
    as_of: Date,
) -> Result<String, Error> {
    let later = format!("FROM linked_refunds WHERE order_day <= DATE '{as_of}' AND day > DATE '{as_of}'");
    if count(session, &format!("SELECT count(*) AS n {later}"))? == 0 {
        return Ok("purchases".to_owned());
    }
    let (cost, no_cost) = if reading.has_costs { (", sum(cost) AS cost", ", 0 AS cost") } else { ("", "") };
    let own_cost = if reading.has_costs { ", cost" } else { "" };
    let view = format!("{name}_purchases");
    let sql = format!(
        "SELECT customer, day, sum(spend) AS spend, sum(refunded) AS refunded{cost} \
         FROM (SELECT customer, day, spend, refunded{own_cost} FROM purchases \
               UNION ALL SELECT customer, order_day AS day, amount AS spend, -amount AS refunded{no_cost} {later}) AS known \
         GROUP BY customer, day"
    );
    session.view(&view, &sql)?;
    Ok(view)
}

fn count(session: &Session, sql: &str) -> Result<i64, Error> {
    let batches = session.query(sql)?;
    Ok(batches.first().map(|batch| i64s(batch, "n")).transpose()?.map_or(0, |n| n.value(0)))
}

/// The query that makes one row per customer from the table `purchases`.
#[must_use]
pub fn summary_sql(purchases: &str, as_of: Date) -> String {
    customers_sql(purchases, as_of, None)
}

/// The same; with the scale of the amounts also `log_spend` and `log_squares`, the sums over repeat transactions with spend of the
/// logarithms of their values and of the squares of these (see [`log_sql`]).
fn customers_sql(purchases: &str, as_of: Date, logs: Option<f64>) -> String {
    let (mut own, mut sums, mut repeats) = (String::new(), "", String::new());
    if let Some(scale) = logs {
        let first = log_sql(&format!("(first_key % {PACK})"), scale);
        own = format!(", {} AS log_value", log_sql("spend", scale));
        sums = ", sum(log_value) AS log_sum, sum(log_value * log_value) AS square_sum";
        // The same function of the same amount: what is taken away is exactly what the first transaction added.
        repeats = format!(", log_sum - {first} AS log_spend, square_sum - {first} * {first} AS log_squares");
    }
    format!(
        "SELECT p.customer, transactions, paid, CAST(first_key / {PACK} - {DAY_OFFSET} AS INT) AS first_day, last_day, \
                spend, first_key % {PACK} AS first_spend, coalesce(r.amount, 0) AS refunds{repeats} \
         FROM (SELECT customer, count(*) AS transactions, max(day) AS last_day, sum(spend) AS spend, \
                      sum(paid) AS paid, min((day + {DAY_OFFSET}) * {PACK} + spend) AS first_key{sums} \
               FROM (SELECT customer, CAST(day AS INT) AS day, spend, CASE WHEN spend > 0 THEN 1 ELSE 0 END AS paid{own} \
                     FROM {purchases} WHERE day <= DATE '{as_of}') AS purchases \
               GROUP BY customer) AS p \
         LEFT JOIN (SELECT customer, sum(amount) AS amount FROM refunds WHERE day <= DATE '{as_of}' \
                    GROUP BY customer) AS r ON p.customer = r.customer"
    )
}

/// What the summary table `name` holds in all.
pub(crate) fn base(session: &Session, reading: &Reading, name: &str, as_of: Date) -> Result<Base, Error> {
    let sql = format!(
        "SELECT count(*) AS customers, sum(transactions) AS transactions, \
                sum(CASE WHEN transactions > 1 THEN 1 ELSE 0 END) AS repeat_customers, sum(paid) AS paid, \
                sum(spend) AS spend, sum(refunds) AS refunds, min(first_day) AS first_day, max(last_day) AS last_day, \
                sum(CAST(last_day - first_day AS BIGINT)) AS span, \
                sum(CAST({} - first_day AS BIGINT)) AS age FROM {name}",
        day::number(as_of)
    );
    let batches = session.query(&sql)?;
    let batch = batches.first().ok_or(Error::NoOrders)?;
    let number = |column: &str| i64s(batch, column).map(|a| a.value(0));
    let counted = |column: &str| number(column).map(|n| u64::try_from(n).unwrap_or(0));
    let scale = scale(reading);
    let all_refunds = count(
        session,
        &format!("SELECT coalesce(sum(amount), 0) AS n FROM refunds WHERE day <= DATE '{as_of}'"),
    )?;
    let (customers, transactions) = (counted("customers")?, counted("transactions")?);
    let (spend, refunds) = (number("spend")?, number("refunds")?);
    Ok(Base {
        customers,
        transactions,
        repeat_transactions: transactions - customers,
        repeat_customers: counted("repeat_customers")?,
        paid_transactions: counted("paid")?,
        order_value: spend as f64 / scale,
        unlinked_refunds: refunds as f64 / scale,
        orphan_refunds: (all_refunds - refunds) as f64 / scale,
        net_revenue: (spend - refunds) as f64 / scale,
        first_day: day::date(i32s(batch, "first_day")?.value(0)),
        last_day: day::date(i32s(batch, "last_day")?.value(0)),
        span_days: number("span")? as f64,
        age_days: number("age")? as f64,
        has_amounts: reading.has_amounts,
    })
}

/// The number of integer units of the amounts in one unit of the currency.
pub(crate) fn scale(reading: &Reading) -> f64 {
    10_f64.powi(i32::try_from(reading.scale).unwrap_or(0))
}
