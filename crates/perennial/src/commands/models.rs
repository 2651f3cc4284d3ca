//! `perennial models`: what the library has.

use anyhow::Result;
use perennial_models::catalogue::{CATALOGUE, Entry};
use serde::Serialize;

use crate::arguments::{ModelsArguments, OutputFormat};
use crate::json;
use crate::terminal::Page;
use crate::terminal::page::Align::Left;

/// A model as JSON.
#[derive(Serialize)]
struct Model {
    name: &'static str,
    title: &'static str,
    family: &'static str,
    assumes: &'static str,
    parameters: &'static [&'static str],
    needs: &'static str,
    gives: Vec<&'static str>,
    covariates: &'static [&'static str],
    source: &'static str,
}

pub(crate) fn run(arguments: &ModelsArguments) -> Result<()> {
    if arguments.format.format == OutputFormat::Json {
        return CATALOGUE.iter().try_for_each(|entry| json::print(&Model::of(entry)));
    }
    let mut page = Page::new();
    for family in CATALOGUE.chunk_by(|a, b| a.family == b.family) {
        page.heading(family[0].family.name());
        let columns = [("Name", Left), ("Assumes that", Left), ("Parameters", Left), ("Covariates on", Left)];
        page.table(&columns, family.iter().map(row).collect());
        for alike in family.chunk_by(|a, b| a.gives == b.gives && a.needs == b.needs) {
            page.paragraph(&terms(alike));
        }
    }
    page.paragraph(
        "Fit one with `perennial fit --model NAME`, compare those for orders with `perennial compare`, and take one for the values with \
         `perennial value --model NAME`. Covariates on purchase and dropout are taken by --covariates, for bg-nbd, mbg-nbd and pareto-nbd, and by --covariate-columns for \
         cox; the others are in the library only. The book has a page with the formulas of each.",
    );
    page.print()
}

fn row(entry: &Entry) -> Vec<String> {
    vec![
        entry.name.to_owned(),
        format!("{} ({})", entry.assumes, entry.source),
        entry.parameters.join(", "),
        entry.covariates.join(", "),
    ]
}

/// What models need and give who are alike in that.
fn terms(alike: &[Entry]) -> String {
    let names: Vec<&str> = alike.iter().map(|entry| entry.name).collect();
    let gives: Vec<&str> = alike[0].gives.iter().map(|gives| gives.name()).collect();
    format!("{}: from {}; gives {}.", names.join(", "), alike[0].needs, gives.join(", "))
}

impl Model {
    fn of(entry: &Entry) -> Self {
        Self {
            name: entry.name,
            title: entry.title,
            family: entry.family.name(),
            assumes: entry.assumes,
            parameters: entry.parameters,
            needs: entry.needs,
            gives: entry.gives.iter().map(|gives| gives.name()).collect(),
            covariates: entry.covariates,
            source: entry.source,
        }
    }
}
