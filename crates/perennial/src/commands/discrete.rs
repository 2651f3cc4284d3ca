//! `perennial fit --model bg-bb`: customers who buy or do not in each period of the calendar.

use anyhow::Result;
use perennial_report::{Language, Texts};
use perennial_valuation::OpportunityHistory;
use perennial_valuation::hold_out::EstimateTable;
use serde::Serialize;

use super::open;
use crate::arguments::{FitArguments, OutputFormat};
use crate::terminal::page::Align::{Left, Right};
use crate::terminal::{Page, Progress, fits, reading};
use crate::{json, requests};

/// What `--format json` prints.
#[derive(Serialize)]
struct Output {
    model: &'static str,
    customers: f64,
    /// Customers acquired in a period that the last day cuts short; they are left out.
    too_new: u64,
    #[serde(flatten)]
    fit: EstimateTable,
    /// The periods after the first in which the customers bought.
    purchases: f64,
    /// The purchases expected at the first, second, ... opportunity of the data.
    expected_purchases: Vec<f64>,
}

pub(crate) fn run(arguments: &FitArguments) -> Result<()> {
    let texts = Texts::plain(Language::English);
    let progress = Progress::new(&texts);
    let (session, read) = open(&requests::source(&arguments.source), &progress)?;
    let until = arguments.until.unwrap_or(read.last_day);
    let period = requests::period(arguments.period);
    let history = perennial_valuation::opportunities(&session, &read, period, until)?;
    let fit = perennial_valuation::fit_bg_bb(&history)?;
    progress.clear();
    let output = Output {
        model: "bg-bb",
        customers: history.base.customers(),
        too_new: history.too_new,
        fit: EstimateTable::of(&fit),
        purchases: made(&history),
        expected_purchases: fit.model.expected_purchases_by_opportunity(&history.base),
    };
    if arguments.format.format == OutputFormat::Json {
        return json::print(&output);
    }
    let mut page = Page::new();
    reading::show(&mut page, &texts, &read);
    show(&mut page, &texts, &output);
    page.print()
}

/// The periods after the first in which the customers bought.
fn made(history: &OpportunityHistory) -> f64 {
    let (histories, counts) = (history.base.histories(), history.base.counts());
    histories.iter().zip(counts).map(|(history, customers)| f64::from(history.frequency()) * customers).sum()
}

fn show(page: &mut Page, texts: &Texts, output: &Output) {
    page.heading("BG/BB");
    let rows = output.fit.parameters.iter().map(|(name, value, error)| {
        vec![name.clone(), fits::estimate(texts, Some(*value)), fits::estimate(texts, *error)]
    });
    page.table(&[("Parameter", Left), ("Estimate", Right), ("Std. error", Right)], rows.collect());
    page.paragraph(&format!(
        "{} customers; log-likelihood {}.",
        texts.decimal(output.customers, 0),
        texts.decimal(output.fit.log_likelihood, 3)
    ));
    page.paragraph(&format!(
        "The customers bought in {} periods after their first; the model expects {}.",
        texts.decimal(output.purchases, 0),
        texts.decimal(output.expected_purchases.iter().sum(), 1)
    ));
    if output.too_new > 0 {
        page.paragraph(&format!(
            "{} customers were acquired in a period that the last day cuts short, and are left out.",
            texts.count(output.too_new)
        ));
    }
}
