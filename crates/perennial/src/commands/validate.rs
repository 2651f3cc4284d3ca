//! `perennial validate`: models judged on time that they have not seen.

use anyhow::{Result, bail};
use perennial_report::{Language, Texts};

use super::open;
use super::over_time::{self, Asked};
use crate::arguments::{OutputFormat, ValidateArguments};
use crate::json::{self, Failure};
use crate::requests;
use crate::terminal::{Page, Progress, fits, reading};

pub(crate) fn run(arguments: &ValidateArguments) -> Result<()> {
    if let Some(covariates) = requests::over_time(&arguments.covariates)? {
        let asked = Asked {
            source: &arguments.source,
            model: &arguments.model.join(","),
            covariates: &arguments.covariates,
            until: Some(arguments.until),
            unit: arguments.unit.unit,
            hold_out: Some(arguments.hold_out.unwrap_or(f64::INFINITY)),
            format: arguments.format.format,
        };
        return over_time::run(&asked, &covariates);
    }
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let models = requests::each_once(&arguments.model)?;
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let stage = |stage, done, total| progress.of_stage(stage, done, total);
    let request = requests::hold_out(arguments)?;
    let models = if arguments.model == ["all"] { request.estimating.possible(&models) } else { models };
    let results = perennial_valuation::hold_outs(&session, &read, &models, &request, &stage)?;
    let names = models.iter().map(|model| model.name());
    let (judged, failed) = Failure::sort_out(names.zip(results))?;
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
