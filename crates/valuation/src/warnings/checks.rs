//! When each warning is given: the thresholds and the checks against them.

use jiff::civil::Date;

use super::{FitFailure, HoldOutFigure, Severity, Warning, WarningKind};
use crate::figures::{Base, BaseLevel, Season};
use crate::hold_out::{FitSummary, HoldOut};
use crate::{Definitions, Margin};

/// What Klaviyo asks for before it shows predictions: customers, days of history, days since the last order, and the orders
/// that at least one customer has.
const RECOMMENDED_CUSTOMERS: u64 = 500;
const RECOMMENDED_HISTORY_DAYS: f64 = 180.0;
const RECENT_DAYS: i64 = 30;
const RECOMMENDED_TRANSACTIONS: u64 = 3;

/// Below this many customers the totals are mostly chance.
const FEW_CUSTOMERS: u64 = 100;
/// A silence after which the data have most likely ended before the as-of date.
const LONG_SILENCE_DAYS: i64 = 180;
/// Shares of the value beyond which it hangs on few: of the top tenth, and of one customer.
const CONCENTRATED_SHARE: f64 = 0.6;
const DOMINANT_SHARE: f64 = 0.05;
const OVERWHELMING_SHARE: f64 = 0.25;
/// As many customers are a handful.
const HANDFUL: u64 = 10;
/// A correlation that a sample of some size does not show by chance; CDNOW, the Gamma-Gamma model's own example, has 0.1.
const STRONG_CORRELATION: f64 = 0.3;
const MANY_REFUSED: f64 = 0.05;
const MOST_REFUSED: f64 = 0.2;
const HIGH_REFUNDS: f64 = 0.2;
/// A change of the base level in a year that makes most of a prediction.
const STRONG_TREND: f64 = 0.5;
const OFF: f64 = 0.2;
/// So little expected is near nothing.
const FEW_EXPECTED: f64 = 5.0;
const FAR_OFF: f64 = 0.5;
/// How far an interval's coverage may be from its level.
const COVERAGE_OFF: f64 = 0.1;
const COVERAGE_FAR_OFF: f64 = 0.3;

/// The numbers that warnings are made from; a number that is not known is `None` and warns of nothing.
#[derive(Debug, Clone)]
pub struct WarningInputs<'a> {
    /// What is stated before any number.
    pub definitions: &'a Definitions,
    /// What was valued.
    pub base: &'a Base,
    /// The day of the valuation.
    pub today: Date,
    /// The most transactions that one customer has.
    pub most_transactions: u64,
    /// The share of the total value that the most valuable tenth of the customers holds.
    pub top_decile_share: Option<f64>,
    /// The share of the total value that the most valuable customer holds.
    pub top_customer_share: Option<f64>,
    /// The fewest customers that hold half of the predicted value.
    pub half_of_future_held_by: Option<u64>,
    /// Why no transaction model could be fitted.
    pub transaction_failure: Option<FitFailure>,
    /// Why no spend model could be fitted although there are amounts.
    pub spend_failure: Option<FitFailure>,
    /// The fits of the models behind the figures.
    pub fits: Vec<&'a FitSummary>,
    /// The correlation over repeat customers between number and mean value of the transactions.
    pub spend_frequency_correlation: Option<f64>,
    /// Rows of the source that were read.
    pub rows_read: u64,
    /// Rows that could not be used.
    pub rows_refused: u64,
    /// All refunds over the value of the orders before refunds.
    pub refunded_share: Option<f64>,
    /// How the base level of orders changes; `None` where it cannot be told.
    pub base_level: Option<BaseLevel>,
    /// The chosen model judged on a hold-out.
    pub hold_out: Option<&'a HoldOut>,
}

/// What to keep in mind of a valuation, worst first.
#[must_use]
pub fn warnings(inputs: &WarningInputs<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    money(inputs, &mut found);
    customers(inputs, &mut found);
    if inputs.base.customers > 0 {
        time(inputs, &mut found);
    }
    concentration(inputs, &mut found);
    models(inputs, &mut found);
    base_level(inputs, &mut found);
    data_quality(inputs, &mut found);
    if let Some(hold_out) = inputs.hold_out {
        judged(hold_out, inputs.definitions.level, &mut found);
    }
    let mut warnings: Vec<Warning> =
        found.into_iter().map(|(severity, kind)| Warning { severity, kind }).collect();
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
    warnings
}

type Found = Vec<(Severity, WarningKind)>;

/// `Severe` where it is bad, `Warning` otherwise.
const fn severe_if(bad: bool) -> Severity {
    if bad { Severity::Severe } else { Severity::Warning }
}

fn money(inputs: &WarningInputs<'_>, found: &mut Found) {
    if !inputs.base.has_amounts {
        found.push((Severity::Warning, WarningKind::NoAmounts));
        return;
    }
    match inputs.definitions.margin {
        Margin::Revenue => found.push((Severity::Warning, WarningKind::MarginUnknown)),
        Margin::Given(rate) | Margin::Measured(rate) if rate <= 0.0 => {
            found.push((Severity::Severe, WarningKind::MarginNotPositive { rate }));
        }
        Margin::Given(_) | Margin::Measured(_) => {}
    }
    if let Some(share) = inputs.refunded_share
        && share > HIGH_REFUNDS
    {
        found.push((Severity::Warning, WarningKind::HighRefunds { share }));
    }
}

fn customers(inputs: &WarningInputs<'_>, found: &mut Found) {
    let Base { customers, repeat_customers, .. } = *inputs.base;
    let most_transactions = inputs.most_transactions;
    if customers < RECOMMENDED_CUSTOMERS {
        let kind = WarningKind::TooFewCustomers { customers, recommended: RECOMMENDED_CUSTOMERS };
        found.push((severe_if(customers < FEW_CUSTOMERS), kind));
    }
    if customers > 0 && repeat_customers == 0 {
        found.push((Severity::Severe, WarningKind::OnlyOneTimeBuyers { customers }));
    } else if repeat_customers > 0 && most_transactions < RECOMMENDED_TRANSACTIONS {
        let kind =
            WarningKind::NoFrequentCustomers { most_transactions, recommended: RECOMMENDED_TRANSACTIONS };
        found.push((Severity::Warning, kind));
    }
}

fn time(inputs: &WarningInputs<'_>, found: &mut Found) {
    let Definitions { as_of, horizon_days, .. } = *inputs.definitions;
    let (today, last_day) = (inputs.today, inputs.base.last_day);
    let history_days = inputs.base.history_days(as_of);
    if horizon_days > history_days {
        let kind = WarningKind::HorizonExceedsHistory { horizon_days, history_days };
        found.push((severe_if(horizon_days > 2.0 * history_days), kind));
    }
    if history_days < RECOMMENDED_HISTORY_DAYS {
        let kind = WarningKind::ShortHistory { history_days, recommended_days: RECOMMENDED_HISTORY_DAYS };
        found.push((Severity::Warning, kind));
    }
    let days = days_between(last_day, as_of);
    if days > RECENT_DAYS {
        found.push((
            severe_if(days > LONG_SILENCE_DAYS),
            WarningKind::NoRecentOrders { last_day, as_of, days },
        ));
    }
    let days = days_between(as_of, today);
    if days > RECENT_DAYS {
        found.push((Severity::Warning, WarningKind::StaleData { as_of, today, days }));
    } else if days < 0 {
        found.push((Severity::Warning, WarningKind::AsOfInFuture { as_of, today }));
    }
}

fn concentration(inputs: &WarningInputs<'_>, found: &mut Found) {
    if let Some(share) = inputs.top_decile_share
        && share > CONCENTRATED_SHARE
    {
        found.push((Severity::Warning, WarningKind::ConcentratedValue { share }));
    }
    if let Some(share) = inputs.top_customer_share
        && share > DOMINANT_SHARE
    {
        found.push((severe_if(share > OVERWHELMING_SHARE), WarningKind::DominantCustomer { share }));
    }
    if let Some(customers) = inputs.half_of_future_held_by
        && customers <= HANDFUL
        && inputs.base.customers >= FEW_CUSTOMERS
    {
        found.push((Severity::Warning, WarningKind::FewHoldTheFuture { customers }));
    }
}

fn models(inputs: &WarningInputs<'_>, found: &mut Found) {
    if let Some(why) = inputs.transaction_failure.clone() {
        found.push((Severity::Severe, WarningKind::TransactionModelNotFitted { why }));
    }
    if let Some(why) = inputs.spend_failure.clone() {
        found.push((Severity::Warning, WarningKind::SpendModelNotFitted { why }));
    }
    for fit in &inputs.fits {
        let model = fit.model.clone();
        if !fit.edge.is_empty() {
            let parameters = fit.edge.clone();
            found.push((Severity::Warning, WarningKind::FitAtEdge { model, parameters }));
        } else if !fit.converged {
            found.push((Severity::Warning, WarningKind::SearchStalled { model }));
        }
    }
    if let Some(correlation) = inputs.spend_frequency_correlation
        && correlation.abs() > STRONG_CORRELATION
    {
        found.push((Severity::Warning, WarningKind::SpendDependsOnFrequency { correlation }));
    }
}

fn base_level(inputs: &WarningInputs<'_>, found: &mut Found) {
    let Some(level) = inputs.base_level else { return };
    if let Some(season) = level.season {
        // Over whole years a season evens out.
        let years = inputs.definitions.horizon_days / 365.25;
        let severity = if (years - years.round()).abs() < 0.02 && years > 0.9 {
            Severity::Info
        } else {
            Severity::Warning
        };
        let Season { strongest_month, strongest, weakest_month, weakest } = season;
        found.push((severity, WarningKind::Season { strongest_month, strongest, weakest_month, weakest }));
    }
    if let Some(per_year) = level.trend_per_year {
        found.push((severe_if(per_year.abs() > STRONG_TREND), WarningKind::Trend { per_year }));
    }
}

fn data_quality(inputs: &WarningInputs<'_>, found: &mut Found) {
    let (refused, read) = (inputs.rows_refused, inputs.rows_read);
    let share = refused as f64 / read as f64;
    if share > MANY_REFUSED {
        found.push((severe_if(share > MOST_REFUSED), WarningKind::RowsRefused { refused, read, share }));
    }
}

fn judged(hold_out: &HoldOut, order_level: f64, found: &mut Found) {
    bias(HoldOutFigure::Orders, hold_out.predicted_total, hold_out.actual_total, found);
    coverage(HoldOutFigure::Orders, hold_out.order_coverage, order_level, found);
    if let Some(value) = hold_out.value {
        bias(HoldOutFigure::Value, value.predicted_total, value.actual_total, found);
        coverage(HoldOutFigure::Value, value.coverage, value.level, found);
    }
}

fn bias(figure: HoldOutFigure, predicted: f64, actual: f64, found: &mut Found) {
    let bias = (actual > 0.0).then(|| predicted / actual - 1.0);
    // Where nothing came, a handful expected is no miss.
    let size = bias.map_or(if predicted > FEW_EXPECTED { f64::INFINITY } else { 0.0 }, f64::abs);
    if size > OFF {
        found.push((severe_if(size > FAR_OFF), WarningKind::HoldOutBias { figure, predicted, actual, bias }));
    }
}

/// Too narrow is a warning. Too wide is only good to know: with few orders a customer, an interval of whole orders
/// cannot help holding more than its level.
fn coverage(figure: HoldOutFigure, coverage: f64, level: f64, found: &mut Found) {
    let severity = if coverage < level - COVERAGE_OFF {
        severe_if(coverage < level - COVERAGE_FAR_OFF)
    } else if coverage > level + COVERAGE_OFF {
        Severity::Info
    } else {
        return;
    };
    found.push((severity, WarningKind::IntervalCoverage { figure, coverage, level }));
}

fn days_between(earlier: Date, later: Date) -> i64 {
    later.duration_since(earlier).as_hours() / 24
}

#[cfg(test)]
mod tests;
