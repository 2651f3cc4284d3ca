//! How far the canonical tables reach: transactions, customers, days.

use jiff::civil::Date;

use super::tables::first_integer;
use crate::error::Error;
use crate::session::Session;

pub(crate) struct Extent {
    /// The most that a customer spent on a day, in integer units.
    pub(crate) most_spend: i64,
    pub(crate) transactions: u64,
    pub(crate) customers: u64,
    pub(crate) first_day: Option<Date>,
    pub(crate) last_day: Option<Date>,
}

impl Extent {
    /// Looks it up in the session's tables; the customers only when they are not known.
    pub(crate) fn of(session: &Session, customers: Option<u64>) -> Result<Self, Error> {
        let integers = |sql: &str| -> Result<Vec<Option<i64>>, Error> {
            let batches = session.query(sql)?;
            let Some(batch) = batches.first() else { return Ok(Vec::new()) };
            Ok((0..batch.num_columns()).map(|column| first_integer(batch, column)).collect())
        };
        let get = |row: &[Option<i64>], column: usize| row.get(column).copied().flatten();
        let days =
            "cast(cast(min(day) as int) as bigint) as low, cast(cast(max(day) as int) as bigint) as high";
        let purchases = integers(&format!(
            "select count(*) as rows, {days}, max(spend + refunded) as most from purchases"
        ))?;
        let customers = if let Some(customers) = customers {
            customers
        } else {
            let sql = "select count(*) as rows from (select customer from purchases group by customer)";
            get(&integers(sql)?, 0).unwrap_or(0).unsigned_abs()
        };
        let refunds = integers(&format!("select count(*) as rows, {days} from refunds"))?;
        Ok(Self {
            transactions: get(&purchases, 0).unwrap_or(0).unsigned_abs(),
            customers,
            first_day: get(&purchases, 1).and_then(date),
            last_day: get(&purchases, 2).max(get(&refunds, 2)).and_then(date),
            most_spend: get(&purchases, 3).unwrap_or(0),
        })
    }
}

/// The calendar date of a day since 1970-01-01.
pub(crate) fn date(day: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}
