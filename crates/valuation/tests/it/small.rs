//! Data that hardly support a valuation: an honest answer, never a crash.

use std::fmt::Write;

use perennial_models::ModelKind;
use perennial_valuation::hold_out::SpendReason;
use perennial_valuation::{Error, HoldOutRequest, ModelChoice, Request, hold_outs};

use crate::data::{date, read_text, value};

fn codes(warnings: &[perennial_valuation::Warning]) -> Vec<String> {
    warnings
        .iter()
        .map(|w| {
            serde_json::to_value(&w.kind).expect("it serialises")["code"].as_str().expect("a code").to_owned()
        })
        .collect()
}

#[test]
fn one_customer_with_one_order_is_valued_by_what_he_spent() {
    let (session, reading) = read_text("customer,date,amount\nanna,2024-03-01,12.50\n");
    let valuation = value(&session, &reading, &Request::new(date("2024-03-02")));
    assert!(valuation.models.is_none());
    assert_eq!(valuation.totals.historic_clv, Some(12.5));
    assert_eq!(valuation.totals.predicted_clv, None);
    assert_eq!(valuation.top_customers[0].customer_id, "anna");
    assert_eq!(valuation.top_customers[0].historic_clv, Some(12.5));
    assert_eq!(valuation.top_customers[0].probability_alive, None);
    assert!(codes(&valuation.warnings).contains(&"transaction_model_not_fitted".to_owned()));
}

#[test]
fn a_model_asked_for_by_name_says_why_it_cannot_be_had() {
    let (session, reading) = read_text("customer,date,amount\nanna,2024-03-01,12.50\nben,2024-03-09,3\n");
    let request =
        Request { model: ModelChoice::Named(ModelKind::ParetoNbd), ..Request::new(date("2024-03-10")) };
    let error =
        perennial_valuation::value(&session, &reading, &request, &|_, _, _| {}).expect_err("too little data");
    assert!(matches!(error, Error::Fit { .. }));
    assert_eq!(
        error.to_string(),
        "Pareto/NBD cannot be fitted: 0 of 2 customers bought again; a model needs at least 10"
    );
}

#[test]
fn purchases_without_amounts_have_orders_but_no_money() {
    let mut text = "customer,date\n".to_owned();
    for customer in 0..60 {
        for order in 0..=(customer % 4) {
            let day = 1 + (customer * 7 + order * 41) % 27;
            let month = 1 + (customer + order * 3) % 12;
            writeln!(text, "c{customer},2023-{month:02}-{day:02}").expect("a string takes all");
        }
    }
    let (session, reading) = read_text(&text);
    let valuation = value(&session, &reading, &Request::new(date("2024-01-01")));
    assert!(!valuation.base.has_amounts);
    assert!(valuation.totals.historic_clv.is_none() && valuation.totals.predicted_clv.is_none());
    let orders = valuation.totals.predicted_number_of_orders.expect("orders are predicted");
    assert!(orders.lower <= orders.point && orders.point <= orders.upper && orders.point > 0.0);
    assert_eq!(valuation.distribution.figure, "predicted_number_of_orders");
    assert!(codes(&valuation.warnings).contains(&"no_amounts".to_owned()));
}

#[test]
fn figures_out_of_range_are_refused_with_what_would_be_allowed() {
    let (session, reading) = read_text("customer,date,amount\nanna,2024-03-01,12.50\n");
    let request = Request { discount: -0.1, ..Request::new(date("2024-03-02")) };
    let error =
        perennial_valuation::value(&session, &reading, &request, &|_, _, _| {}).expect_err("a negative rate");
    assert_eq!(error.to_string(), "discount is -0.1; it must be at least 0 and below 10 (1000 %) a year");
    let request = Request { as_of: Some(date("2020-01-01")), ..Request::new(date("2024-03-02")) };
    let error =
        perennial_valuation::value(&session, &reading, &request, &|_, _, _| {}).expect_err("nobody by then");
    assert_eq!(
        error.to_string(),
        "no customer has an order on or before 2020-01-01; the orders run from 2024-03-01 to 2024-03-01"
    );
}

/// Spend so heavy-tailed that Gamma-Gamma's mean over customers does not exist: the log-normal model takes its place, the choice says
/// so, and nothing is negative.
#[test]
fn spend_without_a_mean_takes_the_other_model_and_is_never_negative() {
    let mut text = "customer,date,amount\n".to_owned();
    for customer in 0..200_u32 {
        // Quantiles of a Pareto distribution with tail index 0.5: it has no mean.
        let level = (1.0 - (f64::from(customer) + 0.5) / 200.0).powf(-1.0 / 0.5);
        for order in 0..3_u32 {
            let day = 1 + (customer * 5 + order * 11) % 28;
            let month = 1 + (customer + order * 4) % 12;
            let amount = level * f64::from(9 + order);
            writeln!(text, "c{customer},2023-{month:02}-{day:02},{amount:.2}").expect("a string takes all");
        }
    }
    let (session, reading) = read_text(&text);
    let valuation = value(&session, &reading, &Request::new(date("2024-01-01")));
    let selection = valuation.models.and_then(|models| models.spend_selection).expect("a spend model");
    assert_eq!((selection.chosen.as_str(), selection.reason), ("log-normal", SpendReason::OnlyOne));
    let refused = selection.candidates.iter().find(|candidate| candidate.model == "gamma-gamma");
    assert!(refused.is_some_and(|candidate| candidate.failure.is_some()), "{selection:?}");
    assert!(!codes(&valuation.warnings).contains(&"spend_model_not_fitted".to_owned()));
    let predicted = valuation.totals.predicted_clv.expect("a value");
    assert!(predicted.point > 0.0 && predicted.lower >= 0.0 && predicted.upper.is_finite());
    for customer in &valuation.top_customers {
        assert!(customer.predicted_clv.is_some_and(|v| v >= 0.0 && v.is_finite()));
        assert!(customer.predicted_clv_lower <= customer.predicted_clv_upper);
    }
}

/// Long after the last order there is nothing left to hold out, and that is no error.
#[test]
fn a_date_long_after_the_last_order_is_valued() {
    let (session, reading) = crate::data::read(&[crate::data::file("cdnow/cdnow_sample.csv.gz")]);
    let request = Request { as_of: Some(date("2001-06-30")), ..Request::new(date("2001-07-01")) };
    let valuation = value(&session, &reading, &request);
    assert!(valuation.models.is_some());
    assert!(codes(&valuation.warnings).contains(&"no_recent_orders".to_owned()));
}

#[test]
fn a_margin_below_zero_keeps_intervals_in_order() {
    let (session, reading) = crate::data::read(&[crate::data::file("cdnow/cdnow_sample.csv.gz")]);
    let request = Request { margin: Some(-0.1), ..Request::new(date("1998-07-01")) };
    let valuation = value(&session, &reading, &request);
    let predicted = valuation.totals.predicted_clv.expect("a value");
    assert!(predicted.lower < predicted.point && predicted.point < predicted.upper && predicted.upper < 0.0);
    for customer in &valuation.top_customers {
        assert!(customer.predicted_clv_lower <= customer.predicted_clv_upper);
    }
}

/// 52 weeks after 1 May 1998 were not observed: the log ends in June.
#[test]
fn a_hold_out_beyond_the_data_is_refused() {
    let (session, reading) = crate::data::read(&[crate::data::file("cdnow/cdnow_sample.csv.gz")]);
    let request = HoldOutRequest { days: Some(364.0), ..HoldOutRequest::new(date("1998-05-01")) };
    let judged = hold_outs(&session, &reading, &[ModelKind::BgNbd], &request, &|_, _, _| {});
    assert!(matches!(judged, Err(Error::HoldOutTooLong { .. })));
}
