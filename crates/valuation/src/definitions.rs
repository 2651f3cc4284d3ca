//! What is stated about a valuation before any number: date, horizon, discount, margin, currency, time zone.

use jiff::civil::Date;
use perennial_models::TimeUnit;
use serde::{Deserialize, Serialize};

/// The definitions under which a valuation is made; every figure of it is read under them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definitions {
    /// The last business day whose orders are known.
    pub as_of: Date,
    /// The days after `as_of` within which orders count for the predicted value.
    pub horizon_days: f64,
    /// The annual discount rate d: value at t years counts 1 / (1 + d)^t.
    pub discount: f64,
    /// Which part of the revenue is value.
    pub margin: Margin,
    /// The ISO 4217 code of all amounts; `None` when the source names none.
    pub currency: Option<String>,
    /// The IANA name of the zone in which a business day begins and ends.
    pub time_zone: String,
    /// The unit in which the models count time.
    pub unit: TimeUnit,
    /// The probability that an interval is meant to hold, 0.8 by default.
    pub level: f64,
}

/// The parts of a year into which the horizon is cut for discounting, as a number of days.
const PERIOD_DAYS: f64 = 30.4375;

impl Definitions {
    /// The periods of the horizon in days after the as-of date, each `(end, discount factor)`.
    ///
    /// The horizon is cut into equal periods of about a month; the orders of a period are taken to fall, and are
    /// discounted to, its middle.
    #[must_use]
    pub fn periods(&self) -> Vec<(f64, f64)> {
        let count = (self.horizon_days / PERIOD_DAYS).round().clamp(1.0, 1200.0);
        let length = self.horizon_days / count;
        (1..=count as u32)
            .map(|k| {
                let end = length * f64::from(k);
                (end, self.discount_factor(end - length / 2.0))
            })
            .collect()
    }

    /// 1 / (1 + d)^t for a time of `days` from now.
    #[must_use]
    pub fn discount_factor(&self, days: f64) -> f64 {
        (1.0 + self.discount).powf(-days / TimeUnit::Year.days())
    }

    /// The horizon in the models' time unit.
    #[must_use]
    pub fn horizon(&self) -> f64 {
        self.horizon_days / self.unit.days()
    }
}

/// Which part of the revenue counts as value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "rate")]
pub enum Margin {
    /// Costs are not known: the value is revenue, and is called so.
    Revenue,
    /// A share of the revenue, given by the user, less [`crate::OtherCosts`].
    Given(f64),
    /// A share of the revenue, measured from the costs in the data: 1 - costs / revenue, less [`crate::OtherCosts`].
    Measured(f64),
}

impl Margin {
    /// The factor from revenue to value.
    #[must_use]
    pub const fn rate(self) -> f64 {
        match self {
            Self::Revenue => 1.0,
            Self::Given(rate) | Self::Measured(rate) => rate,
        }
    }
}
