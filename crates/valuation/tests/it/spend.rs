//! Which spend model is chosen, and that its values add up.

use std::fmt::Write;

use perennial_lake::arrow::array::AsArray;
use perennial_lake::arrow::datatypes::Float64Type;
use perennial_lake::{Reading, Session};
use perennial_math::random::{self, standard_normal, uniform_open};
use perennial_models::{ModelKind, SpendKind};
use perennial_valuation::hold_out::SpendReason;
use perennial_valuation::{FitKind, FitRequest, ModelChoice, Models, Request, Valuation, fits};

use crate::data::{date, file, read, read_text, value};

/// Level and spread of the simulated shops' log-normal spend.
const MU: f64 = 3.5;
const SIGMA: f64 = 0.4;
const TAU: f64 = 0.6;

/// Orders of two years. Each customer comes at a rate of its own and may leave after any order; an order is worth `amount` of a
/// customer's level, two standard normals that are drawn once for the customer, and a draw for the order.
fn shop(customers: u32, amount: impl Fn(f64, f64) -> f64) -> (Session, Reading) {
    let mut rng = random::stream(11, 0);
    let mut text = "customer,date,amount\n".to_owned();
    let start = date("2023-01-01");
    for customer in 0..customers {
        let level = standard_normal(&mut rng);
        let mean_days = 20.0 * (0.7 * standard_normal(&mut rng)).exp();
        let mut day = 365.0 * uniform_open(&mut rng);
        while day < 730.0 {
            let value = amount(level, standard_normal(&mut rng));
            let on = start.saturating_add(jiff::Span::new().days(whole(day)));
            writeln!(text, "c{customer},{on},{value:.2}").expect("a string takes all");
            if uniform_open(&mut rng) < 0.15 {
                break;
            }
            day += 1.0 - mean_days * uniform_open(&mut rng).ln();
        }
    }
    read_text(&text)
}

fn log_normal_shop() -> (Session, Reading) {
    shop(1_500, |level, draw| (MU + TAU * level + SIGMA * draw).exp())
}

/// By one transaction model: which one is not what is tested here.
fn request(today: &str) -> Request {
    Request { model: ModelChoice::Named(ModelKind::BgNbd), ..Request::new(date(today)) }
}

fn models(valuation: &Valuation) -> &Models {
    valuation.models.as_ref().expect("models")
}

/// The customers' own predicted values add up to the total.
fn assert_adds_up(session: &Session, valuation: &Valuation) {
    let sql = "SELECT sum(predicted_clv) AS value FROM customer_values";
    let batches = session.query(sql).expect("the values");
    let sum = batches[0].column(0).as_primitive::<Float64Type>().value(0);
    let total = valuation.totals.predicted_clv.expect("a value");
    assert!((sum / total.point - 1.0).abs() < 1e-9, "{sum} and {}", total.point);
    assert!(total.lower < total.point && total.point < total.upper);
}

#[test]
fn a_log_normal_shop_is_valued_by_the_log_normal_model() {
    let (session, reading) = log_normal_shop();
    let valuation = value(&session, &reading, &request("2025-01-01"));
    let found = models(&valuation);
    let selection = found.spend_selection.as_ref().expect("a choice");
    assert_eq!((selection.chosen.as_str(), selection.reason), ("log-normal", SpendReason::HoldOut));
    let [first, second] = selection.candidates.as_slice() else { panic!("{selection:?}") };
    assert_eq!((first.model.as_str(), second.model.as_str()), ("log-normal", "gamma-gamma"));
    assert!(first.log_density > second.log_density && first.mae.is_some() && second.mae.is_some());
    assert!(selection.until.is_some() && selection.hold_out_days > 0);
    let fit = found.spend.as_ref().expect("a spend model");
    for (name, truth) in [("mu", MU), ("sigma", SIGMA), ("tau", TAU)] {
        let number = |map: &serde_json::Map<String, serde_json::Value>| map[name].as_f64().expect("a number");
        let (estimate, error) = (number(&fit.parameters), number(&fit.standard_errors));
        assert!((estimate - truth).abs() < 3.0 * error && error < 0.05, "{name} {estimate} +- {error}");
    }
    assert_adds_up(&session, &valuation);
    let hold_out = valuation.hold_out.expect("two years hold something out");
    assert_eq!(hold_out.spend_model.as_deref(), Some("log-normal"));
    let held = hold_out.value.expect("amounts");
    assert!((held.predicted_total / held.actual_total - 1.0).abs() < 0.15, "{held:?}");
    assert!((0.8..0.97).contains(&held.coverage), "{held:?}");
}

#[test]
fn cdnow_is_valued_by_the_model_that_did_better_on_its_hold_out() {
    let (session, reading) = read(&[file("cdnow/cdnow_sample.csv.gz")]);
    let valuation = value(&session, &reading, &request("1998-07-01"));
    let selection = models(&valuation).spend_selection.as_ref().expect("a choice");
    assert_eq!(selection.reason, SpendReason::HoldOut);
    assert_eq!(
        (selection.chosen.as_str(), selection.candidates[0].model.as_str()),
        ("log-normal", "log-normal")
    );
    let densities: Vec<f64> = selection.candidates.iter().filter_map(|c| c.log_density).collect();
    assert!(densities.len() == 2 && densities[0] > densities[1], "{selection:?}");
    assert_eq!(models(&valuation).spend.as_ref().expect("a spend model").model, selection.chosen);
    assert_adds_up(&session, &valuation);
}

/// An order more or less of a customer's first day changes nothing, nor does one free of charge: the models see repeat transactions
/// with spend. By hand: ln 10 and ln 40 of a, ln 20 of b.
#[test]
fn the_first_transaction_and_those_without_spend_are_left_out() {
    let mut text = "customer,date,amount\n".to_owned();
    for copy in 0..20 {
        write!(
            text,
            "a{copy},2024-01-01,999\na{copy},2024-02-01,10\na{copy},2024-03-01,0\na{copy},2024-04-01,40\n\
             b{copy},2024-01-05,0\nb{copy},2024-02-05,20\nc{copy},2024-01-07,77\n"
        )
        .expect("a string takes all");
    }
    let (session, reading) = read_text(&text);
    let request = FitRequest::new(None);
    let mut fitted =
        fits(&session, &reading, &[FitKind::Spend(SpendKind::LogNormal)], &request, &|_, _, _| {})
            .expect("customers");
    let fit = fitted.pop().expect("one result").expect("a fit");
    assert_eq!(fit.customers, 40);
    // All customers' levels are ln 20: tau runs to zero, and sigma^2 is the mean square (ln 2)^2 of 2 of 3 values.
    let number = |name: &str| fit.parameters[name].as_f64().expect("a number");
    assert!((number("mu") - 20_f64.ln()).abs() < 1e-5, "{fit:?}");
    assert!((number("sigma") - 2_f64.ln() * (2.0_f64 / 3.0).sqrt()).abs() < 1e-3, "{fit:?}");
    assert!(number("tau") < 1e-2, "{fit:?}");
}

/// A number of days that is whole already.
#[expect(clippy::cast_possible_truncation, reason = "days of a few years")]
fn whole(days: f64) -> i64 {
    days as i64
}
