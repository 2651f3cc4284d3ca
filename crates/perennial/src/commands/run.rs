//! `perennial run`: snapshots of a project.

use anyhow::{Result, bail};
use jiff::Timestamp;
use perennial_project::Project;
use perennial_project::run::{Dates, RunRequest, run as run_project, send_webhooks};
use perennial_project::snapshot::NotRedacted;
use perennial_report::{Language, Texts};

use crate::arguments::OutputFormat;
use crate::arguments::project::RunArguments;
use crate::json;
use crate::terminal::{Page, Progress, project};

pub(crate) fn run(arguments: &RunArguments) -> Result<()> {
    let opened = Project::open(&arguments.project.project)?;
    for warning in &opened.warnings {
        eprintln!("warning: {warning}");
    }
    let progress = Progress::new(&Texts::plain(Language::English));
    let request = RunRequest {
        dates: match (arguments.as_of, arguments.every, arguments.since) {
            (Some(date), ..) => Dates::One(date),
            (None, Some(period), Some(since)) => Dates::Every(period, since),
            _ => Dates::Last,
        },
        now: Timestamp::now(),
        on_reading: Some(progress.of_reading()),
        on_stage: &|stage, done, total| progress.of_stage(stage, done, total),
    };
    let outcome = run_project(&opened, &request);
    progress.clear();
    // Of a run that failed webhooks are told as well.
    tell_webhooks(&opened);
    let outcome = outcome?;
    if arguments.format.format == OutputFormat::Json {
        json::print(&outcome)?;
    } else {
        let mut page = Page::new();
        project::run(&mut page, &outcome);
        page.print()?;
    }
    for NotRedacted { snapshot, problem } in &outcome.not_redacted {
        eprintln!("warning: {snapshot} may still name an erased person: {problem}");
    }
    if !outcome.is_whole() {
        bail!("the snapshot is there, but not everything that was to follow could be done");
    }
    Ok(())
}

/// Sends what webhooks are to be told, and says what could not be sent; that waits.
fn tell_webhooks(project: &Project) {
    match send_webhooks(project) {
        Ok(pass) if pass.postponed + pass.dead == 0 => {}
        Ok(pass) => eprintln!(
            "warning: webhooks took {} messages; {} failed and are sent again by `perennial serve` or the next run, {} failed for good: \
             `perennial deliveries list` says why",
            pass.delivered, pass.postponed, pass.dead
        ),
        Err(error) => eprintln!(
            "warning: webhooks are not told yet, and will be by the next run or `perennial serve`: {error}"
        ),
    }
}
