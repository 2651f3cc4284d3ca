//! The report page: one file that holds all it needs and connects to nothing.

mod coverage;
mod customers;
mod deciles;
mod definitions;
mod heat_maps;
mod methods;
mod model_check;
mod models;
mod quality;
mod spread;
mod summary;
mod tracking;
mod warnings;

use std::path::Path;

use askama::Template;
use perennial_lake::Reading;
use perennial_valuation::Valuation;
use plotly::Plot;

use crate::{Error, Language, Texts};

/// The page: its sections in the order of reading.
#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    texts: &'a Texts,
    title: String,
    about: String,
    style: &'static str,
    chart_library: String,
    script: &'static str,
    made_by: String,
    contents: Vec<(&'static str, String)>,
    summary: summary::Summary<'a>,
    warnings: warnings::Warnings<'a>,
    definitions: definitions::DefinitionList<'a>,
    spread: spread::Spread<'a>,
    tracking: tracking::Tracking<'a>,
    deciles: deciles::Deciles<'a>,
    coverage: coverage::Coverage<'a>,
    model_check: model_check::Check<'a>,
    heat_maps: heat_maps::HeatMapPair<'a>,
    models: models::ModelPanel<'a>,
    methods: methods::Methods<'a>,
    quality: quality::DataQuality<'a>,
    customers: customers::TopCustomers<'a>,
    glossary: customers::Glossary<'a>,
}

/// The sections of the page by their ids, which the keys of their headings begin with.
const SECTIONS: [&str; 14] = [
    "summary",
    "warnings",
    "distribution",
    "customers",
    "tracking",
    "deciles",
    "coverage",
    "model-check",
    "heat-maps",
    "methods",
    "models",
    "definitions",
    "quality",
    "glossary",
];

/// The report on a valuation as one HTML page.
///
/// # Errors
/// When the page cannot be rendered.
pub fn html(valuation: &Valuation, reading: &Reading, language: Language) -> Result<String, Error> {
    let texts = &Texts::new(language, &valuation.definitions);
    let has_models = valuation.models.is_some();
    let hold_out = valuation.hold_out.as_ref();
    let page = Page {
        texts,
        title: texts.text_with("title-as-of", &[("as_of", valuation.definitions.as_of.to_string().into())]),
        about: about(texts, valuation),
        style: include_str!("../../assets/page.css"),
        chart_library: chart_library(),
        script: include_str!("../../assets/page.js"),
        made_by: texts.text_with("made-by", &[("version", env!("CARGO_PKG_VERSION").into())]),
        contents: SECTIONS.iter().map(|&id| (id, texts.text(&format!("{id}-heading")))).collect(),
        summary: summary::Summary::new(texts, valuation),
        warnings: warnings::Warnings::new(texts, &valuation.warnings),
        definitions: definitions::DefinitionList::new(texts, &valuation.definitions),
        spread: spread::Spread::new(texts, &valuation.distribution),
        tracking: tracking::Tracking::new(texts, hold_out, has_models),
        deciles: deciles::Deciles::new(texts, hold_out, has_models),
        coverage: coverage::Coverage::new(texts, hold_out, has_models),
        model_check: model_check::Check::new(
            texts,
            valuation.model_check.as_ref(),
            valuation.base_level.as_ref(),
        ),
        heat_maps: heat_maps::HeatMapPair::new(
            texts,
            valuation.heat_maps.as_ref(),
            valuation.definitions.horizon_days,
        ),
        models: models::ModelPanel::new(texts, valuation.models.as_ref(), valuation.base.has_amounts),
        methods: methods::Methods::new(texts, &valuation.methods),
        quality: quality::DataQuality::new(texts, reading, &valuation.base),
        customers: customers::TopCustomers::new(texts, valuation),
        glossary: customers::Glossary::new(texts),
    };
    Ok(page.render()?)
}

/// Writes the report on a valuation to a file, as one HTML page.
///
/// # Errors
/// When the page cannot be rendered or the file cannot be written.
pub fn write_html(
    path: &Path,
    valuation: &Valuation,
    reading: &Reading,
    language: Language,
) -> Result<(), Error> {
    let page = html(valuation, reading, language)?;
    std::fs::write(path, page).map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn about(texts: &Texts, valuation: &Valuation) -> String {
    let base = &valuation.base;
    texts.text_with(
        "orders-between",
        &[
            ("transactions", base.transactions.into()),
            ("first", base.first_day.to_string().into()),
            ("last", base.last_day.to_string().into()),
        ],
    )
}

/// The chart library's source, without the formula renderer that comes with it and that no chart here needs.
fn chart_library() -> String {
    const END: &str = "</script>";
    let mut source = Plot::offline_js_sources();
    let end = source.find(END).map_or(source.len(), |place| place + END.len());
    source.truncate(end);
    source
}
