//! `perennial fit`: a model's parameters.

use anyhow::{Result, bail};
use perennial_report::{Language, Texts};
use perennial_valuation::FitKind;
use perennial_valuation::hold_out::FitSummary;

use super::open;
use crate::arguments::{FitArguments, OutputFormat};
use crate::json::{self, Failure};
use crate::requests;
use crate::terminal::{Page, Progress, fits, reading};

pub(crate) fn run(arguments: &FitArguments) -> Result<()> {
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let kinds = requests::fits(&arguments.model, read.has_amounts)?;
    let (mut fitted, mut failed): (Vec<FitSummary>, _) = (Vec::new(), Vec::new());
    for (place, kind) in kinds.iter().enumerate() {
        progress.show("fit", place as u64, kinds.len() as u64);
        match perennial_valuation::fit(&session, &read, *kind, arguments.until, arguments.unit.unit) {
            Ok(fit) => fitted.push(fit),
            Err(error) if kinds.len() == 1 => return Err(error.into()),
            Err(error) => failed.push(Failure { model: name(*kind), error: error.to_string() }),
        }
    }
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
