//! `perennial value`: the main job.

use anyhow::{Context, Result};
use perennial_report::Texts;
use perennial_valuation::{CUSTOMER_VALUES, value};

use super::{open, open_with_quarantine, spare_sources};
use crate::arguments::{OutputFormat, ValueArguments};
use crate::json::{self, Files, ValueOutput};
use crate::requests;
use crate::terminal::{Page, Progress, reading, valuation};

pub(crate) fn run(arguments: &ValueArguments) -> Result<()> {
    // Everything that can be wrong with the command line is found before hours of reading.
    let request = requests::value(arguments)?;
    let out = arguments.out.as_deref().map(requests::output).transpose()?;
    let source = requests::source(&arguments.source);

    let output = &arguments.output;
    let progress = Progress::new(&Texts::plain(output.language));
    let (session, read) = match source.quarantine {
        Some(_) => open(&source, &progress)?,
        None => open_with_quarantine(&source, requests::default_quarantine(&source.paths), &progress)?,
    };
    for path in out.iter().map(|(path, _)| *path).chain(output.report.as_deref()) {
        spare_sources(&read, path)?;
    }
    let valued =
        value(&session, &read, &request, &|stage, done, total| progress.of_stage(stage, done, total))?;
    let mut files = Files { quarantine: read.quality.quarantine.clone(), ..Files::default() };
    if let Some((path, format)) = out {
        session
            .write(&format!("SELECT * FROM {CUSTOMER_VALUES} ORDER BY customer_id"), path, format)
            .with_context(|| format!("cannot write the values to {}", path.display()))?;
        files.out = Some(path.to_path_buf());
    }
    if let Some(path) = &output.report {
        perennial_report::write_html(path, &valued, &read, output.language)
            .with_context(|| format!("cannot write the report to {}", path.display()))?;
        files.report = Some(path.clone());
    }
    progress.clear();

    if output.format.format == OutputFormat::Json {
        return json::print(&ValueOutput { valuation: &valued, reading: &read, files: &files });
    }
    let texts = Texts::new(output.language, &valued.definitions);
    let mut page = Page::new();
    reading::show(&mut page, &texts, &read);
    valuation::show(&mut page, &texts, &valued);
    reading::files(&mut page, &texts, &files);
    page.print()
}
