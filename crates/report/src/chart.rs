//! A chart as it stands on the page: the drawing, a sentence that says what it shows, and its numbers as a table.

use askama::Template;
use plotly::common::{Anchor, Font, Orientation, Title};
use plotly::layout::{Axis, HoverMode, Legend, Margin};
use plotly::{Layout, Plot, Trace};

use crate::table::Table;
use crate::{Language, Texts};

/// The colours of the charts are names of the style sheet, which has a light and a dark value for each; the page's
/// script puts the values in when it draws.
pub(crate) mod colour {
    pub(crate) const INK: &str = "var(--ink)";
    pub(crate) const QUIET: &str = "var(--quiet)";
    pub(crate) const LINE: &str = "var(--line)";
    pub(crate) const FIRST: &str = "var(--series-1)";
    pub(crate) const SECOND: &str = "var(--series-2)";
    pub(crate) const BAND: &str = "var(--band)";
    pub(crate) const CLEAR: &str = "rgba(0,0,0,0)";
}

/// A chart with its two alternatives in text.
#[derive(Debug, Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart {
    id: &'static str,
    title: String,
    caption: String,
    /// The traces and the layout as JSON that is safe inside a script element.
    json: String,
    table: Table,
    show_numbers: String,
}

impl Chart {
    pub(crate) fn new(
        texts: &Texts,
        id: &'static str,
        title: String,
        caption: String,
        plot: &Plot,
        table: Table,
    ) -> Self {
        let json = for_script(&plot.to_json());
        Self {
            id,
            title,
            caption,
            json,
            table: table.under_heading(),
            show_numbers: texts.text("show-numbers"),
        }
    }
}

/// Traces under a layout.
pub(crate) fn plot(traces: Vec<Box<dyn Trace>>, layout: Layout) -> Plot {
    let mut plot = Plot::new();
    plot.add_traces(traces);
    plot.set_layout(layout);
    plot
}

/// The layout that all charts share.
pub(crate) fn layout(language: Language) -> Layout {
    let (thousands, point) = language.separators();
    Layout::new()
        .auto_size(true)
        .separators(format!("{point}{thousands}"))
        .font(Font::new().color(colour::INK).size(13))
        .paper_background_color(colour::CLEAR)
        .plot_background_color(colour::CLEAR)
        .margin(Margin::new().left(8).right(12).top(36).bottom(14).auto_expand(true))
        .hover_mode(HoverMode::Closest)
        .legend(
            Legend::new()
                .orientation(Orientation::Horizontal)
                .x(0.0)
                .x_anchor(Anchor::Left)
                .y(1.02)
                .y_anchor(Anchor::Bottom),
        )
}

/// An axis with its title.
pub(crate) fn axis(title: &str) -> Axis {
    Axis::new()
        .title(Title::with_text(title).font(Font::new().color(colour::QUIET).size(13)))
        .color(colour::QUIET)
        .grid_color(colour::LINE)
        .zero_line_color(colour::LINE)
        .line_color(colour::LINE)
        .auto_margin(true)
        .separate_thousands(true)
        .fixed_range(false)
}

/// JSON that no text in it can end the script element, or begin a comment, around it.
fn for_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Text that the chart library takes for text: it reads a few HTML elements in labels.
pub(crate) fn label(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_end_the_script_element() {
        assert_eq!(for_script(r#"["</script><!--&"]"#), r#"["\u003c/script\u003e\u003c!--\u0026"]"#);
    }
}
