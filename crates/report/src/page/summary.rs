//! The page's first screen: the valuation in a few sentences and its totals as cards.

use askama::Template;
use perennial_valuation::Valuation;
use perennial_valuation::figures::{Distribution, Totals};

use crate::Texts;

#[derive(Template)]
#[template(path = "summary.html")]
pub(super) struct Summary<'a> {
    texts: &'a Texts,
    sentences: Vec<String>,
    cards: Vec<Card>,
}

/// A total with its name, its interval and what it is made of.
struct Card {
    name: String,
    value: String,
    interval: Option<String>,
    detail: Option<String>,
}

impl<'a> Summary<'a> {
    pub(super) fn new(texts: &'a Texts, valuation: &Valuation) -> Self {
        Self { texts, sentences: sentences(texts, valuation), cards: cards(texts, valuation) }
    }
}

fn sentences(texts: &Texts, valuation: &Valuation) -> Vec<String> {
    let mut sentences = vec![expectation(texts, valuation)];
    if let Some(earned) = valuation.totals.historic_clv {
        sentences
            .push(texts.text_with("summary-earned", &[("historic", texts.money_rounded(earned).into())]));
    }
    if let Some(half) = holders_of_half(&valuation.distribution, valuation.base.customers) {
        let share = half / valuation.base.customers as f64;
        sentences.push(texts.text_with(
            "summary-half",
            &[
                ("figure", valuation.distribution.figure.clone().into()),
                ("half", half.into()),
                ("share", share.into()),
            ],
        ));
    }
    if let Some(active) = valuation.totals.active_customers {
        let share = active / valuation.totals.customers as f64;
        sentences
            .push(texts.text_with("summary-active", &[("active", active.into()), ("share", share.into())]));
    }
    if let Some(hold_out) = &valuation.hold_out {
        sentences.push(texts.text_with(
            "summary-hold-out",
            &[
                ("days", hold_out.hold_out_days.into()),
                ("predicted", hold_out.predicted_total.into()),
                ("actual", hold_out.actual_total.into()),
            ],
        ));
    }
    sentences
}

/// What is expected: money where there is money, orders elsewhere.
fn expectation(texts: &Texts, valuation: &Valuation) -> String {
    let customers = ("customers", valuation.base.customers.into());
    let horizon = ("horizon_days", valuation.definitions.horizon_days.into());
    let Totals { predicted_clv, predicted_number_of_orders, .. } = &valuation.totals;
    if let Some(value) = predicted_clv {
        let predicted = ("predicted", texts.money_rounded(value.point).into());
        let interval = ("interval", texts.money_interval(value).into());
        texts.text_with("summary-money", &[customers, horizon, predicted, interval])
    } else if let Some(orders) = predicted_number_of_orders {
        let predicted = ("predicted", texts.count(orders.point).into());
        let interval = ("interval", texts.count_interval(orders).into());
        texts.text_with("summary-orders", &[customers, horizon, predicted, interval])
    } else {
        texts.text_with(
            "summary-no-prediction",
            &[customers, ("transactions", valuation.base.transactions.into())],
        )
    }
}

/// The fewest customers that hold half of the value, read from the Lorenz curve between two of its points.
fn holders_of_half(distribution: &Distribution, customers: u64) -> Option<f64> {
    let curve = &distribution.concentration;
    let after = curve.iter().position(|&(_, value)| value >= 0.5)?;
    let (before, after) = (curve.get(after.checked_sub(1)?)?, curve.get(after)?);
    let part = (0.5 - before.1) / (after.1 - before.1);
    let share = before.0 + part * (after.0 - before.0);
    share.is_finite().then(|| (share * customers as f64).round().max(1.0))
}

fn cards(texts: &Texts, valuation: &Valuation) -> Vec<Card> {
    let totals = &valuation.totals;
    let definitions = &valuation.definitions;
    let mut cards = Vec::new();
    let per_customer = |total: f64| {
        let amount = texts.money(total / totals.customers as f64);
        (totals.customers > 0).then(|| texts.text_with("per-customer", &[("amount", amount.into())]))
    };
    for (figure, estimate) in
        [("predicted_clv", totals.predicted_clv.as_ref()), ("total_clv", totals.total_clv.as_ref())]
    {
        if let Some(estimate) = estimate {
            cards.push(Card {
                name: texts.figure(figure).name,
                value: texts.money_rounded(estimate.point),
                interval: Some(texts.money_interval(estimate)),
                detail: per_customer(estimate.point),
            });
        }
    }
    if let Some(earned) = totals.historic_clv {
        let as_of = ("as_of", definitions.as_of.to_string().into());
        cards.push(Card {
            name: texts.figure("historic_clv").name,
            value: texts.money_rounded(earned),
            interval: Some(texts.text_with("card-historic-detail", &[as_of])),
            detail: per_customer(earned),
        });
    }
    if let Some(orders) = &totals.predicted_number_of_orders {
        let horizon = ("horizon_days", definitions.horizon_days.into());
        cards.push(Card {
            name: texts.text("card-orders"),
            value: texts.count(orders.point),
            interval: Some(texts.count_interval(orders)),
            detail: Some(texts.text_with("card-orders-detail", &[horizon])),
        });
    }
    cards.extend(people(texts, valuation));
    cards
}

fn people(texts: &Texts, valuation: &Valuation) -> Vec<Card> {
    let base = &valuation.base;
    let customers = base.customers as f64;
    let card = |key: &str, detail: &str, value: f64, share: f64| Card {
        name: texts.text(key),
        value: texts.count(value),
        interval: None,
        detail: (customers > 0.0).then(|| texts.text_with(detail, &[("share", share.into())])),
    };
    let active = valuation
        .totals
        .active_customers
        .map(|active| card("card-active", "card-active-detail", active, active / customers));
    let all =
        card("card-customers", "card-customers-detail", customers, base.repeat_customers as f64 / customers);
    active.into_iter().chain([all]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(concentration: Vec<(f64, f64)>) -> Distribution {
        Distribution {
            figure: "total_clv".into(),
            histogram: Vec::new(),
            concentration,
            gini: 0.0,
            top_decile_share: 0.0,
            top_decile_customers: 0,
        }
    }

    #[test]
    fn half_of_the_value_lies_where_the_lorenz_curve_crosses_it() {
        // Between 10 % of the customers (40 % of the value) and 20 % (60 %): half at 15 %.
        let spread = distribution(vec![(0.0, 0.0), (0.1, 0.4), (0.2, 0.6), (1.0, 1.0)]);
        assert_eq!(holders_of_half(&spread, 200), Some(30.0));
        assert_eq!(holders_of_half(&distribution(Vec::new()), 200), None);
        assert_eq!(holders_of_half(&distribution(vec![(0.0, 0.0), (1.0, 0.0)]), 200), None);
    }
}
