//! `perennial check`: everything that a run needs, tried without writing.

use anyhow::{Result, bail};
use jiff::Timestamp;
use perennial_project::{CheckOutcome, Error, Gravity, Problem, Project, any_error, check, check_crm};

use crate::arguments::OutputFormat;
use crate::arguments::project::CheckArguments;
use crate::json;
use crate::terminal::{Page, project};

pub(crate) fn run(arguments: &CheckArguments) -> Result<()> {
    let is_json = arguments.format.format == OutputFormat::Json;
    let opened = Project::open(&arguments.project.project);
    let (mut outcome, opened) = match opened {
        Ok(project) => (check(&project, Timestamp::now())?, Some(project)),
        Err(Error::Problems { problems }) => (CheckOutcome { problems, ..CheckOutcome::default() }, None),
        Err(error) => return Err(error.into()),
    };
    if let Some(project) = opened.as_ref().filter(|_| arguments.crm && !any_error(&outcome.problems)) {
        check_crm(project, &mut outcome);
    }
    let failed = any_error(&outcome.problems);
    if is_json {
        json::print(&outcome)?;
    } else if let Some(opened) = opened.filter(|_| !failed) {
        let mut page = Page::new();
        project::check(&mut page, &opened, &outcome);
        page.print()?;
    }
    if !is_json {
        report(&outcome.problems);
    }
    let errors = outcome.problems.iter().filter(|problem| problem.gravity == Gravity::Error).count();
    match errors {
        0 => Ok(()),
        1 => bail!("there is one problem"),
        errors => bail!("there are {errors} problems"),
    }
}

/// Says on the standard error what is wrong.
fn report(problems: &[Problem]) {
    for problem in problems {
        let gravity = if problem.gravity == Gravity::Error { "error" } else { "warning" };
        eprintln!("{gravity}: {problem}");
    }
}
