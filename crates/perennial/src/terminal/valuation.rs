//! A valuation in the terminal: totals, the most valuable customers, models, methods, warnings.

use perennial_report::Texts;
use perennial_valuation::figures::Estimate;
use perennial_valuation::hold_out::{Selection, SpendSelection};
use perennial_valuation::{CustomerValue, MethodPanel, Models, Valuation, Warning};
use serde_json::json;

use super::page::Align::{Left, Right};
use super::{Page, fits, span};

/// How many of the most valuable customers are shown; the rest stands in the report and the output file.
const TOP_CUSTOMERS: usize = 5;

/// All that is said of a valuation, but for the data that it was made from.
pub(crate) fn show(page: &mut Page, texts: &Texts, valuation: &Valuation) {
    let definitions = &valuation.definitions;
    page.heading(&texts.code("title", &json!({ "code": "as-of", "as_of": definitions.as_of.to_string() })));
    totals(page, texts, valuation);
    top_customers(page, texts, &valuation.top_customers);
    if let Some(models) = &valuation.models {
        show_models(page, texts, models);
    }
    methods(page, texts, &valuation.methods);
    warnings(page, texts, &valuation.warnings);
}

fn totals(page: &mut Page, texts: &Texts, valuation: &Valuation) {
    let (totals, definitions) = (&valuation.totals, &valuation.definitions);
    let level = json!({ "code": "column-interval", "level": texts.percent_rounded(definitions.level) });
    let heads = [
        texts.text("column-figure"),
        texts.text("terminal-column-total"),
        texts.code("terminal", &level),
        texts.text("column-value-per-customer"),
    ];
    let per_customer = |total: f64| texts.money(total / totals.customers as f64);
    let mut rows = Vec::new();
    let mut money = |figure: &str, value: Option<f64>, interval: Option<&Estimate>| {
        if let Some(value) = value {
            let interval = interval
                .map(|interval| money_span(texts, interval.lower, interval.upper))
                .unwrap_or_default();
            rows.push(vec![
                texts.figure(figure).name,
                texts.money_rounded(value),
                interval,
                per_customer(value),
            ]);
        }
    };
    let point = |estimate: &Option<Estimate>| estimate.map(|estimate| estimate.point);
    money("historic_clv", totals.historic_clv, None);
    money("predicted_clv", point(&totals.predicted_clv), totals.predicted_clv.as_ref());
    money("total_clv", point(&totals.total_clv), totals.total_clv.as_ref());
    if let Some(orders) = &totals.predicted_number_of_orders {
        rows.push(vec![
            texts.figure("predicted_number_of_orders").name,
            texts.count(orders.point),
            span(texts, &texts.count(orders.lower), &texts.count(orders.upper)),
            texts.decimal(orders.point / totals.customers as f64, 2),
        ]);
    }
    if let Some(active) = totals.active_customers {
        rows.push(vec![texts.text("card-active"), texts.count(active), String::new(), String::new()]);
    }
    rows.push(vec![
        texts.text("card-customers"),
        texts.count(totals.customers),
        String::new(),
        String::new(),
    ]);
    page.table(&[(&heads[0], Left), (&heads[1], Right), (&heads[2], Right), (&heads[3], Right)], rows);
    page.paragraph(&texts.code(
        "terminal",
        &json!({
            "code": "definitions",
            "horizon_days": definitions.horizon_days,
            "discount": texts.percent_rounded(definitions.discount),
            "time_zone": definitions.time_zone,
        }),
    ));
    if valuation.base.orphan_refunds > 0.0 {
        let amount = texts.money(valuation.base.orphan_refunds);
        page.paragraph(&texts.text_with("quality-orphan-refunds", &[("amount", amount.into())]));
    }
}

fn money_span(texts: &Texts, lower: f64, upper: f64) -> String {
    span(texts, &texts.money_rounded(lower), &texts.money_rounded(upper))
}

fn top_customers(page: &mut Page, texts: &Texts, customers: &[CustomerValue]) {
    if customers.is_empty() {
        return;
    }
    page.heading(&texts.text("customers-heading"));
    let heads = ["customer", "orders", "last", "historic", "predicted-clv", "from-to", "alive"]
        .map(|name| texts.text(&format!("terminal-column-{name}")));
    let mut columns: Vec<_> = heads.iter().map(|head| (head.as_str(), Right)).collect();
    columns[0].1 = Left;
    let missing = || texts.text("number-missing");
    let money = |amount: Option<f64>| amount.map_or_else(missing, |amount| texts.money_rounded(amount));
    let rows = customers
        .iter()
        .take(TOP_CUSTOMERS)
        .map(|customer| {
            vec![
                customer.customer_id.clone(),
                texts.count(customer.historic_number_of_orders),
                texts.date(customer.last_order_at),
                money(customer.historic_clv),
                money(customer.predicted_clv),
                match (customer.predicted_clv_lower, customer.predicted_clv_upper) {
                    (Some(lower), Some(upper)) => money_span(texts, lower, upper),
                    _ => missing(),
                },
                customer
                    .probability_alive
                    .map_or_else(missing, |alive| texts.percent_rounded((alive * 100.0).round() / 100.0)),
            ]
        })
        .collect();
    page.table(&columns, rows);
}

fn show_models(page: &mut Page, texts: &Texts, models: &Models) {
    page.heading(&texts.text("models-heading"));
    let fits: Vec<_> = std::iter::once(&models.transactions).chain(&models.spend).collect();
    fits::parameters(page, texts, &fits);
    selection(page, texts, &models.selection);
    if let Some(selection) = &models.spend_selection {
        spend_selection(page, texts, selection);
    }
}

/// Why this spend model: what it foretold of the last hold-out, beside the other.
fn spend_selection(page: &mut Page, texts: &Texts, selection: &SpendSelection) {
    page.paragraph(&texts.spend_selection(selection));
    if selection.until.is_none() {
        return;
    }
    let heads =
        ["model", "log-density", "mae-short"].map(|name| texts.text(&format!("terminal-column-{name}")));
    let score = |value: Option<f64>, decimals| {
        value.map_or_else(|| texts.text("number-missing"), |value| texts.decimal(value, decimals))
    };
    let rows = selection
        .candidates
        .iter()
        .map(|candidate| {
            vec![texts.model(&candidate.model), score(candidate.log_density, 4), score(candidate.mae, 2)]
        })
        .collect();
    page.table(&[(&heads[0], Left), (&heads[1], Right), (&heads[2], Right)], rows);
}

/// Why this model: the candidates' scores over the hold-outs.
fn selection(page: &mut Page, texts: &Texts, selection: &Selection) {
    if !selection.by_hold_out {
        page.paragraph(
            &texts.code("selection", &json!({ "code": "not-by-hold-out", "model": selection.chosen })),
        );
        return;
    }
    let days: Vec<String> = selection.origins.iter().map(|day| texts.date(*day)).collect();
    let why = json!({
        "code": "by-hold-out",
        "model": selection.chosen,
        "origins": selection.origins.len(),
        "days": days.join(", "),
    });
    page.paragraph(&texts.code("selection", &why));
    let heads = ["model", "log-score", "mae-short", "rmse-short", "bias"]
        .map(|name| texts.text(&format!("terminal-column-{name}")));
    let mut columns: Vec<_> = heads.iter().map(|head| (head.as_str(), Right)).collect();
    columns[0].1 = Left;
    let rows = selection
        .candidates
        .iter()
        .map(|candidate| {
            let score = |value: Option<f64>| {
                value.map_or_else(|| texts.text("number-missing"), |value| texts.decimal(value, 4))
            };
            vec![
                texts.model(&candidate.model),
                score(candidate.log_score),
                score(candidate.mae),
                score(candidate.rmse),
                candidate.bias.map_or_else(|| texts.text("number-missing"), |bias| texts.percent(bias)),
            ]
        })
        .collect();
    page.table(&columns, rows);
}

fn methods(page: &mut Page, texts: &Texts, panel: &MethodPanel) {
    page.heading(&texts.text("methods-heading"));
    let heads = ["method", "value-per-customer", "verdict"].map(|name| texts.text(&format!("column-{name}")));
    let rows = panel
        .methods
        .iter()
        .map(|method| {
            let verdict = if method.supported { "methods-supported" } else { "methods-not-supported" };
            let obstacle = method.reasons.first().filter(|_| !method.supported);
            let why = obstacle.map(|reason| format!(": {}", texts.reason(reason))).unwrap_or_default();
            vec![
                texts.code("method", &method.method),
                method.value.map_or_else(|| texts.text("methods-no-value"), |value| texts.money(value)),
                texts.text(verdict) + &why,
            ]
        })
        .collect();
    page.table(&[(&heads[0], Left), (&heads[1], Right), (&heads[2], Left)], rows);
    let advised = panel.advised.map_or_else(
        || texts.text("methods-advised-none"),
        |method| {
            texts.code("methods", &json!({ "code": "advised", "method": texts.code("method", &method) }))
        },
    );
    page.paragraph(&advised);
    bridge(page, texts, panel);
}

/// Why the first method with a value differs from the predictive one; the report shows the way from each.
fn bridge(page: &mut Page, texts: &Texts, panel: &MethodPanel) {
    let Some(first) = panel.bridge.first() else { return };
    let heads = [
        texts.code(
            "bridge",
            &json!({
                "code": "heading",
                "method": texts.code("method", &first.from),
                "to": texts.code("method", &perennial_valuation::Method::Predictive),
            }),
        ),
        texts.text("column-change"),
        texts.text("column-after"),
    ];
    let steps = panel.bridge.iter().filter(|step| step.from == first.from);
    let start = vec![texts.code("method", &first.from), String::new(), texts.money(first.before)];
    let rows = steps.map(|step| {
        vec![texts.bridge_step(step), texts.money_signed(step.after - step.before), texts.money(step.after)]
    });
    let rows = std::iter::once(start).chain(rows).collect();
    page.paragraph("");
    page.table(&[(&heads[0], Left), (&heads[1], Right), (&heads[2], Right)], rows);
}

pub(super) fn warnings(page: &mut Page, texts: &Texts, warnings: &[Warning]) {
    page.heading(&texts.text("warnings-heading"));
    if warnings.is_empty() {
        page.paragraph(&texts.text("warnings-none"));
        return;
    }
    let rows = warnings
        .iter()
        .map(|warning| {
            let words = texts.warning(warning);
            let text = format!("{}.\n{} {}", words.title.trim_end_matches('.'), words.text, words.remedy);
            vec![texts.code("severity", &warning.severity), text]
        })
        .collect();
    page.rows(&[Left, Left], rows);
}
