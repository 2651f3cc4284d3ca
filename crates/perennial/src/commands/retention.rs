//! `perennial fit` of a model of customers with a contract, on a table of subscriptions.

use anyhow::{Result, bail};
use perennial_report::{Language, Texts};
use perennial_valuation::{RetentionKind, Subscriptions};

use crate::arguments::{FitArguments, OutputFormat};
use crate::terminal::{Page, retention};
use crate::{json, requests};

pub(crate) fn run(arguments: &FitArguments, kind: RetentionKind) -> Result<()> {
    let [file] = arguments.source.sources.as_slice() else {
        bail!("a model of subscriptions is fitted on one file, not {}", arguments.source.sources.len());
    };
    let (columns, request) = requests::retention(arguments);
    let subscriptions = Subscriptions::read(file, &columns, &request)?;
    let fitted = subscriptions.fit(kind, &request)?;
    for (line, why) in subscriptions.refused.iter().take(3) {
        eprintln!("warning: {file}, line {line}: {why}");
    }
    if arguments.format.format == OutputFormat::Json {
        return json::print(&fitted);
    }
    let texts = Texts::plain(Language::English);
    let mut page = Page::new();
    retention::show(&mut page, &texts, &fitted);
    page.print()
}
