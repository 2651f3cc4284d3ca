//! The page as a browser gets it.

mod fixture;

use perennial_report::{Language, html, write_html};
use perennial_valuation::Valuation;

fn page(valuation: &Valuation, language: Language) -> String {
    html(valuation, &fixture::reading(), language).expect("a page")
}

/// The page without what lies in script elements (the chart library, the charts' data, the page's own script).
fn markup(page: &str) -> String {
    let mut parts = page.split("<script");
    let mut text = parts.next().expect("the text before the first script").to_owned();
    for part in parts {
        text.push_str(part.split_once("</script>").expect("every script ends").1);
    }
    text
}

fn all_pages() -> impl Iterator<Item = String> {
    let valuations =
        [fixture::valuation(), fixture::valuation_without_money(), fixture::valuation_without_models()];
    valuations.into_iter().flat_map(|valuation| Language::ALL.map(|language| page(&valuation, language)))
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    for page in all_pages() {
        let markup = markup(&page);
        for mark in [" src=", "<link", "<iframe", "<img", "@import", "url(", "http:", "https:"] {
            assert!(!markup.contains(mark), "{mark}");
        }
        for target in markup.split(" href=\"").skip(1) {
            assert!(target.starts_with('#'), "{}", &target[..40]);
        }
        assert!(page.split("<script").skip(1).all(|script| {
            let tag = script.split('>').next().unwrap();
            !tag.contains("src")
        }));
        assert!(markup.contains("default-src 'none'"));
    }
}

#[test]
fn the_chart_library_stands_in_the_page_once_and_the_formula_renderer_does_not() {
    let page = page(&fixture::valuation(), Language::English);
    assert_eq!(page.matches("plotly.js v").count(), 1);
    assert_eq!(page.matches("<script type=\"text/javascript\">").count(), 1);
    // The library has 4.7 million bytes, the formula renderer would add 2.1.
    assert!(page.len() < 5_200_000, "{} bytes", page.len());
}

#[test]
fn no_text_is_missing_and_no_number_is_not_one() {
    for page in all_pages() {
        let markup = markup(&page);
        for mark in ["Unknown localization", "{ $", "NaN", "inf ", "infinity"] {
            assert!(!markup.contains(mark), "{mark} in {}", around(&markup, mark));
        }
    }
}

fn around(text: &str, mark: &str) -> String {
    let place = text.find(mark).expect("a mark that was found");
    text[..place].chars().rev().take(60).collect::<String>().chars().rev().collect()
}

#[test]
fn every_section_stands_on_every_page_with_headings_in_order() {
    for page in all_pages() {
        let markup = markup(&page);
        let ids = [
            "summary",
            "warnings",
            "definitions",
            "distribution",
            "tracking",
            "deciles",
            "coverage",
            "heat-maps",
            "models",
            "methods",
            "quality",
            "customers",
            "glossary",
        ];
        for id in ids {
            assert_eq!(markup.matches(&format!("<section id=\"{id}\"")).count(), 1, "{id}");
        }
        assert_eq!(markup.matches("<h1").count(), 1);
        let levels: Vec<u32> = markup
            .match_indices("<h")
            .filter_map(|(place, _)| markup[place + 2..].chars().next()?.to_digit(10))
            .collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    }
}

#[test]
fn every_chart_has_a_sentence_and_a_table() {
    let page = page(&fixture::valuation(), Language::English);
    let charts: Vec<&str> = page.split("<figure").skip(1).collect();
    assert_eq!(charts.len(), 7);
    for chart in charts {
        let chart = chart.split("</figure>").next().unwrap();
        assert!(chart.contains("<figcaption") && chart.contains("<table") && chart.contains("role=\"img\""));
        let data = chart.split("data-chart").nth(1).unwrap().split_once('>').unwrap().1;
        let data: serde_json::Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
        assert!(data["data"].as_array().is_some_and(|traces| !traces.is_empty()));
    }
}

#[test]
fn the_page_speaks_its_language() {
    let english = page(&fixture::valuation(), Language::English);
    assert!(english.contains("<html lang=\"en\">") && english.contains("What to keep in mind"));
    assert!(english.contains("Your 2,357 customers are expected to earn you \u{20ac}48,730 within 365 days"));
    let german = page(&fixture::valuation(), Language::German);
    assert!(german.contains("<html lang=\"de\">") && german.contains("Was zu beachten ist"));
    assert!(german.contains("voraussichtlich 48.730\u{a0}\u{20ac} ein"));
}

#[test]
fn a_hostile_id_stays_text() {
    let mut valuation = fixture::valuation();
    valuation.definitions.currency = Some("</script><script>alert(1)</script>".into());
    let mut reading = fixture::reading();
    reading.columns[0].column = "<img src=x onerror=alert(1)>".into();
    let page = html(&valuation, &reading, Language::English).unwrap();
    for mark in ["<script>alert", "<img", fixture::HOSTILE_ID] {
        assert!(!page.contains(mark), "{mark}");
    }
    assert!(page.contains("alert(&#39;id&#39;)"));
}

#[test]
fn without_amounts_there_is_no_money_on_the_page() {
    let page = page(&fixture::valuation_without_money(), Language::English);
    let markup = markup(&page);
    assert!(markup.contains("Your 2,357 customers are expected to place 2,412 orders within 365 days"));
    assert!(markup.contains("Orders expected per customer"));
    assert!(!markup.contains('\u{20ac}'));
    assert!(markup.contains("Money could not be judged"));
}

#[test]
fn without_models_every_section_says_why_it_is_empty() {
    let page = page(&fixture::valuation_without_models(), Language::English);
    let markup = markup(&page);
    assert!(markup.contains("The data does not support a prediction"));
    for text in [
        "No model could be fitted, so there is nothing to judge.",
        "No model could be fitted, so there is no chance of being active to show.",
        "The values are what has been earned so far.",
        "Historic revenue CLV",
    ] {
        assert!(markup.contains(text), "{text}");
    }
}

#[test]
fn a_base_without_customers_makes_a_page() {
    let mut valuation = fixture::valuation_without_models();
    let base = &mut valuation.base;
    (base.customers, base.transactions, base.paid_transactions) = (0, 0, 0);
    valuation.totals.customers = 0;
    valuation.totals.historic_clv = Some(0.0);
    valuation.top_customers.clear();
    valuation.distribution = perennial_valuation::figures::Distribution::new("historic_clv", &mut Vec::new());
    let page = page(&valuation, Language::German);
    assert!(page.contains("Es gibt keinen Kunden"));
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let path = std::path::Path::new("no such folder/report.html");
    let error = write_html(path, &fixture::valuation(), &fixture::reading(), Language::English).unwrap_err();
    assert_eq!(error.to_string(), "the report could not be written to no such folder/report.html");
}
