//! `perennial simulate`: the tables of a shop with known truth.

use anyhow::Result;
use perennial_report::{Language, Texts};
use perennial_simulate::simulate;

use crate::arguments::SimulateArguments;
use crate::requests;
use crate::terminal::{Page, Progress, truth};

pub(crate) fn run(arguments: &SimulateArguments) -> Result<()> {
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let format = requests::table_format(arguments.format);
    let show = |done, total| progress.show("simulate", done, total);
    let simulation = simulate(&requests::shop(&arguments.shop), &arguments.folder, format, show)?;
    progress.clear();
    let mut page = Page::new();
    truth::simulation(&mut page, &texts, &simulation, &arguments.folder, format);
    page.print()
}
