//! How a customer's expected spend, and the spread of what may come, follow from what the customer spent so far.

use jiff::civil::Date;
use perennial_lake::Session;
use perennial_lake::arrow::array::{ArrayRef, Float64Array, Int64Array};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_math::random::Rng;
use perennial_models::{SpendFit, SpendFormula, SpendModel};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Error;
use crate::columns::f64s;
use crate::history::{Detail, History, HistoryKeys, Powers};
use crate::spending::LOG_UNITS;

/// No customer counts as more than this in the sums of [`Powers`], relative to a typical one: decimals have an end.
const LARGEST_POWER: f64 = 1e18;
/// The table of the slopes by number of paid repeat transactions, while [`with_powers`] runs.
const SLOPES: &str = "spend_slopes";

/// The spend model behind the values.
#[derive(Clone, Copy)]
pub(crate) enum SpendScale<'a> {
    /// A fitted one.
    Fitted(&'a SpendFit),
    /// Every transaction is worth the mean of all; what a customer spent plays no part.
    Mean(f64),
}

/// An amount as it follows from the sums over a customer's repeat transactions with spend, s of the values and l of their logarithms:
/// `(intercept + slope x s) x exp(log_slope x l)`, the same for all customers with as many of them. One of the slopes is zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Amount {
    pub intercept: f64,
    pub slope: f64,
    pub log_slope: f64,
}

impl Amount {
    /// A model's formula, which is of means, in terms of sums.
    fn of(formula: SpendFormula, paid_repeats: u32) -> Self {
        // Without a transaction there is no mean, and the formula has no slope.
        let n = f64::from(paid_repeats.max(1));
        Self { intercept: formula.intercept, slope: formula.slope / n, log_slope: formula.log_slope / n }
    }

    const fn constant(intercept: f64) -> Self {
        Self { intercept, slope: 0.0, log_slope: 0.0 }
    }

    /// The expected spend per transaction of a customer with so many paid repeat transactions under a model.
    pub(crate) fn expected(model: &dyn SpendModel, paid_repeats: u32) -> Self {
        Self::of(model.expectation(paid_repeats), paid_repeats)
    }
}

/// The expression of an amount from the columns `<column>_a`, `<column>_b` and, where the detail has logarithms, `<slope>_log`, with
/// the repeat spend of the table `h`.
pub(crate) fn amount_sql(column: &str, slope: &str, scale: f64, detail: Detail) -> String {
    let linear = format!("{column}_a + {column}_b * (CAST(h.repeat_spend AS DOUBLE) / {scale:e})");
    if detail.logs {
        format!("({linear}) * exp({slope}_log * (CAST(h.log_spend AS DOUBLE) / {LOG_UNITS:e}))")
    } else {
        linear
    }
}

impl SpendScale<'_> {
    /// The expected spend per transaction.
    pub(crate) fn expectation(&self, paid_repeats: u32) -> Amount {
        match self {
            Self::Mean(mean) => Amount::constant(*mean),
            Self::Fitted(fit) => Amount::expected(fit.model.as_ref(), paid_repeats),
        }
    }

    /// The scale that simulated values are multiplied with.
    pub(crate) fn scale(&self, paid_repeats: u32) -> Amount {
        match self {
            Self::Mean(mean) => Amount::constant(*mean),
            Self::Fitted(fit) => Amount::of(fit.model.scale(paid_repeats), paid_repeats),
        }
    }

    /// At most `n` models as likely as the data make them; `None` for each where there is no model.
    pub(crate) fn draws(&self, n: usize, rng: &mut Rng) -> Vec<Option<Box<dyn SpendModel>>> {
        match self {
            Self::Fitted(fit) => fit.draw_models(n, rng).into_iter().map(Some).collect(),
            Self::Mean(_) => (0..n).map(|_| None).collect(),
        }
    }

    /// A drawn model's scale in units of the fitted one's, for a typical customer with so many paid repeat transactions.
    pub(crate) fn relative_scale(&self, drawn: &dyn SpendModel, paid_repeats: u32) -> f64 {
        let Self::Fitted(fit) = self else { return 1.0 };
        let (drawn, fitted) = (drawn.scale(paid_repeats), fit.model.scale(paid_repeats));
        let at_typical = || {
            let typical = fit.model.typical_history(paid_repeats);
            Some((drawn.at(&typical)?, fitted.at(&typical)?))
        };
        let (drawn, fitted) = at_typical().unwrap_or((drawn.intercept, fitted.intercept));
        drawn / fitted
    }

    /// Whether customers' amounts follow from the logarithms of what they spent.
    fn uses_logs(&self) -> bool {
        self.expectation(1).log_slope != 0.0 || self.scale(1).log_slope != 0.0
    }
}

/// The histories of the summary table `name` with the sums that the spend model needs of their customers.
pub(crate) fn with_powers(
    session: &Session,
    name: &str,
    as_of: Date,
    detail: Detail,
    spend: &SpendScale,
    histories: &[History],
) -> Result<Vec<History>, Error> {
    let mut histories = histories.to_vec();
    let SpendScale::Fitted(fit) = spend else { return Ok(histories) };
    if !(detail.logs && spend.uses_logs()) {
        return Ok(histories);
    }
    let typical = fit.model.typical_history(1).logs().map_or(0.0, |logs| logs.mean);
    register_slopes(session, spend, &histories)?;
    let summed = sum_powers(session, name, as_of, detail, typical);
    let dropped = session.drop_table(SLOPES);
    let mut summed = summed?.into_iter().peekable();
    dropped?;
    for history in &mut histories {
        let Some((_, sums)) = summed.next_if(|(found, _)| found.is(history)) else { continue };
        let n = f64::from(history.paid_repeats);
        let expected = (spend.expectation(history.paid_repeats).log_slope * n * typical).exp();
        let scale = (spend.scale(history.paid_repeats).log_slope * n * typical).exp();
        history.powers = Powers {
            expected: sums.expected * expected,
            slope: sums.slope * expected,
            squared_scale: sums.squared_scale * scale * scale,
        };
    }
    Ok(histories)
}

/// Registers the slopes in the logarithms for every number of paid repeat transactions.
fn register_slopes(session: &Session, spend: &SpendScale, histories: &[History]) -> Result<(), Error> {
    let counts: BTreeSet<u32> = histories.iter().map(|history| history.paid_repeats).collect();
    let paid: Int64Array = counts.iter().map(|&n| Some(i64::from(n))).collect();
    let slopes = |slope: &dyn Fn(u32) -> f64| -> ArrayRef {
        Arc::new(counts.iter().map(|&n| Some(slope(n))).collect::<Float64Array>())
    };
    let batch = RecordBatch::try_from_iter([
        ("observed", Arc::new(paid) as ArrayRef),
        ("expected_slope", slopes(&|n| spend.expectation(n).log_slope)),
        ("scale_slope", slopes(&|n| spend.scale(n).log_slope)),
    ])?;
    Ok(session.register(SLOPES, vec![batch])?)
}

/// The sums of [`Powers`] relative to customers whose mean logarithm is `typical`, so that no currency is too small or too large for
/// decimals; in the order of [`Detail::order`]. Decimals add up to the same sum in any order.
fn sum_powers(
    session: &Session,
    name: &str,
    as_of: Date,
    detail: Detail,
    typical: f64,
) -> Result<Vec<(History, Powers)>, Error> {
    let (keys, order, columns) = (detail.keys(), detail.order(), detail.history_columns(as_of));
    let sum = |value: &str| format!("CAST(sum(CAST({value} AS DECIMAL(38, 12))) AS DOUBLE)");
    let sql = format!(
        "SELECT {keys}, {} AS expected, {} AS slope, {} AS squared \
         FROM (SELECT {keys}, logs, least(exp(expected_slope * from_typical), {root:e}) AS power, \
                      least(exp(2.0 * scale_slope * from_typical), {LARGEST_POWER:e}) AS square \
               FROM (SELECT {keys}, expected_slope, scale_slope, CAST(log_spend AS DOUBLE) / {LOG_UNITS:e} AS logs, \
                            CAST(log_spend AS DOUBLE) / {LOG_UNITS:e} - paid_repeats * ({typical:e}) AS from_typical \
                     FROM (SELECT {columns} FROM {name}) AS h JOIN {SLOPES} AS s ON h.paid_repeats = s.observed) AS sloped) AS powers \
         GROUP BY {keys} ORDER BY {order}",
        sum("power"),
        sum("logs * power"),
        sum("square"),
        root = LARGEST_POWER.sqrt(),
    );
    let mut sums = Vec::new();
    for batch in session.query(&sql)? {
        let keys = HistoryKeys::new(&batch, detail)?;
        let (expected, slope, squared) =
            (f64s(&batch, "expected")?, f64s(&batch, "slope")?, f64s(&batch, "squared")?);
        sums.extend((0..batch.num_rows()).map(|row| {
            let powers = Powers {
                expected: expected.value(row),
                slope: slope.value(row),
                squared_scale: squared.value(row),
            };
            (keys.history(row, 0.0), powers)
        }));
    }
    Ok(sums)
}
