//! What was put in comes out: fits find the parameters, and the future is what the truth expects.

#![expect(clippy::unwrap_used, reason = "a test fails where a value is missing")]

mod common;

use std::collections::BTreeMap;

use jiff::civil::Date;
use perennial_models::{BgNbd, CustomerBase, ParetoNbd, Purchases, TimeUnit, TransactionModel};
use perennial_simulate::{Channel, Format, ShopSettings, histories, simulate};

use common::{cents, table};

/// The history of every customer in the orders, in days, up to the as-of date.
fn customer_base(folder: &std::path::Path, as_of: Date) -> CustomerBase {
    let mut days: BTreeMap<String, Vec<Date>> = BTreeMap::new();
    for order in table(folder, "orders") {
        days.entry(order["customer_id"].clone())
            .or_default()
            .push(order["ordered_at"][..10].parse().unwrap());
    }
    let since = |from: Date, to: Date| f64::from((to - from).get_days());
    days.into_values()
        .map(|mut days| {
            days.dedup();
            let (first, last) = (days[0], days[days.len() - 1]);
            let repeats = u32::try_from(days.len() - 1).unwrap();
            Purchases::new(repeats, since(first, last), since(first, as_of)).unwrap()
        })
        .collect()
}

#[test]
fn pareto_nbd_is_recovered_from_the_orders() {
    let truth = [0.8, 90.0, 0.7, 120.0];
    let [r, alpha, s, beta] = truth;
    let channel = Channel { name: "all".to_owned(), share: 1.0, r, alpha, s, beta, acquisition_cost: 0.0 };
    let settings = ShopSettings {
        customers: 20_000,
        seed: 3,
        season: 0.0,
        channels: vec![channel],
        full_refund_share: 0.0,
        dirty_share: 0.0,
        ..ShopSettings::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let simulation = simulate(&settings, folder.path(), Format::Csv, |_, _| ()).unwrap();
    let fit = ParetoNbd::fit(&customer_base(folder.path(), simulation.as_of)).unwrap();
    for (parameter, truth) in fit.parameters.iter().zip(truth) {
        let (name, value, error) = (&parameter.name, parameter.value, parameter.standard_error.unwrap());
        let off = (value - truth) / error;
        assert!(off.abs() < 3.0, "{name} = {value} is {off:.1} standard errors ({error}) from {truth}");
        assert!(error < 0.2 * truth, "{name}'s standard error {error} says nothing");
    }
}

/// How many standard errors the sum of the differences is from 0.
fn standard_errors_off(differences: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = differences.fold((0.0, 0.0), |(sum, squares), d| (sum + d, squares + d * d));
    sum / f64::sqrt(squares)
}

#[test]
fn the_future_is_what_the_truth_expects() {
    let settings = ShopSettings { customers: 40_000, seed: 8, ..ShopSettings::default() };
    let folder = tempfile::tempdir().unwrap();
    let simulation = simulate(&settings, folder.path(), Format::Csv, |_, _| ()).unwrap();
    let truth = table(folder.path(), "truth");
    let number = |text: &String| text.parse::<f64>().unwrap();
    for (name, expected, actual) in [
        ("transactions", "expected_transactions", "actual_transactions"),
        ("revenue", "expected_revenue", "actual_revenue"),
        ("margin", "expected_margin", "actual_margin"),
    ] {
        let off = standard_errors_off(truth.iter().map(|row| number(&row[actual]) - number(&row[expected])));
        assert!(off.abs() < 3.5, "{name} is {off:.1} standard errors from what the rates let expect");
    }
    let revenue: i64 = truth.iter().map(|row| cents(&row["actual_revenue"])).sum();
    assert_eq!(revenue, simulation.future.actual_revenue);
    let expected: f64 = truth.iter().map(|row| number(&row["expected_margin"])).sum();
    assert!((expected / simulation.future.expected_margin - 1.0).abs() < 1e-9);
}

#[test]
fn orders_are_worth_what_the_spend_levels_say() {
    let settings = ShopSettings { customers: 40_000, seed: 9, dirty_share: 0.0, ..ShopSettings::default() };
    let folder = tempfile::tempdir().unwrap();
    simulate(&settings, folder.path(), Format::Csv, |_, _| ()).unwrap();
    let truth: BTreeMap<String, f64> = table(folder.path(), "truth")
        .iter()
        .map(|row| (row["customer_id"].clone(), row["mean_order_total"].parse().unwrap()))
        .collect();
    let orders = table(folder.path(), "orders");
    let difference =
        |row: &BTreeMap<String, String>| cents(&row["total"]) as f64 / 100.0 - truth[&row["customer_id"]];
    let off = standard_errors_off(orders.iter().map(difference));
    assert!(off.abs() < 3.5, "totals are {off:.1} standard errors from the customers' means");
    // The mean of a customer's goods over customers is p gamma / (q - 1) = 50.
    let first: BTreeMap<&String, f64> = orders
        .iter()
        .rev()
        .map(|row| (&row["customer_id"], cents(&row["subtotal"]) as f64 / 100.0))
        .collect();
    let mean = first.values().sum::<f64>() / first.len() as f64;
    assert!((mean - 50.0).abs() < 0.75, "first orders are worth {mean} on average");
}

#[test]
fn histories_follow_their_model_in_whole_days() {
    let model = BgNbd::new(0.243, 4.414, 0.793, 2.426).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let drawn = histories(&model, TimeUnit::Week, 189..=273, 50_000, 4);
    assert_eq!(drawn, pool.install(|| histories(&model, TimeUnit::Week, 189..=273, 50_000, 4)));
    assert_ne!(drawn, histories(&model, TimeUnit::Week, 189..=273, 50_000, 5));
    for history in &drawn {
        for weeks in [history.recency(), history.age()] {
            let days = weeks * 7.0;
            assert!((days - days.round()).abs() < 1e-9, "{days} is no whole day");
        }
        assert!((27.0..=39.0).contains(&history.age()));
    }
    // Merging a day's purchases loses a few, so the mean lies somewhat below the model's.
    let mean = drawn.iter().map(|history| f64::from(history.frequency())).sum::<f64>() / drawn.len() as f64;
    let expected = drawn.iter().map(|history| model.expected_purchases_new(history.age())).sum::<f64>()
        / drawn.len() as f64;
    assert!((0.85..1.01).contains(&(mean / expected)), "{mean} drawn, {expected} expected");
}
