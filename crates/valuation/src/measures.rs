//! Numbers that the classical methods and the warnings need, measured by SQL on the customers and their purchases.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};

use crate::columns::{i64s, optional};
use crate::figures::Base;
use crate::methods::Activity;
use crate::spending::Spend;
use crate::{Error, day, summary};

/// The longest period over which churn is measured, in days: a year, rounded.
const LONGEST_PERIOD: i32 = 365;

/// Who was active in the period before the last and what they did in the last; see [`Activity`].
pub(crate) fn activity(
    session: &Session,
    reading: &Reading,
    purchases: &str,
    base: &Base,
    as_of: Date,
) -> Result<Activity, Error> {
    let end = day::number(as_of);
    let period = ((end - day::number(base.first_day) + 1) / 2).clamp(1, LONGEST_PERIOD);
    let date = |days_ago: i32| day::date(end - days_ago);
    let (start, middle) = (date(2 * period), date(period));
    let sql = format!(
        "SELECT sum(before) AS active, sum(CASE WHEN before = 1 AND after = 0 THEN 1 ELSE 0 END) AS lost, \
                sum(CASE WHEN before = 1 THEN spend ELSE 0 END) AS revenue, \
                sum(CASE WHEN after > 0 THEN 1 ELSE 0 END) AS active_now, sum(after) AS transactions_now \
         FROM (SELECT customer, max(CASE WHEN day <= DATE '{middle}' THEN 1 ELSE 0 END) AS before, \
                      sum(CASE WHEN day > DATE '{middle}' THEN 1 ELSE 0 END) AS after, \
                      sum(CASE WHEN day > DATE '{middle}' THEN spend ELSE 0 END) AS spend \
               FROM {purchases} WHERE day > DATE '{start}' AND day <= DATE '{as_of}' GROUP BY customer) AS customers"
    );
    let batches = session.query(&sql)?;
    let batch = batches.first().ok_or(Error::NoOrders)?;
    // A sum over no rows is null.
    let number = |column: &str| Ok::<i64, Error>(optional(&i64s(batch, column)?, 0).unwrap_or(0));
    let count = |column: &str| Ok::<u64, Error>(u64::try_from(number(column)?).unwrap_or(0));
    Ok(Activity {
        period_days: f64::from(period),
        active: count("active")?,
        lost: count("lost")?,
        revenue: number("revenue")? as f64 / summary::scale(reading),
        active_now: count("active_now")?,
        transactions_now: count("transactions_now")?,
    })
}

/// The correlation over repeat customers between the number of repeat transactions with spend and their mean value; the
/// spend model assumes that there is none. `None` where it is not defined.
pub(crate) fn spend_frequency_correlation(spends: &[Spend]) -> Option<f64> {
    let customers: f64 = spends.iter().map(|s| s.customers).sum();
    let mean = |value: &dyn Fn(&Spend) -> f64| {
        spends.iter().map(|s| s.customers * value(s)).sum::<f64>() / customers
    };
    let (count, spend) = (mean(&|s| f64::from(s.history.transactions())), mean(&|s| s.history.mean()));
    let product = |a: &dyn Fn(&Spend) -> f64, b: &dyn Fn(&Spend) -> f64| mean(&|s| a(s) * b(s));
    let x = |s: &Spend| f64::from(s.history.transactions()) - count;
    let y = |s: &Spend| s.history.mean() - spend;
    let correlation = product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt();
    correlation.is_finite().then_some(correlation)
}

/// What came back of the orders that count: the refunds that belong to them and those of no single order, over the orders'
/// value before refunds. Orders refunded in full count as none, so they are not in it.
pub(crate) fn refunded_share(
    session: &Session,
    reading: &Reading,
    purchases: &str,
    base: &Base,
    as_of: Date,
) -> Result<Option<f64>, Error> {
    let sql =
        format!("SELECT coalesce(sum(refunded), 0) AS refunded FROM {purchases} WHERE day <= DATE '{as_of}'");
    let linked = session.query(&sql)?.first().map(|batch| i64s(batch, "refunded")).transpose()?;
    let linked = linked.map_or(0, |a| a.value(0)) as f64 / summary::scale(reading);
    let gross = base.order_value + linked;
    Ok((gross > 0.0).then(|| (linked + base.unlinked_refunds) / gross))
}

/// The largest value's share of the sum.
pub(crate) fn largest_share(values: &[f64]) -> Option<f64> {
    let sum: f64 = values.iter().sum();
    let largest = values.iter().copied().max_by(f64::total_cmp)?;
    (sum > 0.0).then_some(largest / sum)
}

#[cfg(test)]
mod tests {
    use perennial_models::SpendHistory;

    use super::*;

    #[test]
    fn correlation_counts_customers() {
        let spend = |transactions, mean, customers| Spend {
            history: SpendHistory::new(transactions, mean).expect("spend"),
            customers,
        };
        // Two customers at (1, 10), one each at (2, 10) and (3, 40).
        let found =
            spend_frequency_correlation(&[spend(1, 10.0, 2.0), spend(2, 10.0, 1.0), spend(3, 40.0, 1.0)]);
        let by_hand = {
            // Deviations from the means 1.75 and 17.5.
            let covariance = (2.0 * 0.75 * 7.5 - 0.25 * 7.5 + 1.25 * 22.5) / 4.0;
            let variances: (f64, f64) =
                ((2.0 * 0.5625 + 0.0625 + 1.5625) / 4.0, (3.0 * 56.25 + 506.25) / 4.0);
            covariance / (variances.0 * variances.1).sqrt()
        };
        assert!((found.expect("it is defined") - by_hand).abs() < 1e-12);
        assert_eq!(spend_frequency_correlation(&[spend(2, 5.0, 9.0)]), None);
        assert_eq!(spend_frequency_correlation(&[]), None);
    }

    #[test]
    fn the_largest_share_is_of_the_sum() {
        assert_eq!(largest_share(&[1.0, 3.0]), Some(0.75));
        assert_eq!(largest_share(&[]), None);
        assert_eq!(largest_share(&[0.0]), None);
    }
}
