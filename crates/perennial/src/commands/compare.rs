//! `perennial compare`: a league table of the models over rolling hold-outs.

use anyhow::Result;
use perennial_report::{Language, Texts};

use super::open;
use crate::arguments::{CompareArguments, OutputFormat};
use crate::json;
use crate::requests;
use crate::terminal::{Page, Progress, league, reading};

pub(crate) fn run(arguments: &CompareArguments) -> Result<()> {
    let (kinds, request) = requests::compare(arguments)?;
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let stage = |stage, done, total| progress.of_stage(stage, done, total);
    let league = perennial_valuation::compare(&session, &read, &kinds, &request, &stage)?;
    progress.clear();
    if arguments.format.format == OutputFormat::Json {
        return json::print(&league);
    }
    let mut page = Page::new();
    reading::show(&mut page, &texts, &read);
    league::show(&mut page, &texts, &league);
    page.print()
}
