//! `perennial snapshots`: what was found at which date, and what has changed.

use anyhow::Result;
use perennial_lake::{Session, SessionOptions};
use perennial_project::Project;
use perennial_project::snapshot::{Condition, Side, Snapshots, compare};
use serde::Serialize;

use crate::arguments::OutputFormat;
use crate::arguments::project::{SnapshotsArguments, SnapshotsCommand};
use crate::json;
use crate::terminal::{Page, project};

/// A line of the list.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    /// The snapshot's name.
    pub(crate) name: String,
    /// Whether its files are as they were made.
    #[serde(flatten)]
    pub(crate) condition: Condition,
    /// What it says; `None` where it cannot be read.
    pub(crate) totals: Option<Side>,
    /// The earlier snapshot that it takes the place of.
    pub(crate) restates: Option<String>,
    /// Findings about the quality of its data.
    pub(crate) quality_findings: Option<usize>,
    /// Customers whose ids were replaced by an erasure.
    pub(crate) redacted_customers: u64,
}

pub(crate) fn run(arguments: &SnapshotsArguments) -> Result<()> {
    let snapshots = Project::open(&arguments.project.project)?.snapshots();
    let is_json = arguments.format.format == OutputFormat::Json;
    let mut page = Page::new();
    match &arguments.command {
        None | Some(SnapshotsCommand::List) => {
            let listed = list(&snapshots)?;
            if is_json {
                return json::print(&listed);
            }
            project::snapshots(&mut page, &listed);
        }
        Some(SnapshotsCommand::Compare { before, after }) => {
            let session = Session::new(&SessionOptions::default())?;
            let comparison = compare(&session, &snapshots, before, after)?;
            if is_json {
                return json::print(&comparison);
            }
            project::comparison(&mut page, &comparison);
        }
    }
    page.print()
}

fn list(snapshots: &Snapshots) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for (name, manifest) in snapshots.manifests()? {
        let condition = match &manifest {
            Ok(_) => snapshots.verify(&name)?,
            Err(error) => Condition::Damaged(error.to_string()),
        };
        let manifest = manifest.ok();
        listed.push(Listed {
            condition,
            totals: manifest.as_ref().map(Side::from),
            restates: manifest.as_ref().and_then(|manifest| manifest.restates.clone()),
            quality_findings: manifest
                .as_ref()
                .map(|manifest| manifest.quality().iter().map(|report| report.checks.len()).sum()),
            redacted_customers: manifest
                .iter()
                .flat_map(|manifest| &manifest.redactions)
                .map(|redaction| redaction.customers)
                .sum(),
            name,
        });
    }
    Ok(listed)
}
