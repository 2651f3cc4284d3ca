//! Orders seen period by period: whether each customer bought in each whole period, as the discrete-time model BG/BB sees them.
//!
//! Periods are those of the calendar (weeks from Monday, months, quarters, years): an opportunity to buy is "this month", not "days 31
//! to 60 since the first order". A customer's first period makes the customer; every whole period after it up to the last day is one
//! opportunity, and several purchases in it count once. A period that the last day cuts short is left out, with the customers
//! acquired in it.

use std::sync::Arc;

use jiff::Span;
use jiff::civil::{Date, Weekday};
use perennial_lake::arrow::array::{ArrayRef, Int32Array};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_lake::{Reading, Session};
use perennial_models::{BgBb, Fit, Opportunities, OpportunityBase};

use crate::columns::{i64s, u32s};
use crate::{Error, day};

/// The table `day, period` of the calendar.
const CALENDAR: &str = "calendar";

/// The length of an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// From Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months from January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// The number of the period of a day; successive periods have successive numbers.
    fn number(self, day: Date) -> i32 {
        let (year, month) = (i32::from(day.year()), i32::from(day.month()) - 1);
        match self {
            // Day 4 since 1970-01-01, a Thursday, was the first Monday.
            Self::Week => (day::number(day) - 4).div_euclid(7),
            Self::Month => year * 12 + month,
            Self::Quarter => year * 4 + month / 3,
            Self::Year => year,
        }
    }

    /// Whether a period ends with the day.
    fn ends_on(self, day: Date) -> bool {
        match self {
            Self::Week => day.weekday() == Weekday::Sunday,
            _ => day.checked_add(Span::new().days(1)).is_ok_and(|next| self.number(next) != self.number(day)),
        }
    }
}

/// The customers' opportunities up to a day.
#[derive(Debug, Clone)]
pub struct OpportunityHistory {
    /// The customers by what they did.
    pub base: OpportunityBase,
    /// Customers left out because they were acquired in a period that the last day cuts short.
    pub too_new: u64,
}

/// The opportunities of all customers up to `until`.
///
/// # Errors
/// When there are no orders in a whole period by then.
pub fn opportunities(
    session: &Session,
    reading: &Reading,
    period: Period,
    until: Date,
) -> Result<OpportunityHistory, Error> {
    let (first, end) = (day::number(reading.first_day), day::number(until.min(reading.last_day)));
    if end < first {
        return Err(Error::NoCustomers { until, first: reading.first_day, last: reading.last_day });
    }
    let days: Vec<i32> = (first..=end).collect();
    let periods: Int32Array = days.iter().map(|&n| Some(period.number(day::date(n)))).collect();
    let columns: Vec<(&str, ArrayRef)> =
        vec![("day", Arc::new(Int32Array::from(days))), ("period", Arc::new(periods))];
    session.register(CALENDAR, vec![RecordBatch::try_from_iter(columns)?])?;
    // Only a whole period is an opportunity: one may end with the last day asked for, or lie wholly before it.
    let last = period.number(until) - i32::from(!period.ends_on(until));
    let per_customer = format!(
        "SELECT count(DISTINCT period) - 1 AS frequency, max(period) - min(period) AS last_one, \
                {last} - min(period) AS opportunities \
         FROM (SELECT p.customer AS customer, c.period AS period FROM purchases AS p \
               JOIN {CALENDAR} AS c ON CAST(p.day AS INT) = c.day WHERE c.period <= {last}) AS bought \
         GROUP BY customer"
    );
    let sql = format!(
        "SELECT frequency, last_one, opportunities, count(*) AS customers FROM ({per_customer}) AS histories \
         GROUP BY frequency, last_one, opportunities ORDER BY opportunities, last_one, frequency"
    );
    let mut base = OpportunityBase::new();
    for batch in session.query(&sql)? {
        let (frequency, last_one) = (u32s(&batch, "frequency")?, u32s(&batch, "last_one")?);
        let (opportunities, customers) = (u32s(&batch, "opportunities")?, i64s(&batch, "customers")?);
        for row in 0..batch.num_rows() {
            let history =
                Opportunities::new(frequency.value(row), last_one.value(row), opportunities.value(row));
            if let Ok(history) = history {
                base.push(history, u64::try_from(customers.value(row)).unwrap_or(0));
            }
        }
    }
    let all = session
        .query(&format!("SELECT count(DISTINCT customer) AS n FROM purchases WHERE day <= DATE '{until}'"))?;
    let all = all.first().map(|batch| i64s(batch, "n")).transpose()?.map_or(0, |n| n.value(0));
    session.drop_table(CALENDAR)?;
    if base.customers() < 1.0 {
        return Err(Error::NoWholePeriod { until });
    }
    Ok(OpportunityHistory { too_new: u64::try_from(all).unwrap_or(0) - base.customers() as u64, base })
}

/// Fits BG/BB on the customers' opportunities.
///
/// # Errors
/// When there is too little data.
pub fn fit_bg_bb(history: &OpportunityHistory) -> Result<Fit<BgBb>, Error> {
    BgBb::fit(&history.base).map_err(|source| Error::Fit { model: "BG/BB", reason: source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_those_of_the_calendar() {
        let day = Date::constant;
        assert_eq!(Period::Week.number(day(2024, 1, 8)), Period::Week.number(day(2024, 1, 7)) + 1);
        assert_eq!(Period::Week.number(day(2024, 1, 8)), Period::Week.number(day(2024, 1, 14)));
        assert_eq!(Period::Month.number(day(2024, 1, 31)) + 1, Period::Month.number(day(2024, 2, 1)));
        assert_eq!(Period::Quarter.number(day(2023, 12, 31)) + 1, Period::Quarter.number(day(2024, 3, 31)));
        assert!(Period::Year.ends_on(day(2024, 12, 31)) && !Period::Year.ends_on(day(2024, 12, 30)));
        assert!(Period::Week.ends_on(day(2024, 1, 7)) && Period::Month.ends_on(day(2024, 2, 29)));
    }
}
