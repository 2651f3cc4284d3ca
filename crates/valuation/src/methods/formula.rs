//! The textbook formulas of customer lifetime value, from inputs that carry their period.
//!
//! | method | formula | unit check |
//! |---|---|---|
//! | [`lifetime_value`] | lifetime x (order value x frequency) | time x money / time |
//! | [`revenue_over_churn`] | revenue per period x margin / churn per period | (money / period) / (1 / period) |
//! | [`retention_time_value`] | order value x retention time x transactions per time x margin | money x time x 1 / time |
//!
//! A count or an amount per period may be converted to another period, since twice the time brings twice as much
//! ([`PerPeriod::per`]). Churn may not: 5 % a month are not 60 % a year. Revenue and churn of different periods are
//! therefore refused.
//!
//! The counting rule: a lifetime of n periods has n purchases, the first of them at its beginning, so that 200 a quarter
//! for five years are 20 x 200 = 4,000. Who counts a first purchase and 20 returns has 21 purchases and 4,200.

use serde::{Deserialize, Serialize};

/// A length of time, above zero and finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Period {
    days: f64,
}

impl Period {
    /// A year of 365.25 days.
    pub const YEAR: Self = Self { days: 365.25 };
    /// A quarter of a [`Period::YEAR`].
    pub const QUARTER: Self = Self { days: 91.3125 };
    /// A twelfth of a [`Period::YEAR`].
    pub const MONTH: Self = Self { days: 30.4375 };

    /// A length of `days`.
    ///
    /// # Errors
    /// When it is not above zero and finite.
    pub fn from_days(days: f64) -> Result<Self, FormulaError> {
        if days > 0.0 && days.is_finite() { Ok(Self { days }) } else { Err(FormulaError::Period { days }) }
    }

    /// This length `factor` times.
    ///
    /// # Errors
    /// When that is not above zero and finite.
    pub fn times(self, factor: f64) -> Result<Self, FormulaError> {
        Self::from_days(self.days * factor)
    }

    /// The length in days.
    #[must_use]
    pub const fn days(self) -> f64 {
        self.days
    }

    /// The length in years of 365.25 days.
    #[must_use]
    pub fn years(self) -> f64 {
        self.days / Self::YEAR.days
    }
}

/// A count or an amount of money per customer and period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PerPeriod {
    amount: f64,
    period: Period,
}

impl PerPeriod {
    /// `amount` in each `period`.
    ///
    /// # Errors
    /// When the amount is not finite; it may be negative where refunds exceed sales.
    pub fn new(amount: f64, period: Period) -> Result<Self, FormulaError> {
        if amount.is_finite() { Ok(Self { amount, period }) } else { Err(FormulaError::Amount { amount }) }
    }

    /// The amount in each of another period: proportional to its length.
    #[must_use]
    pub fn per(self, period: Period) -> f64 {
        if period == self.period { self.amount } else { self.amount * (period.days / self.period.days) }
    }
}

/// The share of customers lost in a period, above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Churn {
    share: f64,
    period: Period,
}

impl Churn {
    /// A `share` lost in each `period`.
    ///
    /// # Errors
    /// [`FormulaError::NoChurn`] at zero, where the formulas would divide by zero; [`FormulaError::Churn`] for anything
    /// else that is no share.
    pub fn new(share: f64, period: Period) -> Result<Self, FormulaError> {
        if share == 0.0 {
            Err(FormulaError::NoChurn)
        } else if share > 0.0 && share <= 1.0 {
            Ok(Self { share, period })
        } else {
            Err(FormulaError::Churn { share })
        }
    }

    /// The share lost in each period.
    #[must_use]
    pub const fn share(self) -> f64 {
        self.share
    }

    /// The period.
    #[must_use]
    pub const fn period(self) -> Period {
        self.period
    }

    /// The time for which a customer stays on average: period / churn.
    ///
    /// It is the mean of a geometric lifetime in which each period, the first included, is the last with probability
    /// churn.
    ///
    /// # Errors
    /// When churn is so small that the time is not finite.
    pub fn retention_time(self) -> Result<Period, FormulaError> {
        self.period.times(1.0 / self.share)
    }
}

/// Why a formula has no answer.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FormulaError {
    /// Not a length of time.
    #[error("a period of {days} days; it must be above zero and finite")]
    Period {
        /// The length given.
        days: f64,
    },
    /// Not an amount.
    #[error("an amount of {amount}; it must be finite")]
    Amount {
        /// The amount given.
        amount: f64,
    },
    /// Not a share.
    #[error("a churn of {share}; it must be above 0 and at most 1 per period")]
    Churn {
        /// The share given.
        share: f64,
    },
    /// Nobody is lost.
    #[error(
        "a churn of zero: customers who never leave have no finite lifetime value; take a longer period or a horizon"
    )]
    NoChurn,
    /// Revenue and churn of different periods.
    #[error(
        "revenue per {revenue_days} days and churn per {churn_days} days: both must be measured over the same period"
    )]
    MixedPeriods {
        /// The days of the revenue's period.
        revenue_days: f64,
        /// The days of the churn's period.
        churn_days: f64,
    },
}

/// Customer value = order value x frequency: revenue per customer and period.
///
/// # Errors
/// When the product is not finite.
pub fn customer_value(order_value: f64, frequency: PerPeriod) -> Result<PerPeriod, FormulaError> {
    PerPeriod::new(order_value * frequency.amount, frequency.period)
}

/// Method 1: average lifetime x customer value, as revenue.
///
/// # Errors
/// When the product is not finite.
pub fn lifetime_value(lifetime: Period, customer_value: PerPeriod) -> Result<f64, FormulaError> {
    finite(customer_value.per(lifetime))
}

/// Method 2: (revenue per customer and period x margin) / churn in the same period.
///
/// It is the sum over periods k = 0, 1, ... of revenue x margin x (1 - churn)^k: no discount, no end.
///
/// # Errors
/// When revenue and churn are of different periods, or the value is not finite.
pub fn revenue_over_churn(revenue: PerPeriod, margin: f64, churn: Churn) -> Result<f64, FormulaError> {
    if revenue.period != churn.period {
        return Err(FormulaError::MixedPeriods {
            revenue_days: revenue.period.days,
            churn_days: churn.period.days,
        });
    }
    finite(revenue.amount * margin / churn.share)
}

/// Method 3: order value x retention time x transactions per retention time's unit x margin.
///
/// # Errors
/// When the product is not finite.
pub fn retention_time_value(
    order_value: f64,
    retention_time: Period,
    transactions: PerPeriod,
    margin: f64,
) -> Result<f64, FormulaError> {
    finite(order_value * transactions.per(retention_time) * margin)
}

/// Method 4: what has been earned and what is predicted, of all customers, per customer.
///
/// # Errors
/// When it is not finite, as with no customers.
pub fn predictive_value(historic: f64, predicted: f64, customers: u64) -> Result<f64, FormulaError> {
    finite((historic + predicted) / customers as f64)
}

fn finite(amount: f64) -> Result<f64, FormulaError> {
    if amount.is_finite() { Ok(amount) } else { Err(FormulaError::Amount { amount }) }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the expected numbers are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quarterly(amount: f64) -> PerPeriod {
        PerPeriod::new(amount, Period::QUARTER).unwrap()
    }

    /// 200 per quarter for five years, computed by each formula: a churn of 1/20 per quarter is a retention time of
    /// five years.
    #[test]
    fn the_textbook_customer_is_worth_4000_by_every_formula() {
        let five_years = Period::YEAR.times(5.0).unwrap();
        let value = customer_value(200.0, quarterly(1.0)).unwrap();
        assert_eq!(lifetime_value(five_years, value), Ok(4000.0));

        let churn = Churn::new(0.05, Period::QUARTER).unwrap();
        assert_eq!(revenue_over_churn(quarterly(200.0), 1.0, churn), Ok(4000.0));

        let stays = churn.retention_time().unwrap();
        assert_eq!(stays.years(), 5.0);
        assert_eq!(retention_time_value(200.0, stays, quarterly(1.0), 1.0), Ok(4000.0));
        assert_eq!(
            retention_time_value(200.0, stays, PerPeriod::new(4.0, Period::YEAR).unwrap(), 1.0),
            Ok(4000.0)
        );

        assert_eq!(predictive_value(3.0 * 1000.0, 3.0 * 3000.0, 3), Ok(4000.0));
    }

    #[test]
    fn margin_scales_the_value() {
        let churn = Churn::new(0.05, Period::QUARTER).unwrap();
        assert_eq!(revenue_over_churn(quarterly(200.0), 0.25, churn), Ok(1000.0));
        let stays = churn.retention_time().unwrap();
        assert_eq!(retention_time_value(200.0, stays, quarterly(1.0), 0.25), Ok(1000.0));
    }

    #[test]
    fn revenue_and_churn_of_different_periods_are_refused() {
        let error =
            revenue_over_churn(quarterly(200.0), 1.0, Churn::new(0.05, Period::MONTH).unwrap()).unwrap_err();
        assert_eq!(error, FormulaError::MixedPeriods { revenue_days: 91.3125, churn_days: 30.4375 });
        assert_eq!(
            error.to_string(),
            "revenue per 91.3125 days and churn per 30.4375 days: both must be measured over the same period"
        );
    }

    #[test]
    fn nothing_is_divided_by_a_churn_of_zero() {
        assert_eq!(Churn::new(0.0, Period::YEAR), Err(FormulaError::NoChurn));
        assert_eq!(Churn::new(-0.0, Period::YEAR), Err(FormulaError::NoChurn));
    }

    #[test]
    fn what_is_no_share_no_period_or_no_amount_is_refused() {
        for share in [-0.1, 1.1, f64::INFINITY] {
            assert_eq!(Churn::new(share, Period::YEAR), Err(FormulaError::Churn { share }));
        }
        assert!(matches!(Churn::new(f64::NAN, Period::YEAR), Err(FormulaError::Churn { .. })));
        for days in [0.0, -1.0, f64::INFINITY] {
            assert_eq!(Period::from_days(days), Err(FormulaError::Period { days }));
        }
        assert!(matches!(PerPeriod::new(f64::NAN, Period::YEAR), Err(FormulaError::Amount { .. })));
        assert!(predictive_value(0.0, 0.0, 0).is_err());
    }

    proptest! {
        /// Revenue over churn is the sum of the geometric series that it stands for.
        #[test]
        fn revenue_over_churn_is_an_endless_sum(amount in -1e4..1e4, share in 0.05..1.0) {
            let churn = Churn::new(share, Period::MONTH).unwrap();
            let value = revenue_over_churn(PerPeriod::new(amount, Period::MONTH).unwrap(), 0.3, churn).unwrap();
            let sum: f64 = (0..1000).map(|k| amount * 0.3 * (1.0 - share).powi(k)).sum();
            prop_assert!((value - sum).abs() <= 1e-9 * value.abs().max(1.0));
        }

        /// The unit of the frequency does not matter to the lifetime value.
        #[test]
        fn periods_convert(order_value in 0.0..1e4, per_year in 0.1..100.0, years in 0.1..50.0) {
            let lifetime = Period::YEAR.times(years).unwrap();
            let yearly = customer_value(order_value, PerPeriod::new(per_year, Period::YEAR).unwrap()).unwrap();
            let monthly = customer_value(order_value, PerPeriod::new(per_year / 12.0, Period::MONTH).unwrap()).unwrap();
            let (a, b) = (lifetime_value(lifetime, yearly).unwrap(), lifetime_value(lifetime, monthly).unwrap());
            prop_assert!((a - b).abs() <= 1e-9 * a.max(1.0));
            prop_assert!((a - order_value * per_year * years).abs() <= 1e-9 * a.max(1.0));
        }

        /// Whatever is put in, an answer is finite or an error, never NaN or infinity.
        #[test]
        fn answers_are_finite(a in proptest::num::f64::ANY, b in proptest::num::f64::ANY, c in proptest::num::f64::ANY) {
            if let (Ok(churn), Ok(revenue)) = (Churn::new(a, Period::YEAR), PerPeriod::new(b, Period::YEAR)) {
                prop_assert!(revenue_over_churn(revenue, c, churn).map_or(true, f64::is_finite));
                if let Ok(stays) = churn.retention_time() {
                    prop_assert!(retention_time_value(c, stays, revenue, 1.0).map_or(true, f64::is_finite));
                    prop_assert!(lifetime_value(stays, revenue).map_or(true, f64::is_finite));
                }
            }
        }
    }
}
