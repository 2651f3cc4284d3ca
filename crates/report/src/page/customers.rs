//! The most valuable customers, and the definition of every figure.

use askama::Template;
use perennial_valuation::figures::CUSTOMER_COLUMNS;
use perennial_valuation::{CustomerValue, Valuation};

use crate::Texts;
use crate::format::MISSING;
use crate::table::Table;
use crate::texts::Term;

#[derive(Template)]
#[template(path = "customers.html")]
pub(super) struct TopCustomers<'a> {
    texts: &'a Texts,
    lead: String,
    table: Option<Table>,
}

impl<'a> TopCustomers<'a> {
    pub(super) fn new(texts: &'a Texts, valuation: &Valuation) -> Self {
        let top = &valuation.top_customers;
        if top.is_empty() {
            return Self { texts, lead: texts.text("customers-none"), table: None };
        }
        let figure = texts.figure(&valuation.distribution.figure).name;
        let lead = texts.text_with(
            "customers-lead",
            &[
                ("count", top.len().into()),
                ("customers", valuation.base.customers.into()),
                ("figure", figure.into()),
            ],
        );
        Self { texts, lead, table: Some(table(texts, valuation)) }
    }
}

/// Columns that no customer has a value for are left out.
fn table(texts: &Texts, valuation: &Valuation) -> Table {
    let columns: Vec<_> = COLUMNS
        .iter()
        .filter(|(_, cell)| valuation.top_customers.iter().any(|customer| cell(texts, customer).is_some()))
        .collect();
    let head = Table::new(texts.text("customers-heading")).under_heading().of_customers();
    let head = columns.iter().fold(head, |table, (figure, _)| match *figure {
        "customer_id" => table.words(texts.figure(figure).name),
        _ => table.numbers(texts.figure(figure).name),
    });
    head.rows(valuation.top_customers.iter().map(|customer| {
        columns.iter().map(|(_, cell)| cell(texts, customer).unwrap_or_else(|| MISSING.to_owned())).collect()
    }))
}

/// Writes one figure of a customer.
type Cell = fn(&Texts, &CustomerValue) -> Option<String>;

const COLUMNS: [(&str, Cell); 9] = [
    ("customer_id", |_, customer| Some(customer.customer_id.clone())),
    ("total_clv", |texts, customer| customer.total_clv.map(|amount| texts.money(amount))),
    ("historic_clv", |texts, customer| customer.historic_clv.map(|amount| texts.money(amount))),
    ("predicted_clv", |texts, customer| {
        let point = texts.money(customer.predicted_clv?);
        Some(match (customer.predicted_clv_lower, customer.predicted_clv_upper) {
            (Some(lower), Some(upper)) => texts.text_with(
                "customers-interval",
                &[
                    ("point", point.into()),
                    ("lower", texts.money_rounded(lower).into()),
                    ("upper", texts.money_rounded(upper).into()),
                ],
            ),
            _ => point,
        })
    }),
    ("historic_number_of_orders", |texts, customer| Some(texts.count(customer.historic_number_of_orders))),
    ("predicted_number_of_orders", |texts, customer| {
        customer.predicted_number_of_orders.map(|orders| texts.decimal(orders, 1))
    }),
    ("probability_alive", |texts, customer| customer.probability_alive.map(|share| texts.percent(share))),
    ("last_order_at", |texts, customer| Some(texts.date(customer.last_order_at))),
    ("expected_date_of_next_order", |texts, customer| {
        customer.expected_date_of_next_order.map(|day| texts.date(day))
    }),
];

#[derive(Template)]
#[template(path = "glossary.html")]
pub(super) struct Glossary<'a> {
    texts: &'a Texts,
    /// The columns of the output with what they mean.
    terms: Vec<(&'static str, Term)>,
}

impl<'a> Glossary<'a> {
    pub(super) fn new(texts: &'a Texts) -> Self {
        Self { texts, terms: CUSTOMER_COLUMNS.iter().map(|&column| (column, texts.figure(column))).collect() }
    }
}
