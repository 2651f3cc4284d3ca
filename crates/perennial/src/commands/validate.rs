//! `perennial validate`: models judged on time that they have not seen.

use anyhow::{Result, bail};
use perennial_report::{Language, Texts};

use super::open;
use crate::arguments::{OutputFormat, ValidateArguments};
use crate::json::{self, Failure};
use crate::requests;
use crate::terminal::{Page, Progress, fits, reading};

pub(crate) fn run(arguments: &ValidateArguments) -> Result<()> {
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let models = requests::models(&arguments.model)?;
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let (mut judged, mut failed) = (Vec::new(), Vec::new());
    for (place, model) in models.iter().enumerate() {
        progress.show("validate", place as u64, models.len() as u64);
        let hold_out = perennial_valuation::hold_out(
            &session,
            &read,
            *model,
            arguments.until,
            arguments.hold_out,
            arguments.unit.unit,
            arguments.level,
            arguments.seed,
        );
        match hold_out {
            Ok(hold_out) => judged.push(hold_out),
            Err(error) if models.len() == 1 => return Err(error.into()),
            Err(error) => failed.push(Failure { model: model.name(), error: error.to_string() }),
        }
    }
    progress.clear();
    Failure::report(&failed);
    if judged.is_empty() {
        bail!("no model could be judged");
    }
    if arguments.format.format == OutputFormat::Json {
        judged.iter().try_for_each(json::print)?;
        failed.iter().try_for_each(json::print)?;
    } else {
        let mut page = Page::new();
        reading::show(&mut page, &texts, &read);
        fits::hold_outs(&mut page, &texts, &judged);
        page.print()?;
    }
    Ok(())
}
