//! `perennial fit`: a model's parameters.

use anyhow::{Result, bail};
use perennial_report::{Language, Texts};
use perennial_valuation::{FitKind, RetentionKind};
use perennial_valuation::hold_out::FitSummary;

use super::{open, retention};
use crate::arguments::{FitArguments, OutputFormat};
use crate::json::{self, Failure};
use crate::requests;
use crate::terminal::{Page, Progress, fits, reading};

pub(crate) fn run(arguments: &FitArguments) -> Result<()> {
    if let Some(kind) = RetentionKind::named(&arguments.model) {
        return retention::run(arguments, kind);
    }
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let kinds = requests::fits(&arguments.model, read.has_amounts)?;
    let stage = |stage, done, total| progress.of_stage(stage, done, total);
    let results = perennial_valuation::fits(&session, &read, &kinds, &requests::fit(arguments)?, &stage)?;
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

fn name(kind: FitKind) -> &'static str {
    match kind {
        FitKind::Transactions(kind) => kind.name(),
        FitKind::Spend => "gamma-gamma",
    }
}
