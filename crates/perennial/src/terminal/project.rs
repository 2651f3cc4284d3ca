//! A project's check, run, snapshots and comparison in the terminal.

use perennial_project::run::{DateOutcome, HandedOff, RunOutcome};
use perennial_project::snapshot::{Comparison, Condition, Manifest, Side};
use perennial_project::{CheckOutcome, Project};
use perennial_report::{Language, Texts};
use perennial_valuation::figures::Estimate;

use super::Page;
use super::page::Align::{Left, Right};
use crate::commands::snapshots::Listed;

/// What a check found to be right.
pub(crate) fn check(page: &mut Page, project: &Project, outcome: &CheckOutcome) {
    page.heading(&format!("{} is right", project.file.display()));
    for source in &outcome.sources {
        page.heading(&format!("Source {}: {} from {}", source.name, source.table, source.location));
        let first = |column: &str| {
            source.first_row.iter().find(|(name, _)| name == column).map(|(_, value)| value.clone())
        };
        let rows = source.columns.iter().map(|(column, from)| {
            vec![column.clone(), from.clone(), first(from).or_else(|| first(column)).unwrap_or_default()]
        });
        page.table(&[("Column", Left), ("From", Left), ("First row", Left)], rows.collect());
    }
    if !outcome.exports.is_empty() {
        page.heading("Exports");
        let rows = outcome.exports.iter().map(|export| {
            let whose = if export.asks_consent { "customers who agreed" } else { "all customers" };
            let columns = match export.columns.len() {
                0..=6 => export.columns.join(", "),
                many => format!("{many} columns"),
            };
            vec![export.to.clone(), whose.to_owned(), columns]
        });
        page.table(&[("To", Left), ("Whose", Left), ("Columns", Left)], rows.collect());
    }
    page.heading("Store and schedule");
    let store = outcome.store.clone().unwrap_or_default();
    let there = if outcome.store_exists { "" } else { " (made by the first run)" };
    page.paragraph(&format!("Store: {store}{there}"));
    let zone = &project.sections.shop.time_zone;
    let next =
        outcome.next_runs.iter().map(|next| next.to_zoned(zone.clone()).strftime("%F %H:%M %Z").to_string());
    let next: Vec<String> = next.collect();
    page.paragraph(&if next.is_empty() {
        "No schedule.".to_owned()
    } else {
        format!("Next runs: {}", next.join(", "))
    });
}

/// What a run has made.
pub(crate) fn run(page: &mut Page, outcome: &RunOutcome) {
    for date in &outcome.dates {
        match date {
            DateOutcome::Made { folder, manifest, .. } => {
                made(page, manifest);
                page.paragraph(&format!("Snapshot: {}", folder.display()));
            }
            DateOutcome::Unchanged { as_of, snapshot } => {
                page.paragraph(&format!("{as_of}: nothing changed since {snapshot}."));
            }
            DateOutcome::TooEarly { as_of } => {
                page.paragraph(&format!("{as_of}: no order was known by then."));
            }
        }
    }
    if outcome.dates.is_empty() {
        page.paragraph("No period has ended since that date.");
    }
    handed_off(page, &outcome.handed_off);
}

fn made(page: &mut Page, manifest: &Manifest) {
    let texts = texts(manifest.valuation.definitions.currency.as_deref(), manifest);
    page.heading(&format!("{} as of {}", manifest.shop, texts.date(manifest.as_of)));
    let side = Side::from(manifest);
    let mut rows = vec![vec!["Customers".to_owned(), texts.count(side.customers), String::new()]];
    let mut row = |name: &str, value: Option<f64>, interval: Option<&Estimate>| {
        if let Some(value) = value {
            let interval = interval.map(|interval| texts.money_interval(interval)).unwrap_or_default();
            rows.push(vec![name.to_owned(), texts.money_rounded(value), interval]);
        }
    };
    row("Historic CLV", side.historic_clv, None);
    row("Predicted CLV", side.predicted_clv.map(|estimate| estimate.point), side.predicted_clv.as_ref());
    row("Total CLV", side.total_clv.map(|estimate| estimate.point), side.total_clv.as_ref());
    page.rows(&[Left, Right, Left], rows);
    if !manifest.tiers.is_empty() {
        let tiers = manifest.tiers.iter().map(|tier| {
            vec![tier.name.clone(), texts.count(tier.customers), texts.money_rounded(tier.total_clv)]
        });
        page.paragraph("");
        page.table(&[("Tier", Left), ("Customers", Right), ("Total CLV", Right)], tiers.collect());
    }
    quality(page, &texts, manifest);
    if let Some(restated) = &manifest.restates {
        page.paragraph(&format!(
            "It restates {restated}: perennial snapshots compare {restated} {} says what changed.",
            manifest.name
        ));
    }
}

/// Findings about the data, with their trend.
fn quality(page: &mut Page, texts: &Texts, manifest: &Manifest) {
    let rows: Vec<Vec<String>> = manifest
        .quality()
        .iter()
        .flat_map(|report| {
            let trends = manifest.trends.get(&report.source);
            report.checks.iter().map(move |check| {
                let trend = trends
                    .into_iter()
                    .flatten()
                    .find(|trend| trend.code == check.code && trend.subject == check.subject)
                    .map(|trend| format!("{:?}", trend.change).to_lowercase())
                    .unwrap_or_default();
                let subject =
                    check.subject.as_ref().map(|subject| format!(" ({subject})")).unwrap_or_default();
                vec![
                    report.source.clone(),
                    format!("{}{subject}", check.code.to_string().replace('_', " ")),
                    texts.count(check.count),
                    texts.percent(check.share),
                    trend,
                ]
            })
        })
        .collect();
    if !rows.is_empty() {
        page.paragraph("");
        let heads = [
            ("Source", Left),
            ("Finding", Left),
            ("Count", Right),
            ("Share", Right),
            ("Since the last run", Left),
        ];
        page.table(&heads, rows);
    }
}

fn handed_off(page: &mut Page, handed_off: &[HandedOff]) {
    if handed_off.is_empty() {
        return;
    }
    let rows = handed_off.iter().map(|handed| {
        let told = match &handed.problem {
            Some(problem) => format!("failed: {problem}"),
            None if handed.without_consent > 0 => {
                format!("{} left out without consent", handed.without_consent)
            }
            None => String::new(),
        };
        vec![handed.to.clone(), handed.customers.to_string(), told]
    });
    page.paragraph("");
    page.table(&[("Went to", Left), ("Customers", Right), ("", Left)], rows.collect());
}

/// The list of snapshots.
pub(crate) fn snapshots(page: &mut Page, listed: &[Listed]) {
    if listed.is_empty() {
        page.paragraph("There is no snapshot yet; perennial run makes one.");
        return;
    }
    let rows = listed.iter().map(|listed| {
        let Some(side) = &listed.totals else {
            return vec![
                listed.name.clone(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                note(listed),
            ];
        };
        let texts = plain();
        let money = |value: Option<f64>| value.map(|value| texts.decimal(value, 0)).unwrap_or_default();
        let predicted = side.predicted_clv.map(|estimate| {
            format!(
                "{} ({} \u{2013} {})",
                money(Some(estimate.point)),
                money(Some(estimate.lower)),
                money(Some(estimate.upper))
            )
        });
        vec![
            listed.name.clone(),
            side.made_at.strftime("%F").to_string(),
            texts.count(side.customers),
            money(side.historic_clv),
            predicted.unwrap_or_default(),
            note(listed),
        ]
    });
    let heads = [
        ("Snapshot", Left),
        ("Made", Left),
        ("Customers", Right),
        ("Historic", Right),
        ("Predicted", Right),
        ("", Left),
    ];
    page.table(&heads, rows.collect());
}

fn note(listed: &Listed) -> String {
    let mut notes = Vec::new();
    if let Condition::Damaged(problem) = &listed.condition {
        notes.push(format!("DAMAGED: {problem}"));
    }
    if let Some(restated) = &listed.restates {
        notes.push(format!("restates {restated}"));
    }
    if let Some(findings @ 1..) = listed.quality_findings {
        notes.push(format!("{findings} findings"));
    }
    if listed.redacted_customers > 0 {
        notes.push(format!("{} erased", listed.redacted_customers));
    }
    notes.join("; ")
}

/// Two snapshots side by side.
pub(crate) fn comparison(page: &mut Page, comparison: &Comparison) {
    let Comparison { before, after, .. } = comparison;
    let texts = plain();
    page.heading(&if comparison.restatement {
        format!("{} restates {}", after.name, before.name)
    } else {
        format!("From {} to {}", before.name, after.name)
    });
    let amount = |value: Option<f64>| value.map(|value| texts.decimal(value, 2)).unwrap_or_default();
    let point = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.point);
    let change = |before: Option<f64>, after: Option<f64>| {
        before.zip(after).map(|(before, after)| texts.decimal(after - before, 2)).unwrap_or_default()
    };
    let row = |name: &str, before: Option<f64>, after: Option<f64>| {
        vec![name.to_owned(), amount(before), amount(after), change(before, after)]
    };
    page.table(
        &[("", Left), ("Before", Right), ("After", Right), ("Change", Right)],
        vec![
            row("Customers", Some(before.customers as f64), Some(after.customers as f64)),
            row("Historic CLV", before.historic_clv, after.historic_clv),
            row("Predicted CLV", point(before.predicted_clv), point(after.predicted_clv)),
            row("Total CLV", point(before.total_clv), point(after.total_clv)),
        ],
    );
    page.paragraph(&format!(
        "{} customers are new, {} are gone, the value of {} moved: {} up, {} down.",
        texts.count(comparison.new_customers),
        texts.count(comparison.gone_customers),
        texts.count(comparison.moved_customers),
        texts.decimal(comparison.gained, 2),
        texts.decimal(comparison.lost, 2),
    ));
    if !comparison.reasons.is_empty() {
        page.heading("What is not the same");
        let rows = comparison
            .reasons
            .iter()
            .map(|reason| vec![reason.what.replace('_', " "), reason.before.clone(), reason.after.clone()]);
        page.table(&[("", Left), ("Before", Left), ("After", Left)], rows.collect());
    }
    if !comparison.moved.is_empty() {
        page.heading("Whose value moved most");
        let rows = comparison.moved.iter().map(|moved| row(&moved.customer_id, moved.before, moved.after));
        page.table(
            &[("Customer", Left), ("Before", Right), ("After", Right), ("Change", Right)],
            rows.collect(),
        );
    }
}

fn plain() -> Texts {
    Texts::plain(Language::English)
}

/// Texts with the currency of a snapshot.
fn texts(currency: Option<&str>, manifest: &Manifest) -> Texts {
    match currency {
        Some(_) => Texts::new(Language::English, &manifest.valuation.definitions),
        None => plain(),
    }
}
