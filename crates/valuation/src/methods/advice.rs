//! Which methods a data set supports, and why not the others.

use super::{Activity, Method, MethodValue, Reason};
use crate::figures::Base;

/// The least number of customers whose return is watched for a rate of churn: at a churn of one half, its standard error is
/// then 5 percentage points.
const MINIMUM_ACTIVE: u64 = 100;

/// The least history for churn, in days: what Klaviyo asks for before it shows predictions.
const MINIMUM_HISTORY_DAYS: f64 = 180.0;

/// The number of customers that Klaviyo asks for before it shows predictions.
pub(crate) const RECOMMENDED_CUSTOMERS: u64 = 500;

/// From the method that says most of the future to the one that only looks back. Method 2 comes before method 3 because
/// it takes what customers really spent, where method 3 multiplies three averages.
const PREFERENCE: [Method; 4] =
    [Method::Predictive, Method::RevenueOverChurn, Method::RetentionTime, Method::LifetimeValue];

impl Reason {
    /// True when the reason speaks against the method, false when it is a note on how to read it.
    #[must_use]
    pub const fn is_obstacle(&self) -> bool {
        match self {
            Self::NoCustomers
            | Self::NoAmounts
            | Self::OnlyOneTimeBuyers { .. }
            | Self::HistoryTooShort { .. }
            | Self::PeriodShorterThanInterval { .. }
            | Self::NobodyActive { .. }
            | Self::TooFewActive { .. }
            | Self::NoChurn { .. }
            | Self::EverybodyLost { .. }
            | Self::InputOutOfRange { .. }
            | Self::NotFitted => true,
            Self::FewCustomers { .. }
            | Self::LooksBack { .. }
            | Self::WithoutMargin { .. }
            | Self::SameChurnForAll { .. }
            | Self::ActiveCustomersOnly { .. }
            | Self::PauseCountsAsChurn { .. }
            | Self::OnePointOfChurn { .. }
            | Self::WithinHorizon { .. } => false,
        }
    }
}

/// The supported method that says most.
pub(super) fn advised(methods: &[MethodValue]) -> Option<Method> {
    PREFERENCE.into_iter().find(|method| methods.iter().any(|m| m.method == *method && m.supported))
}

/// What speaks against any method, whatever its formula.
pub(super) fn common_obstacles(base: &Base) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if base.customers == 0 {
        reasons.push(Reason::NoCustomers);
    }
    if !base.has_amounts {
        reasons.push(Reason::NoAmounts);
    }
    reasons
}

/// What speaks against a churn that can be computed; `history_days` are the days observed.
pub(super) fn churn_obstacles(base: &Base, activity: &Activity, history_days: f64) -> Vec<Reason> {
    let Activity { period_days, active, lost, .. } = *activity;
    let mut reasons = Vec::new();
    let needed_days = (2.0 * period_days).max(MINIMUM_HISTORY_DAYS);
    if history_days < needed_days {
        reasons.push(Reason::HistoryTooShort { history_days, needed_days });
    }
    if (1..MINIMUM_ACTIVE).contains(&active) {
        reasons.push(Reason::TooFewActive { active, needed: MINIMUM_ACTIVE });
    }
    if active > 0 && lost == active {
        reasons.push(Reason::EverybodyLost { active });
    }
    if let Some(interval_days) = base.mean_interval_days()
        && interval_days > period_days
    {
        reasons.push(Reason::PeriodShorterThanInterval { period_days, interval_days });
    }
    reasons
}
