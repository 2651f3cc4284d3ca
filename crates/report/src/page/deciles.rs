//! Whether the right customers are ranked high: predicted and actual orders by tenths of the customers.

use askama::Template;
use perennial_valuation::hold_out::HoldOut;
use plotly::Bar;
use plotly::common::{HoverInfo, Marker};
use plotly::layout::BarMode;

use super::tracking::absence;
use crate::Texts;
use crate::chart::{Chart, axis, colour, label, layout, plot};
use crate::table::Table;

#[derive(Template)]
#[template(path = "deciles.html")]
pub(super) struct Deciles<'a> {
    texts: &'a Texts,
    lead: String,
    chart: Option<Chart>,
}

impl<'a> Deciles<'a> {
    pub(super) fn new(texts: &'a Texts, hold_out: Option<&HoldOut>, has_models: bool) -> Self {
        let chart =
            hold_out.filter(|hold_out| !hold_out.deciles.is_empty()).map(|hold_out| chart(texts, hold_out));
        let lead = if chart.is_some() { "deciles-lead" } else { absence(has_models) };
        Self { texts, lead: texts.text(lead), chart }
    }
}

fn chart(texts: &Texts, hold_out: &HoldOut) -> Chart {
    let deciles = &hold_out.deciles;
    let series = |name: String, colour: &'static str, means: Vec<f64>| {
        let hover = means.iter().map(|&mean| label(&format!("{name}: {}", texts.decimal(mean, 2)))).collect();
        Bar::new((1..=means.len()).collect(), means)
            .name(&name)
            .marker(Marker::new().color(colour))
            .hover_text_array(hover)
            .hover_info(HoverInfo::Text)
    };
    let predicted = series(
        texts.text("column-predicted"),
        colour::FIRST,
        deciles.iter().map(|decile| decile.predicted).collect(),
    );
    let actual = series(
        texts.text("column-actual"),
        colour::SECOND,
        deciles.iter().map(|decile| decile.actual).collect(),
    );
    let layout = layout(texts.language())
        .bar_mode(BarMode::Group)
        .bar_gap(0.25)
        .x_axis(axis(&texts.text("axis-group")).dtick(1.0).show_grid(false).zero_line(false))
        .y_axis(axis(&texts.text("axis-orders-per-customer")));
    let title = texts.text("axis-orders-per-customer");
    let table = Table::new(title.clone())
        .numbers(texts.text("column-group"))
        .numbers(texts.text("column-customers"))
        .numbers(texts.text("column-predicted"))
        .numbers(texts.text("column-actual"))
        .rows((1_u64..).zip(deciles).map(|(group, decile)| {
            vec![
                texts.count(group),
                texts.count(decile.customers),
                texts.decimal(decile.predicted, 3),
                texts.decimal(decile.actual, 3),
            ]
        }));
    Chart::new(
        texts,
        "chart-deciles",
        title,
        caption(texts, hold_out),
        &plot(vec![predicted, actual], layout),
        table,
    )
}

fn caption(texts: &Texts, hold_out: &HoldOut) -> String {
    let (predicted, actual) =
        hold_out.deciles.last().map_or((0.0, 0.0), |decile| (decile.predicted, decile.actual));
    texts.text_with(
        "deciles-caption",
        &[
            ("predicted", predicted.into()),
            ("actual", actual.into()),
            ("mae", hold_out.mae.into()),
            ("rmse", hold_out.rmse.into()),
        ],
    )
}
