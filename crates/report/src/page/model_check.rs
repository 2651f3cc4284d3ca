//! Whether the model makes a customer base like the one observed: customers by repeat orders, and the base level over time.

use askama::Template;
use perennial_valuation::figures::{BaseLevel, CheckBin, ModelCheck};
use plotly::common::{ErrorData, ErrorType, HoverInfo, Marker};
use plotly::layout::{AxisType, BarMode};
use plotly::{Bar, Trace};

use super::tracking::absence;
use crate::Texts;
use crate::chart::{Chart, axis, colour, label, layout, plot};
use crate::table::Table;

#[derive(Template)]
#[template(path = "model_check.html")]
pub(super) struct Check<'a> {
    texts: &'a Texts,
    lead: String,
    chart: Option<Chart>,
    base_level: Option<String>,
}

impl<'a> Check<'a> {
    pub(super) fn new(texts: &'a Texts, check: Option<&ModelCheck>, level: Option<&BaseLevel>) -> Self {
        let lead = if check.is_some() { "model-check-lead" } else { absence(false) };
        Self {
            texts,
            lead: texts.text(lead),
            chart: check.map(|check| chart(texts, check)),
            base_level: check.map(|_| base_level(texts, level)),
        }
    }
}

/// What is known of the base level, in one sentence; the warnings have the numbers.
fn base_level(texts: &Texts, level: Option<&BaseLevel>) -> String {
    let finding = match level {
        None => "unknown",
        Some(BaseLevel { season: None, trend_per_year: None, .. }) => "steady",
        Some(BaseLevel { season: Some(_), trend_per_year: None, .. }) => "season",
        Some(BaseLevel { season: None, trend_per_year: Some(_), .. }) => "trend",
        Some(BaseLevel { season: Some(_), trend_per_year: Some(_), .. }) => "both",
    };
    let months = level.map_or(0, |level| level.months);
    texts.text_with("base-level", &[("finding", finding.into()), ("months", months.into())])
}

fn chart(texts: &Texts, check: &ModelCheck) -> Chart {
    let names: Vec<String> = check.bins.iter().map(|bin| name(texts, bin)).collect();
    let observed: Vec<f64> = check.bins.iter().map(|bin| bin.observed as f64).collect();
    let expected: Vec<f64> = check.bins.iter().map(|bin| bin.expected).collect();
    let hover = |title: &str, values: &[f64]| {
        values.iter().map(|&n| label(&format!("{title}: {}", texts.decimal(n, 0)))).collect::<Vec<_>>()
    };
    let (observed_name, expected_name) = (texts.text("column-observed"), texts.text("column-model-expects"));
    let above = check.bins.iter().map(|bin| bin.upper - bin.expected).collect();
    let below = check.bins.iter().map(|bin| bin.expected - bin.lower).collect();
    let traces: Vec<Box<dyn Trace>> = vec![
        Bar::new(names.clone(), observed.clone())
            .name(&observed_name)
            .marker(Marker::new().color(colour::SECOND))
            .hover_text_array(hover(&observed_name, &observed))
            .hover_info(HoverInfo::Text),
        Bar::new(names, expected.clone())
            .name(&expected_name)
            .marker(Marker::new().color(colour::FIRST))
            .error_y(ErrorData::new(ErrorType::Data).array(above).array_minus(below).symmetric(false))
            .hover_text_array(hover(&expected_name, &expected))
            .hover_info(HoverInfo::Text),
    ];
    let layout = layout(texts.language())
        .bar_mode(BarMode::Group)
        .bar_gap(0.25)
        .x_axis(
            axis(&texts.text("axis-repeat-orders"))
                .type_(AxisType::Category)
                .show_grid(false)
                .zero_line(false),
        )
        .y_axis(axis(&texts.text("axis-customers")));
    let title = texts.text("model-check-title");
    let table = Table::new(title.clone())
        .words(texts.text("axis-repeat-orders"))
        .numbers(texts.text("column-observed"))
        .numbers(texts.text("column-model-expects"))
        .numbers(texts.text("column-from"))
        .numbers(texts.text("column-to"))
        .rows(check.bins.iter().map(|bin| {
            vec![
                name(texts, bin),
                texts.count(bin.observed),
                texts.decimal(bin.expected, 0),
                texts.decimal(bin.lower, 0),
                texts.decimal(bin.upper, 0),
            ]
        }));
    Chart::new(texts, "chart-model-check", title, caption(texts, check), &plot(traces, layout), table)
}

fn name(texts: &Texts, bin: &CheckBin) -> String {
    let count = texts.count(u64::from(bin.repeat_orders));
    if bin.or_more { texts.text_with("or-more", &[("count", count.into())]) } else { count }
}

fn caption(texts: &Texts, check: &ModelCheck) -> String {
    let held =
        check.bins.iter().filter(|bin| (bin.lower..=bin.upper).contains(&(bin.observed as f64))).count();
    texts.text_with(
        "model-check-caption",
        &[("held", held.into()), ("bins", check.bins.len().into()), ("level", check.level.into())],
    )
}
