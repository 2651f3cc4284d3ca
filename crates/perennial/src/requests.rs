//! What is meant by what was typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned, civil::Date};
use perennial_lake::{OrderSource, OutputFormat, ZeroOrders};
use perennial_models::saved::{SavedFit, from_json};
use perennial_models::{ModelKind, Priors, SpendKind};
use perennial_simulate::{Format, ShopSettings};
use perennial_valuation::{
    CompareRequest, CovariateEffects, Covariates, Estimating, FitKind, FitRequest, HoldOutRequest,
    ModelChoice, Period, Request, RetentionRequest, SubscriptionColumns, TimeVaryingRequest, TimedCovariates,
    Uncertainty,
};

use crate::WrongUsage;
use crate::arguments::estimation::{self, CovariateArguments, UncertaintyArgument};
use crate::arguments::{
    self, CompareArguments, FitArguments, ShopArguments, SourceArguments, TableFormat, ValidateArguments,
    ValueArguments,
};

/// Where refused rows go when nobody says: the first source's name with this ending, in the current folder.
const QUARANTINE: &str = "quarantine.csv";

/// The orders to read; refused rows go to a file only where one is named.
pub(crate) fn source(arguments: &SourceArguments) -> OrderSource {
    let mut source = OrderSource::new(arguments.sources.iter().cloned());
    source.columns = arguments.columns.clone().unwrap_or_default();
    source.time_zone.clone_from(&arguments.time_zone);
    source.currency.clone_from(&arguments.currency);
    source.rates = arguments.rates.iter().cloned().collect::<BTreeMap<_, _>>();
    source.quarantine.clone_from(&arguments.quarantine);
    source.zero_orders = match arguments.zero_orders {
        arguments::ZeroOrders::Keep => ZeroOrders::Keep,
        arguments::ZeroOrders::Drop => ZeroOrders::Drop,
    };
    source
}

/// The file for refused rows when none is named: `orders.quarantine.csv` for `exports/orders.csv.gz`.
pub(crate) fn default_quarantine(sources: &[String]) -> PathBuf {
    let name = sources
        .first()
        .map(Path::new)
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let stem = name.as_deref().and_then(|name| name.split('.').next()).unwrap_or_default();
    // A glob or a hidden file leaves no name to go by.
    let usable = !stem.is_empty() && !stem.contains(['*', '?', '[']);
    PathBuf::from(format!("{}.{QUARANTINE}", if usable { stem } else { "orders" }))
}

/// What to value and how.
pub(crate) fn value(arguments: &ValueArguments) -> Result<Request> {
    let definitions = &arguments.definitions;
    Ok(Request {
        as_of: arguments.as_of,
        horizon_days: definitions.horizon,
        discount: definitions.discount,
        margin: arguments.margin,
        model: match arguments.model.as_str() {
            "auto" => ModelChoice::Auto,
            name => ModelChoice::Named(name.parse()?),
        },
        unit: definitions.unit.unit,
        estimating: estimating(&arguments.uncertainty, &arguments.covariates)?,
        level: definitions.level,
        seed: definitions.seed,
        saved: arguments.fit.as_deref().map(saved).transpose()?,
        ..Request::new(today(arguments.source.time_zone.as_ref()))
    })
}

/// A fit that was saved.
fn saved(path: &Path) -> Result<Arc<SavedFit>> {
    let text = std::fs::read(path).with_context(|| format!("cannot read the fit {}", path.display()))?;
    let fit = from_json(&text).with_context(|| format!("{} is no fit that can be used", path.display()))?;
    Ok(Arc::new(fit))
}

/// The day that it is now where the shop is.
pub(crate) fn today(zone: Option<&TimeZone>) -> Date {
    Zoned::new(Timestamp::now(), zone.cloned().unwrap_or(TimeZone::UTC)).date()
}

/// The file for the customers' values with the format that its name asks for.
pub(crate) fn output(path: &Path) -> Result<(&Path, OutputFormat)> {
    let format = OutputFormat::of(path).ok_or_else(|| {
        WrongUsage(format!(
            "--out {}: the name must end in .parquet, .csv or .json, which says how it is written",
            path.display()
        ))
    })?;
    Ok((path, format))
}

/// The models that a name stands for; with `all`, the spend model comes last and only where there are amounts.
pub(crate) fn fits(name: &str, has_amounts: bool) -> Result<Vec<FitKind>> {
    Ok(match name {
        "all" => {
            let spend = SpendKind::ALL.into_iter().filter(|_| has_amounts).map(FitKind::Spend);
            all_models().into_iter().map(FitKind::Transactions).chain(spend).collect()
        }
        name => match name.parse() {
            Ok(kind) => vec![FitKind::Spend(kind)],
            Err(_) => vec![FitKind::Transactions(name.parse()?)],
        },
    })
}

/// What `all` stands for: every model of orders but the one that takes a minute for some thousand customers.
fn all_models() -> Vec<ModelKind> {
    ModelKind::ALL.into_iter().filter(|kind| *kind != ModelKind::ParetoGgg).collect()
}

/// The transaction models that a name stands for.
pub(crate) fn models(name: &str) -> Result<Vec<ModelKind>> {
    Ok(match name {
        "all" => all_models(),
        "auto" => ModelKind::CANDIDATES.to_vec(),
        name => vec![name.parse()?],
    })
}

/// The transaction models that some names stand for, each once.
pub(crate) fn each_once(names: &[String]) -> Result<Vec<ModelKind>> {
    let mut kinds = Vec::new();
    for name in names {
        for kind in models(name)? {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    Ok(kinds)
}

/// How the parameters are estimated; reads the covariates where there are any.
fn estimating(
    uncertainty_argument: &UncertaintyArgument,
    covariates: &CovariateArguments,
) -> Result<Estimating> {
    let uncertainty = match uncertainty_argument.uncertainty {
        estimation::Uncertainty::Fast => Uncertainty::Fast,
        estimation::Uncertainty::Bayes => Uncertainty::Bayes,
        estimation::Uncertainty::Bootstrap => Uncertainty::Bootstrap,
    };
    let priors =
        uncertainty_argument.priors.iter().try_fold(Priors::new(), |priors, text| priors.with_text(text))?;
    let profiles = profiles(covariates)?;
    if !uncertainty_argument.priors.is_empty()
        && uncertainty != Uncertainty::Bayes
        && profiles.groups.is_none()
    {
        bail!(WrongUsage("--prior needs --uncertainty bayes".to_owned()));
    }
    if profiles.groups.is_some() && uncertainty == Uncertainty::Bootstrap {
        bail!(WrongUsage(
            "groups are estimated from the posterior distribution: leave --uncertainty bootstrap out"
                .to_owned()
        ));
    }
    Ok(Estimating { uncertainty, priors, ..profiles })
}

/// Where covariates that vary over time can be used.
const OVER_TIME: &str = "covariates that vary over time (a file with a column of dates) are for `fit` and `validate` with --model pareto-nbd";

/// Covariates that vary over time, where the command names a file of such; a second file may hold those that do not.
pub(crate) fn over_time(arguments: &CovariateArguments) -> Result<Option<TimedCovariates>> {
    let (mut dated, mut constant) = (None, None);
    for file in &arguments.covariates {
        let place = if TimedCovariates::are_in(file)? { &mut dated } else { &mut constant };
        if place.replace(file).is_some() {
            bail!(WrongUsage("--covariates takes one file with dates and one without".to_owned()));
        }
    }
    let Some(dated) = dated else { return Ok(None) };
    let constant = constant.map(|file| Covariates::read(file, None)).transpose()?;
    let columns = Some(arguments.covariate_columns.as_slice()).filter(|columns| !columns.is_empty());
    Ok(Some(TimedCovariates::read(dated, columns, constant.as_ref())?))
}

/// What is fitted with covariates that vary over time.
pub(crate) fn time_varying(
    model: &str,
    covariates: &CovariateArguments,
    fit: FitRequest,
    hold_out_days: Option<f64>,
) -> Result<TimeVaryingRequest> {
    if model != ModelKind::ParetoNbd.name() {
        bail!(WrongUsage(OVER_TIME.to_owned()));
    }
    let processes = covariates.on.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
    Ok(TimeVaryingRequest { fit, processes, penalty: covariates.penalty, hold_out_days })
}

/// The covariates or the groups of the customers.
fn profiles(arguments: &CovariateArguments) -> Result<Estimating> {
    let [file] = arguments.covariates.as_slice() else {
        return match arguments.covariates.len() {
            0 => Ok(Estimating::default()),
            _ => bail!(WrongUsage(OVER_TIME.to_owned())),
        };
    };
    if TimedCovariates::are_in(file)? {
        bail!(WrongUsage(OVER_TIME.to_owned()));
    }
    if let Some(column) = &arguments.pool {
        return Ok(Estimating { groups: Some(Covariates::groups(file, column)?), ..Estimating::default() });
    }
    let columns = Some(arguments.covariate_columns.as_slice()).filter(|columns| !columns.is_empty());
    let effects = CovariateEffects {
        covariates: Covariates::read(file, columns)?,
        processes: arguments.on.iter().map(|name| name.parse()).collect::<Result<_, _>>()?,
        penalty: arguments.penalty,
    };
    Ok(Estimating { covariates: Some(effects), ..Estimating::default() })
}

/// Refuses options that the model to fit would pass over in silence.
pub(crate) fn check_fit(arguments: &FitArguments) -> Result<()> {
    let name = arguments.model.as_str();
    let of_orders = name == "all" || name.parse::<ModelKind>().is_ok();
    let unused = [
        ("--save", arguments.save.is_some()),
        ("--covariates", !arguments.covariates.covariates.is_empty()),
        ("--uncertainty", arguments.uncertainty.uncertainty != estimation::Uncertainty::Fast),
        ("--prior", !arguments.uncertainty.priors.is_empty()),
    ];
    if !of_orders && let Some((option, _)) = unused.into_iter().find(|(_, used)| *used) {
        bail!(WrongUsage(format!(
            "{option} is for the models of when customers buy (bg-nbd, pareto-nbd, ...); {name} takes none"
        )));
    }
    let named = &arguments.subscriptions;
    let subscriptions = [
        ("--duration", named.duration.is_some()),
        ("--ended", named.ended.is_some()),
        ("--start", named.start.is_some()),
        ("--end", named.end.is_some()),
        ("--alive", named.alive.is_some()),
        ("--periods", named.periods.is_some()),
    ];
    if perennial_valuation::RetentionKind::named(name).is_none()
        && let Some((option, _)) = subscriptions.into_iter().find(|(_, used)| *used)
    {
        bail!(WrongUsage(format!(
            "{option} is for the models of subscriptions (sbg, bdw, kaplan-meier, cox), not for {name}"
        )));
    }
    Ok(())
}

/// What models are fitted on.
pub(crate) fn fit(arguments: &FitArguments) -> Result<FitRequest> {
    Ok(FitRequest {
        until: arguments.until,
        unit: arguments.unit.unit,
        estimating: estimating(&arguments.uncertainty, &arguments.covariates)?,
        seed: arguments.seed,
    })
}

/// Where a table of subscriptions has what, and how a model is fitted on it.
pub(crate) fn retention(arguments: &FitArguments) -> (SubscriptionColumns, RetentionRequest) {
    let named = &arguments.subscriptions;
    let columns = SubscriptionColumns {
        duration: named.duration.clone(),
        ended: named.ended.clone(),
        start: named.start.clone(),
        end: named.end.clone(),
        alive: named.alive.clone(),
        covariates: arguments.covariates.covariate_columns.clone(),
    };
    let request = RetentionRequest {
        unit: arguments.unit.unit,
        until: arguments.until,
        periods: named.periods,
        level: 0.8,
    };
    (columns, request)
}

/// A calendar period.
pub(crate) const fn period(period: estimation::Period) -> Period {
    match period {
        estimation::Period::Week => Period::Week,
        estimation::Period::Month => Period::Month,
        estimation::Period::Quarter => Period::Quarter,
        estimation::Period::Year => Period::Year,
    }
}

/// On what time models are judged.
pub(crate) fn hold_out(arguments: &ValidateArguments) -> Result<HoldOutRequest> {
    Ok(HoldOutRequest {
        until: arguments.until,
        days: arguments.hold_out,
        unit: arguments.unit.unit,
        estimating: estimating(&arguments.uncertainty, &arguments.covariates)?,
        level: arguments.level,
        seed: arguments.seed,
    })
}

/// The models to compare, each once, and on what.
pub(crate) fn compare(arguments: &CompareArguments) -> Result<(Vec<ModelKind>, CompareRequest)> {
    let kinds = each_once(&arguments.model)?;
    let request = CompareRequest {
        as_of: arguments.as_of,
        hold_out_days: arguments.hold_out,
        origins: arguments.origins,
        unit: arguments.unit.unit,
        estimating: profiles(&arguments.covariates)?,
        level: arguments.level,
        seed: arguments.seed,
    };
    Ok((kinds, request))
}

/// The shop to simulate.
pub(crate) fn shop(arguments: &ShopArguments) -> ShopSettings {
    ShopSettings { customers: arguments.customers, seed: arguments.seed, ..ShopSettings::default() }
}

/// How tables are written.
pub(crate) fn table_format(format: TableFormat) -> Format {
    match format {
        TableFormat::Csv => Format::Csv,
        TableFormat::Parquet => Format::Parquet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_rows_stand_beside_the_work_not_beside_the_source() {
        for (source, file) in [
            ("exports/orders.csv.gz", "orders.quarantine.csv"),
            ("/data/shop/", "shop.quarantine.csv"),
            ("exports/*.csv", "orders.quarantine.csv"),
            (".", "orders.quarantine.csv"),
            ("", "orders.quarantine.csv"),
        ] {
            assert_eq!(default_quarantine(&[source.to_owned()]), PathBuf::from(file), "{source}");
        }
    }

    #[test]
    fn an_output_says_its_format_by_its_name() {
        assert!(output(Path::new("values.parquet")).is_ok());
        let error = output(Path::new("values.xlsx")).unwrap_err();
        assert!(error.is::<WrongUsage>());
        assert!(error.to_string().contains(".parquet, .csv or .json"));
    }

    #[test]
    fn all_models_include_spend_only_with_amounts() {
        // All but the one that takes a minute.
        let of_orders = ModelKind::ALL.len() - 1;
        assert_eq!(fits("all", true).unwrap().len(), of_orders + SpendKind::ALL.len());
        assert_eq!(fits("all", false).unwrap().len(), of_orders);
        assert_eq!(fits("gamma-gamma", false).unwrap(), [FitKind::Spend(SpendKind::GammaGamma)]);
    }
}
