//! Who is still there: P(alive) and expected orders by frequency and recency.

use askama::Template;
use perennial_valuation::figures::HeatMaps;
use plotly::HeatMap;
use plotly::common::{ColorBar, ColorScale, ColorScalePalette, Font, HoverInfo};
use plotly::layout::AxisType;

use crate::Texts;
use crate::chart::{Chart, axis, colour, label, layout, plot};
use crate::table::Table;

#[derive(Template)]
#[template(path = "heat_maps.html")]
pub(super) struct HeatMapPair<'a> {
    texts: &'a Texts,
    lead: String,
    charts: Vec<Chart>,
}

/// One of the two maps.
struct Map<'a> {
    id: &'static str,
    caption: &'static str,
    title: String,
    cells: &'a [Vec<f64>],
    write: fn(&Texts, f64) -> String,
    /// How the colour bar writes its ticks (d3 number format).
    tick_format: &'static str,
}

impl<'a> HeatMapPair<'a> {
    pub(super) fn new(texts: &'a Texts, maps: Option<&HeatMaps>, horizon_days: f64) -> Self {
        let Some(maps) = maps else {
            return Self { texts, lead: texts.text("heat-maps-none"), charts: Vec::new() };
        };
        let alive = Map {
            id: "chart-alive",
            caption: "heat-maps-alive-caption",
            title: texts.text("heat-maps-alive"),
            cells: &maps.probability_alive,
            write: |texts, share| texts.language().percent(share, 0),
            tick_format: ".0%",
        };
        let orders = Map {
            id: "chart-orders",
            caption: "heat-maps-orders-caption",
            title: texts.text_with("heat-maps-orders", &[("horizon_days", horizon_days.into())]),
            cells: &maps.expected_orders,
            write: |texts, orders| texts.decimal(orders, 2),
            tick_format: "",
        };
        let lead = texts.text_with("heat-maps-lead", &[("age", maps.age_days.into())]);
        Self { texts, lead, charts: [alive, orders].map(|map| map.chart(texts, maps)).into() }
    }
}

impl Map<'_> {
    fn chart(self, texts: &Texts, maps: &HeatMaps) -> Chart {
        let days: Vec<String> = maps.days_since_last_order.iter().map(|&day| texts.count(day)).collect();
        let frequencies: Vec<String> = maps.frequency.iter().map(|&count| texts.count(count)).collect();
        let trace = HeatMap::new(days.clone(), frequencies.clone(), self.cells.to_vec())
            .color_scale(ColorScale::Palette(ColorScalePalette::Cividis))
            .color_bar(
                ColorBar::new()
                    .thickness(12)
                    .tick_format(self.tick_format)
                    .tick_font(Font::new().color(colour::QUIET)),
            )
            .hover_info(HoverInfo::Text)
            .text_matrix(self.hover(texts, maps));
        let layout = layout(texts.language())
            .x_axis(
                axis(&texts.text("axis-days-since"))
                    .type_(AxisType::Category)
                    .tick_values(labelled(days.len(), 6))
                    .show_grid(false),
            )
            .y_axis(
                axis(&texts.text("axis-repeat-orders"))
                    .type_(AxisType::Category)
                    .tick_values(labelled(frequencies.len(), 11))
                    .show_grid(false),
            );
        let caption = self.caption(texts, maps);
        let about = texts.text_with("heat-maps-table", &[("figure", self.title.clone().into())]);
        let table = self.table(texts, about, &days, &frequencies);
        Chart::new(texts, self.id, self.title, caption, &plot(vec![trace], layout), table)
    }

    fn hover(&self, texts: &Texts, maps: &HeatMaps) -> Vec<Vec<String>> {
        let rows = maps.frequency.iter().zip(self.cells);
        rows.map(|(&frequency, row)| {
            let cells = maps.days_since_last_order.iter().zip(row);
            cells
                .map(|(&days, &cell)| {
                    let value = (self.write)(texts, cell);
                    label(&texts.text_with(
                        "heat-maps-cell",
                        &[
                            ("frequency", frequency.into()),
                            ("days", days.into()),
                            ("figure", self.title.clone().into()),
                            ("value", value.into()),
                        ],
                    ))
                })
                .collect()
        })
        .collect()
    }

    /// Compares the first with the last cell of the middle row.
    fn caption(&self, texts: &Texts, maps: &HeatMaps) -> String {
        let row = maps.frequency.len() / 2;
        let cells = self.cells.get(row).map_or(&[][..], Vec::as_slice);
        let days = &maps.days_since_last_order;
        let number = |numbers: Option<&f64>| numbers.copied().unwrap_or(f64::NAN);
        texts.text_with(
            self.caption,
            &[
                ("frequency", maps.frequency.get(row).copied().unwrap_or_default().into()),
                ("recent", number(days.first()).into()),
                ("old", number(days.last()).into()),
                ("high", number(cells.first()).into()),
                ("low", number(cells.last()).into()),
            ],
        )
    }

    /// A coarse table: about eight columns are enough to read.
    fn table(&self, texts: &Texts, caption: String, days: &[String], frequencies: &[String]) -> Table {
        let step = days.len().div_ceil(8).max(1);
        let columns: Vec<usize> = (0..days.len()).step_by(step).collect();
        let head = Table::new(caption).numbers(texts.text("axis-repeat-orders"));
        let head = columns.iter().fold(head, |table, &column| table.numbers(&days[column]));
        head.rows(frequencies.iter().zip(self.cells).map(|(frequency, row)| {
            let cells = columns.iter().filter_map(|&column| row.get(column));
            std::iter::once(frequency.clone()).chain(cells.map(|&cell| (self.write)(texts, cell))).collect()
        }))
    }
}

/// The places of at most `most` labels over `count` categories.
fn labelled(count: usize, most: usize) -> Vec<f64> {
    (0..count).step_by(count.div_ceil(most).max(1)).map(|place| place as f64).collect()
}
