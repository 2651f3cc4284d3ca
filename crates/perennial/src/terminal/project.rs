//! A project's check, run, snapshots and comparison in the terminal.

use perennial_project::run::{CrmPreview, DateOutcome, HandedOff, KeptBack, RunOutcome};
use perennial_project::snapshot::{Comparison, Condition, Manifest, Side};
use perennial_project::{CheckOutcome, Project};
use perennial_report::{Language, Texts};
use perennial_valuation::figures::Estimate;

use super::Page;
use super::page::Align::{Left, Right};
use crate::commands::snapshots::Listed;

/// Customers whose changes in a CRM are shown; JSON has more.
const CHANGES: usize = 10;

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
        let currencies =
            source.currencies.iter().map(|(code, rows)| format!("{code} ({} rows)", plain().count(*rows)));
        let currencies: Vec<String> = currencies.collect();
        if !currencies.is_empty() {
            page.paragraph(&format!("Currencies: {}", currencies.join(", ")));
        }
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
    if let Some(preview) = &outcome.crm {
        crm(page, preview);
    }
}

/// What a CRM would be told.
fn crm(page: &mut Page, preview: &CrmPreview) {
    page.heading(&format!("What {} would be told of {}", preview.to, preview.snapshot));
    let counts = [
        ("Customers", preview.customers),
        ("Left out without consent", preview.without_consent),
        ("Left out: nothing identifies them there", preview.unidentified),
        ("Left out: another customer has the same identifier", preview.refused),
        ("Nothing new", preview.unchanged),
        ("Would be updated", preview.updated),
    ];
    let counts = counts.into_iter().map(|(what, count)| vec![what.to_owned(), plain().count(count)]);
    page.rows(&[Left, Right], counts.collect());
    let changes = preview.changes.iter().take(CHANGES).flat_map(|(customer, properties)| {
        properties.iter().map(move |(property, change)| {
            let before = change.before.clone().unwrap_or_default();
            vec![customer.clone(), property.clone(), before, change.after.clone()]
        })
    });
    let changes: Vec<Vec<String>> = changes.collect();
    if !changes.is_empty() {
        page.paragraph("");
        let heads = [("Customer", Left), ("Property", Left), ("Told last", Right), ("Would be told", Right)];
        page.table(&heads, changes);
    }
}

/// What a run has made.
pub(crate) fn run(page: &mut Page, outcome: &RunOutcome) {
    let is_made = |date: &DateOutcome| matches!(date, DateOutcome::Made { .. });
    let last = outcome.dates.iter().rposition(is_made);
    for (place, date) in outcome.dates.iter().enumerate() {
        match date {
            DateOutcome::Made { folder, manifest, .. } => {
                made(page, manifest);
                // All dates are of one reading, so what was found in it is told once.
                if Some(place) == last {
                    details(page, manifest);
                }
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
        page.paragraph("No period since that date has ended within the data.");
    }
    if let Some(KeptBack { snapshot, published }) = &outcome.kept_back {
        page.paragraph(&format!(
            "{snapshot} is of the past: profiles, exports, CRM and run.completed go on to go by {published}."
        ));
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
    if let Some(restated) = &manifest.restates {
        page.paragraph(&format!(
            "It restates {restated}: perennial snapshots compare {restated} {} says what changed.",
            manifest.name
        ));
    }
}

/// What to keep in mind of the values, and findings about the data.
fn details(page: &mut Page, manifest: &Manifest) {
    let texts = texts(manifest.valuation.definitions.currency.as_deref(), manifest);
    quality(page, &texts, manifest);
    if !manifest.valuation.warnings.is_empty() {
        super::valuation::warnings(page, &texts, &manifest.valuation.warnings);
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
        let left_out = [(handed.without_consent, "without consent"), (handed.unidentified, "unknown there")];
        let left_out = left_out.into_iter().filter(|(count, _)| *count > 0);
        let mut told: Vec<String> = left_out.map(|(count, why)| format!("{count} left out: {why}")).collect();
        told.extend(handed.problem.as_ref().map(|problem| format!("failed: {problem}")));
        vec![handed.to.clone(), handed.customers.to_string(), told.join("; ")]
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
    let difference = |before: Option<f64>, after: Option<f64>| {
        before.zip(after).map(|(before, after)| texts.decimal(after - before, 2)).unwrap_or_default()
    };
    let change =
        |before, after| if comparison.values.is_some() { difference(before, after) } else { String::new() };
    let row = |name: &str, before: Option<f64>, after: Option<f64>| {
        vec![name.to_owned(), amount(before), amount(after), change(before, after)]
    };
    let change_of_customers = texts.decimal(after.customers as f64 - before.customers as f64, 0);
    let customers = vec![
        "Customers".to_owned(),
        texts.count(before.customers),
        texts.count(after.customers),
        change_of_customers,
    ];
    page.table(
        &[("", Left), ("Before", Right), ("After", Right), ("Change", Right)],
        vec![
            customers,
            row("Historic CLV", before.historic_clv, after.historic_clv),
            row("Predicted CLV", point(before.predicted_clv), point(after.predicted_clv)),
            row("Total CLV", point(before.total_clv), point(after.total_clv)),
        ],
    );
    let counted = format!(
        "{} customers are new, {} are gone",
        texts.count(comparison.new_customers),
        texts.count(comparison.gone_customers)
    );
    page.paragraph(&match &comparison.values {
        Some(values) => format!(
            "{counted}, the value of {} moved: {} up, {} down.",
            texts.count(values.moved_customers),
            texts.decimal(values.gained, 2),
            texts.decimal(values.lost, 2),
        ),
        None => format!(
            "{counted}. Amounts are not compared: they are in {} before and in {} after.",
            currency(before),
            currency(after)
        ),
    });
    if !comparison.reasons.is_empty() {
        page.heading("What is not the same");
        let rows = comparison
            .reasons
            .iter()
            .map(|reason| vec![reason.what.replace('_', " "), reason.before.clone(), reason.after.clone()]);
        page.table(&[("", Left), ("Before", Left), ("After", Left)], rows.collect());
    }
    if let Some(values) = comparison.values.as_ref().filter(|values| !values.moved.is_empty()) {
        page.heading("Whose value moved most");
        let rows = values.moved.iter().map(|moved| row(&moved.customer_id, moved.before, moved.after));
        page.table(
            &[("Customer", Left), ("Before", Right), ("After", Right), ("Change", Right)],
            rows.collect(),
        );
    }
}

fn currency(side: &Side) -> &str {
    side.currency.as_deref().unwrap_or("no known currency")
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
