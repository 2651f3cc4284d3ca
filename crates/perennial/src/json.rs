//! JSON for scripts: one object per line on the standard output, and nothing else there.

use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::Result;
use perennial_lake::Reading;
use perennial_valuation::Valuation;
use serde::Serialize;

/// What `value --format json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct ValueOutput<'a> {
    /// Everything that was computed, but for the customers' own figures, which go to a file.
    pub(crate) valuation: &'a Valuation,
    /// What was recognised, how each column was read, what became of every row.
    pub(crate) reading: &'a Reading,
    /// The files that were written.
    pub(crate) files: &'a Files,
}

/// The files that a command wrote.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Files {
    /// The customers' values.
    pub(crate) out: Option<PathBuf>,
    /// The report page.
    pub(crate) report: Option<PathBuf>,
    /// The refused rows.
    pub(crate) quarantine: Option<PathBuf>,
}

/// What stands in place of a model's result that could not be had.
#[derive(Debug, Serialize)]
pub(crate) struct Failure<'a> {
    /// The model's name.
    pub(crate) model: &'a str,
    /// Why not.
    pub(crate) error: String,
}

/// Prints one object on a line of its own.
pub(crate) fn print(value: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    let mut out = stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()?;
    Ok(())
}

impl<'a> Failure<'a> {
    /// Results apart from failures; where there is but one result to be had, its failure is the command's.
    pub(crate) fn sort_out<T>(
        results: impl Iterator<Item = (&'a str, Result<T, perennial_valuation::Error>)>,
    ) -> Result<(Vec<T>, Vec<Self>)> {
        let (mut had, mut failed) = (Vec::new(), Vec::new());
        let mut last = None;
        for (model, result) in results {
            match result {
                Ok(result) => had.push(result),
                Err(error) => {
                    failed.push(Self { model, error: error.to_string() });
                    last = Some(error);
                }
            }
        }
        match last {
            Some(error) if had.is_empty() && failed.len() == 1 => Err(error.into()),
            _ => Ok((had, failed)),
        }
    }

    /// Says on the standard error what could not be had.
    pub(crate) fn report(failures: &[Self]) {
        for failure in failures {
            eprintln!("warning: {}: {}", failure.model, failure.error);
        }
    }
}
