//! How value is spread over customers: a histogram and the Lorenz curve.

use askama::Template;
use perennial_valuation::figures::{Bin, Distribution};
use plotly::common::{DashType, Fill, HoverInfo, Line, Marker, Mode};
use plotly::layout::BarMode;
use plotly::{Bar, Scatter};

use crate::Texts;
use crate::chart::{Chart, axis, colour, label, layout, plot};
use crate::table::Table;

/// The section, with a sentence in the place of a chart that has nothing to show.
#[derive(Template)]
#[template(path = "spread.html")]
pub(super) struct Spread<'a> {
    texts: &'a Texts,
    histogram: Option<Chart>,
    concentration: Option<Chart>,
}

impl<'a> Spread<'a> {
    pub(super) fn new(texts: &'a Texts, distribution: &Distribution) -> Self {
        let customers: u64 = distribution.histogram.iter().map(|bin| bin.customers).sum();
        let has_curve = distribution.concentration.len() > 1;
        Self {
            texts,
            histogram: (customers > 0).then(|| histogram(texts, distribution, customers)),
            concentration: has_curve.then(|| concentration(texts, distribution)),
        }
    }
}

/// Writes a value of the figure: an amount, or a number of orders.
fn write(texts: &Texts, figure: &str, value: f64) -> String {
    match figure {
        "predicted_number_of_orders" if value.fract() == 0.0 => texts.count(value),
        "predicted_number_of_orders" => texts.decimal(value, 2),
        _ => texts.money_rounded(value),
    }
}

fn histogram(texts: &Texts, distribution: &Distribution, customers: u64) -> Chart {
    let figure = distribution.figure.as_str();
    let bins = &distribution.histogram;
    let places: Vec<f64> = (0..bins.len()).map(|place| place as f64 + 0.5).collect();
    let counts = bins.iter().map(|bin| bin.customers).collect();
    let hover = bins.iter().map(|bin| label(&bin_text(texts, figure, bin, customers))).collect();
    let trace = Bar::new(places, counts)
        .marker(Marker::new().color(colour::FIRST))
        .hover_text_array(hover)
        .hover_info(HoverInfo::Text)
        .show_legend(false);
    let title = texts.text_with("distribution-figure", &[("figure", figure.to_owned().into())]);
    let every = bins.len().div_ceil(5).max(1);
    let edges: Vec<usize> = (0..=bins.len()).filter(|edge| edge % every == 0 && *edge < bins.len()).collect();
    let edge_texts = edges.iter().map(|&edge| label(&write(texts, figure, bins[edge].from))).collect();
    let layout = layout(texts.language())
        .bar_gap(0.06)
        .bar_mode(BarMode::Overlay)
        .x_axis(
            axis(&label(&title))
                .tick_values(edges.iter().map(|&edge| edge as f64).collect())
                .tick_text(edge_texts)
                .show_grid(false)
                .zero_line(false),
        )
        .y_axis(axis(&texts.text("axis-customers")));
    let table = Table::new(title.clone())
        .numbers(texts.text("column-from"))
        .numbers(texts.text("column-to"))
        .numbers(texts.text("column-customers"))
        .rows(bins.iter().map(|bin| {
            vec![write(texts, figure, bin.from), write(texts, figure, bin.to), texts.count(bin.customers)]
        }));
    let caption = histogram_caption(texts, distribution, customers);
    Chart::new(texts, "chart-distribution", title, caption, &plot(vec![trace], layout), table)
}

fn bin_text(texts: &Texts, figure: &str, bin: &Bin, customers: u64) -> String {
    texts.text_with(
        "distribution-bin",
        &[
            ("from", write(texts, figure, bin.from).into()),
            ("to", write(texts, figure, bin.to).into()),
            ("customers", bin.customers.into()),
            ("share", (bin.customers as f64 / customers as f64).into()),
        ],
    )
}

/// Says how many customers lie in the lower bins, up to the first edge that leaves at least half of them below it.
fn histogram_caption(texts: &Texts, distribution: &Distribution, customers: u64) -> String {
    let figure = distribution.figure.as_str();
    let mut below = 0;
    let mut edge = 0.0;
    for bin in &distribution.histogram {
        below += bin.customers;
        edge = bin.to;
        if below * 2 >= customers {
            break;
        }
    }
    let mut caption = texts.text_with(
        "distribution-caption",
        &[
            ("below", below.into()),
            ("customers", customers.into()),
            ("share", (below as f64 / customers as f64).into()),
            ("edge", write(texts, figure, edge).into()),
        ],
    );
    if let [.., before, last] = distribution.histogram.as_slice()
        && last.to - last.from > 1.5 * (before.to - before.from)
    {
        let (edge, most) = (write(texts, figure, last.from), write(texts, figure, last.to));
        caption.push(' ');
        caption.push_str(
            &texts.text_with("distribution-last-bin", &[("edge", edge.into()), ("most", most.into())]),
        );
    }
    caption
}

fn concentration(texts: &Texts, distribution: &Distribution) -> Chart {
    let figure = ("figure", distribution.figure.clone().into());
    let curve = &distribution.concentration;
    let percent = |share: f64| texts.percent(share);
    let hover = curve.iter().map(|&(customers, value)| {
        let shares =
            [figure.clone(), ("customers", percent(customers).into()), ("value", percent(value).into())];
        label(&texts.text_with("concentration-point", &shares))
    });
    let ours = Scatter::new(
        curve.iter().map(|point| point.0 * 100.0).collect(),
        curve.iter().map(|point| point.1 * 100.0).collect(),
    )
    .name(texts.text("series-customers"))
    .mode(Mode::Lines)
    .line(Line::new().color(colour::FIRST).width(2.5))
    .fill(Fill::ToZeroY)
    .fill_color(colour::BAND)
    .hover_text_array(hover.collect())
    .hover_info(HoverInfo::Text);
    let equal = Scatter::new(vec![0.0, 100.0], vec![0.0, 100.0])
        .name(texts.text("series-equal"))
        .mode(Mode::Lines)
        .line(Line::new().color(colour::QUIET).width(1.5).dash(DashType::Dot))
        .hover_info(HoverInfo::Skip);
    let share_axis = |key: &str| {
        axis(&texts.text_with(key, std::slice::from_ref(&figure))).tick_suffix(texts.text("percent-suffix"))
    };
    let layout = layout(texts.language())
        .x_axis(share_axis("axis-share-of-customers").range(vec![0.0, 100.0]))
        .y_axis(share_axis("axis-share-of-value"));
    let caption = texts.text_with(
        "concentration-caption",
        &[
            ("customers", distribution.top_decile_customers.into()),
            ("share", distribution.top_decile_share.into()),
            ("gini", distribution.gini.into()),
        ],
    );
    let title = texts.text("concentration-title");
    let table = Table::new(title.clone())
        .numbers(texts.text("axis-share-of-customers"))
        .numbers(texts.text_with("axis-share-of-value", std::slice::from_ref(&figure)))
        .rows(every_tenth(curve).map(|&(customers, value)| vec![percent(customers), percent(value)]));
    Chart::new(texts, "chart-concentration", title, caption, &plot(vec![ours, equal], layout), table)
}

/// About ten points of a curve, its last among them.
fn every_tenth<T>(points: &[T]) -> impl Iterator<Item = &T> {
    let step = points.len().saturating_sub(1).div_ceil(10).max(1);
    let last = points.len().saturating_sub(1);
    points
        .iter()
        .enumerate()
        .filter(move |(place, _)| place % step == 0 || *place == last)
        .map(|(_, point)| point)
}
