//! The main job: what every customer is worth.

use jiff::civil::Date;
use perennial_lake::{Reading, Session};
use perennial_models::ModelKind;
use perennial_models::saved::SavedFit;

use crate::definitions::Definitions;
use crate::distribution::fewest_holding;
use crate::figures::{Base, BaseLevel, Distribution, ModelCheck};
use crate::history::History;
use crate::hold_out::{HoldOut, Selection};
use crate::methods::MethodPanel;
use crate::prediction::{Fitted, Prediction, ScoringRun};
use crate::request::{ModelChoice, Progress, Request, Stage, in_range};
use crate::spending::{self, Comparison, Spending};
use crate::totals::ModelError;
use crate::transactions::FittedTransactions;
use crate::validation::Split;
use crate::valuation::Valuation;
use crate::warnings::{FitFailure, WarningInputs, warnings};
use crate::{
    Error, base_level, customer_values, day, fitting, history, margin, measures, model_check, selection,
    summary,
};

/// The tables of a valuation in the session.
const SUMMARY: &str = "customer_summary";
const SCORES: &str = "history_scores";
/// An as-of date further than this after the last order is a mistake: five years.
const LONGEST_SILENCE_DAYS: i32 = 1826;
/// How many of the most valuable customers a valuation names.
const TOP_CUSTOMERS: usize = 20;

/// Values every customer of the orders that were read.
///
/// Leaves the table [`crate::CUSTOMER_VALUES`] in the session, with one row per customer and the columns
/// [`crate::figures::CUSTOMER_COLUMNS`].
///
/// # Errors
/// When there is no order, a figure asked for is out of its range, or a model asked for by name cannot be fitted. With
/// [`ModelChoice::Auto`] a lack of data for any model is no error: the valuation then has no predictions and says why.
pub fn value(
    session: &Session,
    reading: &Reading,
    request: &Request,
    progress: Progress,
) -> Result<Valuation, Error> {
    let definitions = definitions(session, reading, request)?;
    progress(Stage::Summarise, 0, 1);
    let choice =
        request.saved.as_deref().map_or(request.model, |saved| ModelChoice::Named(saved_kind(saved)));
    let kinds = choice.kinds();
    request.estimating.prepare(session, reading)?;
    let detail = fitting::detail(&kinds, &request.estimating).with_logs(reading.has_amounts);
    let purchases = summary::summarise(session, reading, SUMMARY, definitions.as_of, detail)?;
    let base = summary::base(session, reading, SUMMARY, definitions.as_of)?;
    let scale = summary::scale(reading);
    let histories = history::histories(session, SUMMARY, definitions.as_of, scale, detail)?;
    progress(Stage::Summarise, 1, 1);

    let (kind, selection) = selection::select(
        session,
        reading,
        (choice, &request.estimating),
        base.first_day,
        &definitions,
        progress,
    )?;
    progress(Stage::Fit, 0, 1);
    let spends = reading
        .has_amounts
        .then(|| spending::spends(session, SUMMARY, definitions.as_of, scale, detail))
        .transpose()?;
    let split = last_split(session, reading, kind, &base, &definitions, request)?;
    let comparison = split.as_ref().map(Split::spend_comparison).transpose()?.unwrap_or_default();
    let spending = spends.as_deref().map(|spends| Spending::new(spends, &comparison));
    let fitted = fitted((kind, choice), &histories, spending, &definitions, request)?;
    progress(Stage::Fit, 1, 1);

    progress(Stage::Validate, 0, 1);
    let judge = |split: Split| last_hold_out(&split, &comparison, kind, request);
    let hold_out = split.map(judge).transpose()?.flatten();
    progress(Stage::Validate, 1, 1);
    let error = model_error(&selection, hold_out.as_ref());
    let run = ScoringRun { table: SCORES, summary: SUMMARY, detail, seed: request.seed, progress };
    let prediction = Prediction::new(session, &fitted, &base, &histories, &definitions, error, &run)?;
    let scores = fitted.transactions.is_ok().then_some(SCORES);
    customer_values::register(
        session,
        reading,
        &definitions,
        (SUMMARY, scores),
        detail,
        prediction.value_factor,
    )?;
    progress(Stage::Join, 0, 1);
    let valued = prediction.value_factor.is_some();
    let figure = customer_values::ranking_figure(reading.has_amounts, valued, scores.is_some());
    let mut values = customer_values::figure(session, figure)?;
    let mut predicted = if valued { customer_values::figure(session, "predicted_clv")? } else { Vec::new() };
    predicted.sort_unstable_by(f64::total_cmp);
    let top_customers = customer_values::top(session, figure, TOP_CUSTOMERS)?;
    progress(Stage::Join, 1, 1);
    let activity = measures::activity(session, reading, &purchases, &base, definitions.as_of)?;
    let totals = valued.then_some(&prediction.totals);
    let methods = MethodPanel::new(&base, &activity, definitions.margin, &definitions, totals);
    let distribution = Distribution::new(figure, &mut values);
    let models = fitted.models(&base, &definitions, selection, request.saved.as_deref());
    let (model_check, base_level) = checks(session, &fitted, &histories, &definitions, request.seed)?;
    let warnings = warnings(&WarningInputs {
        definitions: &definitions,
        base: &base,
        today: request.today,
        most_transactions: histories.iter().map(|h| u64::from(h.frequency) + 1).max().unwrap_or(0),
        top_decile_share: Some(distribution.top_decile_share),
        top_customer_share: measures::largest_share(&values),
        half_of_future_held_by: fewest_holding(0.5, &predicted),
        transaction_failure: fitted.transactions.as_ref().err().map(FitFailure::from),
        // Without any prediction it does not matter how orders would be valued.
        spend_failure: fitted
            .spend
            .as_ref()
            .filter(|_| fitted.transactions.is_ok())
            .and_then(|spend| spend.fit.as_ref().err())
            .map(FitFailure::from),
        fits: models.iter().flat_map(|m| std::iter::once(&m.transactions).chain(&m.spend)).collect(),
        spend_frequency_correlation: spends.as_deref().and_then(measures::spend_frequency_correlation),
        rows_read: reading.quality.rows_read,
        rows_refused: reading.quality.refused.values().sum(),
        refunded_share: measures::refunded_share(session, reading, &purchases, &base, definitions.as_of)?,
        base_level,
        hold_out: hold_out.as_ref(),
    });
    let Prediction { totals, heat_maps, .. } = prediction;
    Ok(Valuation {
        definitions,
        base,
        models,
        totals,
        distribution,
        heat_maps,
        hold_out,
        model_check,
        base_level,
        methods,
        warnings,
        top_customers,
    })
}

/// The models: those of the saved fit, or fitted now. A model that was asked for by name has to be had.
fn fitted(
    (kind, choice): (ModelKind, ModelChoice),
    histories: &[History],
    spending: Option<Spending>,
    definitions: &Definitions,
    request: &Request,
) -> Result<Fitted, Error> {
    let fitted = match &request.saved {
        Some(saved) => Fitted {
            transactions: Ok(FittedTransactions::saved(saved)?),
            spend: saved.spend.as_ref().and_then(Spending::saved).or(spending),
        },
        None => Fitted::new(kind, histories, spending, definitions.unit, &request.estimating, request.seed),
    };
    match (choice, fitted.transactions) {
        (ModelChoice::Named(_), Err(error)) => Err(error),
        (_, transactions) => Ok(Fitted { transactions, ..fitted }),
    }
}

/// Whether the fitted model makes customers like these, and whether its base level changes over time.
fn checks(
    session: &Session,
    fitted: &Fitted,
    histories: &[History],
    definitions: &Definitions,
    seed: u64,
) -> Result<(Option<ModelCheck>, Option<BaseLevel>), Error> {
    let Ok(fitted) = &fitted.transactions else { return Ok((None, None)) };
    let check = model_check::model_check(fitted, histories, definitions, seed);
    Ok((check, base_level::base_level(session, SUMMARY, fitted, definitions)?))
}

/// The kind of a saved model.
fn saved_kind(saved: &SavedFit) -> ModelKind {
    saved.transactions.model.name().parse().unwrap_or(ModelKind::BgNbd)
}

/// What the valuation states before any number.
fn definitions(session: &Session, reading: &Reading, request: &Request) -> Result<Definitions, Error> {
    let level =
        in_range("level", request.level, request.level > 0.0 && request.level < 1.0, "between 0 and 1")?;
    let discount = in_range(
        "discount",
        request.discount,
        (0.0..10.0).contains(&request.discount),
        "at least 0 and below 10 (1000 %) a year",
    )?;
    let days = request.horizon_days;
    let horizon_days = in_range("horizon", days, (1.0..=36_525.0).contains(&days), "1 day to 100 years")?;
    let as_of = request.as_of.unwrap_or(reading.last_day);
    if day::number(as_of) - day::number(reading.last_day) > LONGEST_SILENCE_DAYS {
        return Err(Error::TooLate { as_of, last: reading.last_day });
    }
    Ok(Definitions {
        as_of,
        horizon_days,
        discount,
        margin: margin::margin(session, reading, SUMMARY, request, as_of)?,
        currency: reading.currency.clone(),
        time_zone: reading.time_zone.clone(),
        unit: request.saved.as_ref().map_or(request.unit, |saved| saved.unit),
        level,
    })
}

/// How far the chosen model's totals were off: over the rolling hold-outs where it was chosen by them, else on the last.
/// Value adds its own deviation where that is the larger one.
fn model_error(selection: &Selection, hold_out: Option<&HoldOut>) -> ModelError {
    let off =
        |predicted: f64, actual: f64| if actual > 0.0 { ((predicted - actual) / actual).abs() } else { 0.0 };
    let chosen = selection.candidates.iter().find(|candidate| candidate.model == selection.chosen);
    let last = || hold_out.map(|judged| off(judged.predicted_total, judged.actual_total));
    let orders = chosen.and_then(|candidate| candidate.total_error).or_else(last).unwrap_or(0.0);
    let value =
        hold_out.and_then(|judged| judged.value).map(|value| off(value.predicted_total, value.actual_total));
    ModelError { orders, value: orders.max(value.unwrap_or(0.0)) }
}

/// The last part of the history, held out; `None` where it is too short for that.
fn last_split<'a>(
    session: &'a Session,
    reading: &'a Reading,
    kind: ModelKind,
    base: &Base,
    definitions: &Definitions,
    request: &Request,
) -> Result<Option<Split<'a>>, Error> {
    let history = day::number(definitions.as_of) - day::number(base.first_day);
    let Some(days) = selection::hold_out_days(history, definitions.horizon_days) else { return Ok(None) };
    let until: Date = day::date(day::number(definitions.as_of) - days);
    let detail = fitting::detail(&[kind], &request.estimating).with_logs(reading.has_amounts);
    match Split::new(session, reading, "last", (until, definitions.as_of), definitions.unit, detail) {
        Ok(split) => Ok(Some(split)),
        Err(Error::NoCustomers { .. } | Error::NoHoldOut { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The chosen models judged on the last part of the history; `None` where the transaction model cannot be fitted on what comes before.
fn last_hold_out(
    split: &Split,
    comparison: &Comparison,
    kind: ModelKind,
    request: &Request,
) -> Result<Option<HoldOut>, Error> {
    let Ok(models) = split.fit(kind, &request.estimating, request.seed) else { return Ok(None) };
    let spend = split.spending(comparison)?;
    split.judge(&models, spend.as_ref(), request.level, request.seed).map(Some)
}
