//! `perennial fit`: a model's parameters.

use std::path::Path;

use anyhow::{Context, Result, bail};
use perennial_lake::{Reading, Session};
use perennial_models::ModelKind;
use perennial_report::{Language, Texts};
use perennial_valuation::hold_out::FitSummary;
use perennial_valuation::{FitKind, FitRequest, RetentionKind};

use super::over_time::{self, Asked};
use super::{discrete, open, retention, spare_sources};
use crate::WrongUsage;
use crate::arguments::{FitArguments, OutputFormat};
use crate::json::{self, Failure};
use crate::requests;
use crate::terminal::{Page, Progress, fits, reading};

pub(crate) fn run(arguments: &FitArguments) -> Result<()> {
    requests::check_fit(arguments)?;
    if let Some(kind) = RetentionKind::named(&arguments.model) {
        return retention::run(arguments, kind);
    }
    if arguments.model == "bg-bb" {
        return discrete::run(arguments);
    }
    if let Some(covariates) = requests::over_time(&arguments.covariates)? {
        let asked = Asked {
            source: &arguments.source,
            model: &arguments.model,
            covariates: &arguments.covariates,
            until: arguments.until,
            unit: arguments.unit.unit,
            hold_out: None,
            format: arguments.format.format,
        };
        return over_time::run(&asked, &covariates);
    }
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let kinds = requests::fits(&arguments.model, read.has_amounts)?;
    let request = requests::fit(arguments)?;
    let possible = request.estimating.possible(&ModelKind::ALL);
    let kinds: Vec<FitKind> = kinds
        .into_iter()
        .filter(|kind| match kind {
            FitKind::Transactions(kind) => arguments.model != "all" || possible.contains(kind),
            FitKind::Spend(_) => true,
        })
        .collect();
    if let Some(path) = &arguments.save {
        save(&session, &read, &kinds, &request, path)?;
    }
    let stage = |stage, done, total| progress.of_stage(stage, done, total);
    let results = perennial_valuation::fits(&session, &read, &kinds, &request, &stage)?;
    let names = kinds.iter().map(|kind| name(*kind));
    let (fitted, failed): (Vec<FitSummary>, _) = Failure::sort_out(names.zip(results))?;
    progress.clear();
    Failure::report(&failed);
    if fitted.is_empty() {
        bail!("no model could be fitted");
    }
    if arguments.format.format == OutputFormat::Json {
        fitted.iter().try_for_each(json::print)?;
        failed.iter().try_for_each(json::print)?;
    } else {
        let mut page = Page::new();
        reading::show(&mut page, &texts, &read);
        page.heading(&texts.text("terminal-fits"));
        fits::parameters(&mut page, &texts, &fitted.iter().collect::<Vec<_>>());
        page.print()?;
    }
    Ok(())
}

/// Writes the fit of the one model that is asked for to a file.
fn save(
    session: &Session,
    read: &Reading,
    kinds: &[FitKind],
    request: &FitRequest,
    path: &Path,
) -> Result<()> {
    let [FitKind::Transactions(kind)] = kinds else {
        bail!(WrongUsage("--save needs the one model of orders to save: say --model NAME".to_owned()));
    };
    spare_sources(read, path)?;
    let text = perennial_valuation::saved_fit(session, read, *kind, request)?;
    std::fs::write(path, text).with_context(|| format!("cannot write the fit to {}", path.display()))
}

fn name(kind: FitKind) -> &'static str {
    match kind {
        FitKind::Transactions(kind) => kind.name(),
        FitKind::Spend(kind) => kind.name(),
    }
}
