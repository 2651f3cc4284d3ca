//! `perennial fit` and `validate` of a model whose covariates vary over time.

use anyhow::Result;
use jiff::civil::Date;
use perennial_models::TimeUnit;
use perennial_report::{Language, Texts};
use perennial_valuation::{FitRequest, TimedCovariates};

use super::open;
use crate::arguments::estimation::CovariateArguments;
use crate::arguments::{OutputFormat, SourceArguments};
use crate::terminal::{Page, Progress, fits, reading};
use crate::{json, requests};

/// What is asked for, by either command.
pub(crate) struct Asked<'a> {
    pub(crate) source: &'a SourceArguments,
    pub(crate) model: &'a str,
    pub(crate) covariates: &'a CovariateArguments,
    pub(crate) until: Option<Date>,
    pub(crate) unit: TimeUnit,
    /// The days after the fit on which it is judged.
    pub(crate) hold_out: Option<f64>,
    pub(crate) format: OutputFormat,
}

pub(crate) fn run(asked: &Asked, covariates: &TimedCovariates) -> Result<()> {
    let fit = FitRequest { unit: asked.unit, ..FitRequest::new(asked.until) };
    let request = requests::time_varying(asked.model, asked.covariates, fit, asked.hold_out)?;
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let (session, read) = open(&requests::source(asked.source), &progress)?;
    let fitted = perennial_valuation::time_varying(&session, &read, covariates, &request)?;
    progress.clear();
    if asked.format == OutputFormat::Json {
        return json::print(&fitted);
    }
    let mut page = Page::new();
    reading::show(&mut page, &texts, &read);
    page.heading(&texts.text("terminal-fits"));
    fits::parameters(&mut page, &texts, &[&fitted.fit]);
    if let Some(judged) = fitted.hold_out {
        page.paragraph(&format!(
            "On the {} days after: MAE {}, RMSE {} orders per customer; {} orders expected, {} made.",
            judged.days,
            texts.decimal(judged.mae, 4),
            texts.decimal(judged.rmse, 4),
            texts.decimal(judged.predicted_total, 1),
            texts.decimal(judged.actual_total, 0)
        ));
    }
    page.print()
}
