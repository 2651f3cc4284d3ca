//! The predicted part of a valuation: fitted models, scores, totals, heat maps.

use perennial_lake::Session;
use perennial_models::saved::SavedFit;
use perennial_models::{ModelKind, TimeUnit};

use crate::active::Forecaster;
use crate::figures::{Base, HeatMaps, Totals};
use crate::fitting::{fit_transactions, spend_summary, transaction_summary};
use crate::history::{Detail, History};
use crate::hold_out::Selection;
use crate::request::{Estimating, Progress};
use crate::spend_scale::{SpendScale, with_powers};
use crate::spending::Spending;
use crate::totals::ModelError;
use crate::transactions::FittedTransactions;
use crate::valuation::Models;
use crate::{Definitions, Error, heat_maps, scoring, totals};

/// The models fitted on the whole history, or why there are none.
pub(crate) struct Fitted {
    pub transactions: Result<FittedTransactions, Error>,
    /// `None` where the source has no amounts.
    pub spend: Option<Spending>,
}

impl Fitted {
    /// Fits the transaction model on `histories`; the spend model is chosen and fitted already.
    pub(crate) fn new(
        kind: ModelKind,
        histories: &[History],
        spend: Option<Spending>,
        unit: TimeUnit,
        estimating: &Estimating,
        seed: u64,
    ) -> Self {
        Self { transactions: fit_transactions(kind, histories, unit, estimating, seed), spend }
    }

    /// What is shown of the fits, fitted now or saved; `None` without a transaction model.
    pub(crate) fn models(
        &self,
        base: &Base,
        definitions: &Definitions,
        selection: Selection,
        saved: Option<&SavedFit>,
    ) -> Option<Models> {
        let models = self.transactions.as_ref().ok()?;
        let until = saved.and_then(|saved| saved.data.until.parse().ok()).unwrap_or(definitions.as_of);
        let spend = self.spend.as_ref().and_then(|spend| Some((spend.fit.as_ref().ok()?, &spend.selection)));
        Some(Models {
            transactions: transaction_summary(models, definitions.unit, until),
            spend: spend.map(|(fit, _)| spend_summary(fit, definitions.unit, definitions.as_of)),
            selection,
            spend_selection: spend.map(|(_, selection)| selection.clone()),
            unlinked_refund_share: unlinked_refund_share(base),
        })
    }
}

/// How histories are scored: the table that the scores are registered as, its keys, the seed of the simulated futures, and who is
/// told about progress.
pub(crate) struct ScoringRun<'a> {
    pub table: &'static str,
    /// The table of the customers' summary.
    pub summary: &'static str,
    pub detail: Detail,
    pub seed: u64,
    pub progress: Progress<'a>,
}

/// What follows from the fits.
pub(crate) struct Prediction {
    pub totals: Totals,
    pub heat_maps: Option<HeatMaps>,
    /// From expected spend to value: margin x (1 - refund share); `None` where no value is predicted.
    pub value_factor: Option<f64>,
}

impl Prediction {
    /// Scores the histories and registers the scores; without a transaction model there are none.
    pub(crate) fn new(
        session: &Session,
        fitted: &Fitted,
        base: &Base,
        histories: &[History],
        definitions: &Definitions,
        error: ModelError,
        run: &ScoringRun,
    ) -> Result<Self, Error> {
        let Ok(models) = &fitted.transactions else {
            return Ok(Self {
                totals: totals::historic_totals(base, definitions),
                heat_maps: None,
                value_factor: None,
            });
        };
        let fit = fitted.spend.as_ref().and_then(|spend| spend.fit.as_ref().ok());
        let spend = fit.map_or(SpendScale::Mean(mean_spend(base)), SpendScale::Fitted);
        let histories = &with_powers(session, run.summary, definitions.as_of, run.detail, &spend, histories)?;
        let forecaster = Forecaster::new(models, spend, definitions, run.seed);
        let scores =
            scoring::score(&forecaster, histories, definitions.unit, definitions.level, run.progress);
        scoring::register(session, run.table, &scores, &forecaster.spend, run.detail)?;
        let value_factor =
            base.has_amounts.then(|| definitions.margin.rate() * (1.0 - unlinked_refund_share(base)));
        Ok(Self {
            totals: totals::totals(base, &forecaster, &scores, definitions, value_factor, error),
            heat_maps: models
                .shared()
                .and_then(|fit| heat_maps::heat_maps(fit.model.as_ref(), histories, definitions)),
            value_factor,
        })
    }
}

/// The share of the order value that comes back as refunds of no single order; future orders are expected to lose as much.
fn unlinked_refund_share(base: &Base) -> f64 {
    if base.order_value > 0.0 { (base.unlinked_refunds / base.order_value).clamp(0.0, 1.0) } else { 0.0 }
}

/// The mean value of all transactions, for customers' future orders where no spend model could be fitted.
fn mean_spend(base: &Base) -> f64 {
    if base.transactions == 0 { 0.0 } else { base.order_value / base.transactions as f64 }
}
