//! Whether the model follows reality: cumulative repeat orders, those that happened and those expected.

use askama::Template;
use perennial_valuation::hold_out::{HoldOut, TrackingPoint};
use plotly::common::{Anchor, DashType, Fill, Font, HoverInfo, Line, Mode};
use plotly::layout::{Annotation, HoverMode, Shape, ShapeLine, ShapeType};
use plotly::{Scatter, Trace};

use crate::Texts;
use crate::chart::{Chart, axis, colour, label, layout, plot};
use crate::table::Table;

#[derive(Template)]
#[template(path = "tracking.html")]
pub(super) struct Tracking<'a> {
    texts: &'a Texts,
    lead: String,
    chart: Option<Chart>,
}

impl<'a> Tracking<'a> {
    pub(super) fn new(texts: &'a Texts, hold_out: Option<&HoldOut>, has_models: bool) -> Self {
        let Some(hold_out) = hold_out else {
            return Self { texts, lead: texts.text(absence(has_models)), chart: None };
        };
        let lead = texts.text_with(
            "tracking-lead",
            &[("model", hold_out.fit.model.clone().into()), ("until", hold_out.fit.until.to_string().into())],
        );
        let chart = hold_out.tracking.last().map(|last| chart(texts, hold_out, last));
        Self { texts, lead, chart }
    }
}

/// Why there is no hold-out.
pub(super) const fn absence(has_models: bool) -> &'static str {
    if has_models { "tracking-none" } else { "tracking-none-model" }
}

fn chart(texts: &Texts, hold_out: &HoldOut, last: &TrackingPoint) -> Chart {
    let layout = layout(texts.language())
        .hover_mode(HoverMode::X)
        .x_axis(axis("").tick_format(texts.text("date-tick")).hover_format(texts.text("date-hover")))
        .y_axis(axis(&texts.text("axis-cumulative")))
        .shapes(vec![boundary(hold_out)])
        .annotations(vec![
            period(texts, hold_out, "calibration", Anchor::Right),
            period(texts, hold_out, "hold-out", Anchor::Left),
        ]);
    let title = texts.text("axis-cumulative");
    let plot = plot(traces(texts, &hold_out.tracking), layout);
    Chart::new(
        texts,
        "chart-tracking",
        title.clone(),
        caption(texts, hold_out, last),
        &plot,
        table(texts, hold_out, title),
    )
}

fn caption(texts: &Texts, hold_out: &HoldOut, last: &TrackingPoint) -> String {
    texts.text_with(
        "tracking-caption",
        &[
            ("actual", last.actual.into()),
            ("expected", last.expected.into()),
            ("end", last.day.to_string().into()),
            ("hold_out_actual", hold_out.actual_total.into()),
            ("hold_out_predicted", hold_out.predicted_total.into()),
            ("off", texts.deviation(hold_out.predicted_total, hold_out.actual_total).into()),
        ],
    )
}

fn traces(texts: &Texts, points: &[TrackingPoint]) -> Vec<Box<dyn Trace>> {
    let days: Vec<String> = points.iter().map(|point| point.day.to_string()).collect();
    let series =
        |value: fn(&TrackingPoint) -> f64| Scatter::new(days.clone(), points.iter().map(value).collect());
    let band = texts.text_with("series-band", &[("level", texts.percent_rounded(BAND_LEVEL).into())]);
    let lower = series(|point| point.lower)
        .mode(Mode::Lines)
        .line(Line::new().width(0.0).color(colour::CLEAR))
        .hover_info(HoverInfo::Skip)
        .show_legend(false);
    let upper = series(|point| point.upper)
        .name(band)
        .mode(Mode::Lines)
        .line(Line::new().width(0.0).color(colour::CLEAR))
        .fill(Fill::ToNextY)
        .fill_color(colour::BAND)
        .hover_info(HoverInfo::Skip);
    let written = |name: &str, value: fn(&TrackingPoint) -> f64| -> Vec<String> {
        points.iter().map(|point| label(&format!("{name}: {}", texts.count(value(point))))).collect()
    };
    let (expected_name, actual_name) = (texts.text("series-expected"), texts.text("series-actual"));
    let expected = series(|point| point.expected)
        .name(&expected_name)
        .mode(Mode::Lines)
        .line(Line::new().color(colour::FIRST).width(2.5).dash(DashType::Dash))
        .hover_text_array(written(&expected_name, |point| point.expected))
        .hover_info(HoverInfo::Text);
    let actual = series(|point| point.actual)
        .name(&actual_name)
        .mode(Mode::Lines)
        .line(Line::new().color(colour::SECOND).width(2.5))
        .hover_text_array(written(&actual_name, |point| point.actual))
        .hover_info(HoverInfo::Text);
    vec![lower, upper, expected, actual]
}

/// The level of the band of [`TrackingPoint`].
const BAND_LEVEL: f64 = 0.8;

fn boundary(hold_out: &HoldOut) -> Shape {
    let day = hold_out.fit.until.to_string();
    Shape::new()
        .shape_type(ShapeType::Line)
        .x0(day.clone())
        .x1(day)
        .y_ref("paper")
        .y0(0.0)
        .y1(1.0)
        .line(ShapeLine::new().color(colour::QUIET).width(1.5).dash(DashType::Dot))
}

/// The name of a period beside the boundary, on the side that `anchor` leaves free.
fn period(texts: &Texts, hold_out: &HoldOut, key: &str, anchor: Anchor) -> Annotation {
    let shift = if matches!(anchor, Anchor::Right) { -6.0 } else { 6.0 };
    Annotation::new()
        .text(label(&texts.text(key)))
        .x(hold_out.fit.until.to_string())
        .x_anchor(anchor)
        .x_shift(shift)
        .y_ref("paper")
        .y(1.0)
        .y_anchor(Anchor::Top)
        .show_arrow(false)
        .font(Font::new().color(colour::QUIET).size(12))
}

fn table(texts: &Texts, hold_out: &HoldOut, caption: String) -> Table {
    // A row for about every twentieth of the time is enough to read.
    let step = hold_out.tracking.len().div_ceil(20).max(1);
    let last = hold_out.tracking.len().saturating_sub(1);
    let rows = hold_out.tracking.iter().enumerate();
    let rows = rows.filter(|(place, _)| place % step == 0 || *place == last).map(|(_, point)| {
        let counts = [point.actual, point.expected, point.lower, point.upper].map(|count| texts.count(count));
        std::iter::once(texts.date(point.day)).chain(counts).collect()
    });
    Table::new(caption)
        .words(texts.text("column-day"))
        .numbers(texts.text("series-actual"))
        .numbers(texts.text("series-expected"))
        .numbers(texts.text("column-lower"))
        .numbers(texts.text("column-upper"))
        .rows(rows)
}
