//! BG/BB on the donations of the paper, on simulated donors, and where donors or parameters are extreme.
//!
//! Source of the donations, the estimates and the conditional expectations: Fader, Hardie and Shang (2010), the 1995 cohort of 11,104 donors
//! with six yearly opportunities.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_math::random::stream;
use perennial_models::{BgBb, FitError, Opportunities, OpportunityBase, Outcome, Parameters};
use proptest::prelude::*;

use crate::{assertions::assert_recovered, data::discrete_donors};

/// x, `t_x` and the number of donors, of n = 6 opportunities.
const DONATIONS: [(u32, u32, u64); 22] = [
    (0, 0, 3464),
    (1, 1, 1091),
    (1, 2, 277),
    (1, 3, 129),
    (1, 4, 78),
    (1, 5, 119),
    (1, 6, 129),
    (2, 2, 613),
    (2, 3, 255),
    (2, 4, 155),
    (2, 5, 173),
    (2, 6, 234),
    (3, 3, 322),
    (3, 4, 181),
    (3, 5, 225),
    (3, 6, 357),
    (4, 4, 240),
    (4, 5, 284),
    (4, 6, 512),
    (5, 5, 335),
    (5, 6, 728),
    (6, 6, 1203),
];

fn history(x: u32, last: u32, n: u32) -> Opportunities {
    Opportunities::new(x, last, n).expect("a valid history")
}

fn donations() -> OpportunityBase {
    let mut base = OpportunityBase::new();
    for (x, last, donors) in DONATIONS {
        base.push(history(x, last, 6), donors);
    }
    base
}

fn published() -> BgBb {
    BgBb::new(1.204, 0.750, 0.657, 2.783).expect("parameters")
}

#[test]
fn the_published_estimates_come_out() {
    let base = donations();
    assert_eq!(base.customers(), 11_104.0);
    let fit = BgBb::fit(&base).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged);
    for (estimate, published) in fit.parameters.iter().zip([1.204, 0.750, 0.657, 2.783]) {
        assert!((estimate.value - published).abs() <= 6e-4, "{estimate:?}, published {published}");
        assert!(estimate.standard_error.is_some_and(|error| error > 0.0 && error < 0.2 * estimate.value));
    }
    assert!((fit.log_likelihood + 33_225.6).abs() <= 0.051, "{}", fit.log_likelihood);
    assert_eq!(fit.log_likelihood, fit.model.log_likelihood(&base));
}

/// The table of the expected donations from 2002 to 2006 by frequency and the year of the last donation.
#[test]
fn the_published_expectations_come_out() {
    let table: [&[f64]; 7] = [
        &[0.07],
        &[0.09, 0.31, 0.59, 0.84, 1.02, 1.15],
        &[0.12, 0.54, 1.06, 1.44, 1.67],
        &[0.22, 1.03, 1.80, 2.19],
        &[0.58, 2.03, 2.71],
        &[1.81, 3.23],
        &[3.75],
    ];
    let model = published();
    for (x, row) in (0..).zip(table) {
        for (last, &published) in (x..).zip(row) {
            let expected = model.expected_purchases(&history(x, last, 6), 5);
            assert!(
                (expected - published).abs() < 0.0055,
                "x {x}, last {last}: {expected}, published {published}"
            );
        }
    }
}

#[test]
fn probabilities_add_up_to_the_expectation() {
    let model = published();
    for customer in
        [history(0, 0, 0), history(0, 0, 6), history(2, 4, 6), history(6, 6, 6), history(3, 40, 52)]
    {
        for horizon in [1, 5, 60] {
            let (mut total, mut mean) = (0.0, 0.0);
            for m in 0..=horizon {
                let probability = model.probability_of_n_purchases(&customer, m, horizon);
                total += probability;
                mean += f64::from(m) * probability;
            }
            assert!((total - 1.0).abs() < 1e-12, "{customer:?} {horizon}: {total}");
            let expected = model.expected_purchases(&customer, horizon);
            assert!((mean / expected - 1.0).abs() < 1e-11, "{customer:?} {horizon}: {mean} {expected}");
            assert_eq!(model.probability_of_n_purchases(&customer, horizon + 1, horizon), 0.0);
        }
    }
    let new: f64 = (0..=6).map(|x| f64::from(x) * model.probability_of_n_purchases_new(x, 6)).sum();
    assert!((new / model.expected_purchases_new(6) - 1.0).abs() < 1e-12);
}

#[test]
fn discounted_purchases_are_the_increments_discounted() {
    let model = published();
    for customer in [history(0, 0, 6), history(2, 4, 6), history(6, 6, 6)] {
        let (mut before, mut value) = (0.0, 0.0);
        for k in 1..=3_000 {
            let expected = model.expected_purchases(&customer, k);
            value += (expected - before) / 1.1_f64.powf(f64::from(k));
            before = expected;
            if k == 20 {
                let within = model.discounted_expected_purchases(&customer, 20, 0.1);
                assert!((within / value - 1.0).abs() < 1e-11, "{within} {value}");
            }
        }
        let dert = model.discounted_expected_residual_transactions(&customer, 0.1);
        assert!((dert / value - 1.0).abs() < 1e-11, "{customer:?}: {dert} {value}");
    }
    // gamma < 1: without discount the expectation grows for ever.
    assert!(model.discounted_expected_residual_transactions(&history(1, 1, 6), 0.0).is_infinite());
}

/// What simulated customers with a history do next is what the model says of that history.
#[test]
fn conditional_figures_agree_with_simulated_customers() {
    let model = BgBb::new(1.5, 2.0, 0.8, 5.0).expect("parameters");
    let (n, horizon) = (5, 4);
    // Per history: customers, purchases, and customers with exactly one purchase in the next four opportunities.
    let mut seen = std::collections::HashMap::<Opportunities, [f64; 4]>::new();
    let mut purchases = Vec::new();
    for customer in 0..200_000 {
        let mut rng = stream(31, customer);
        model.simulate_futures(&Opportunities::NONE, n + horizon, 1, &mut rng, &mut |bought| {
            purchases.clear();
            purchases.extend_from_slice(bought);
        });
        let known = purchases.partition_point(|opportunity| *opportunity <= n);
        let x = u32::try_from(known).expect("few purchases");
        let last = if known > 0 { purchases[known - 1] } else { 0 };
        let later = (purchases.len() - known) as f64;
        let sums = seen.entry(history(x, last, n)).or_default();
        for (sum, value) in
            sums.iter_mut().zip([1.0, later, later * later, f64::from(u8::from(later == 1.0))])
        {
            *sum += value;
        }
    }
    assert_eq!(seen.len(), 16);
    for (customer, [count, sum, squares, ones]) in seen {
        let mean = sum / count;
        let error = ((squares / count - mean * mean) / count).sqrt();
        let expected = model.expected_purchases(&customer, horizon);
        assert!((mean - expected).abs() < 4.0 * error, "{customer:?}: {mean} {expected}, error {error}");
        let probability = model.probability_of_n_purchases(&customer, 1, horizon);
        let error = (probability * (1.0 - probability) / count).sqrt();
        assert!((ones / count - probability).abs() < 4.0 * error, "{customer:?}: {ones} {probability}");
    }
}

#[test]
fn the_median_wait_is_where_half_of_those_who_buy_again_have_bought() {
    let model = BgBb::new(0.4, 3.0, 0.9, 4.0).expect("parameters");
    for customer in [history(0, 0, 6), history(1, 1, 12), history(5, 6, 6)] {
        let mut waits: Vec<u32> = Vec::new();
        // Everybody's survival to the last opportunity is certain after a purchase at it: the histories below are made of that.
        let alive = BgBb::new(
            0.4 + f64::from(customer.frequency()),
            3.0 + f64::from(customer.opportunities() - customer.frequency()),
            0.9,
            4.0 + f64::from(customer.opportunities()),
        )
        .expect("parameters");
        let mut rng = stream(5, u64::from(customer.last()));
        alive.simulate_futures(&Opportunities::NONE, 2_000, 40_000, &mut rng, &mut |bought| {
            waits.extend(bought.first());
        });
        waits.sort_unstable();
        let median = model.median_opportunities_to_next_purchase(&customer);
        // The share that waits no longer brackets one half, give or take four standard errors.
        let share = |wait: f64| waits.partition_point(|w| f64::from(*w) <= wait) as f64 / waits.len() as f64;
        let error = 2.0 / (waits.len() as f64).sqrt();
        assert!(share(median) > 0.5 - error && share(median - 1.0) < 0.5 + error, "{customer:?}: {median}");
    }
    // A far median, on the power law.
    let slow = BgBb::new(0.05, 5_000.0, 0.05, 5_000.0).expect("parameters");
    let median = slow.median_opportunities_to_next_purchase(&Opportunities::NONE);
    assert!(median > 1e5 && median.is_finite(), "{median}");
}

#[test]
fn bg_bb_is_recovered() {
    for (seed, truth) in
        [[1.204, 0.75, 0.657, 2.783], [0.4, 3.0, 2.0, 15.0], [6.0, 4.0, 0.3, 0.8], [0.15, 0.2, 0.1, 1.0]]
            .into_iter()
            .enumerate()
    {
        let model = BgBb::from_values(&truth).expect("parameters");
        let base: OpportunityBase = (0..20_000)
            .map(|customer| {
                let n = 8 + u32::try_from(customer % 9).expect("small");
                model.simulate_new(n, &mut stream(seed as u64, customer))
            })
            .collect();
        let fit = BgBb::fit(&base).expect("a fit");
        assert_recovered(&fit, &truth);
    }
}

/// Donors simulated by the package BTYD: calibrated on the first six opportunities, tracked over all thirteen.
#[test]
fn simulated_donors_are_tracked_beyond_the_calibration() {
    let Some(donors) = discrete_donors() else { return };
    assert_eq!(donors.len(), 10_000);
    let known: OpportunityBase = donors.iter().map(|donor| donor.until(6)).collect();
    let all: OpportunityBase = donors.iter().map(|donor| donor.until(13)).collect();
    let fit = BgBb::fit(&known).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged);
    let expected = fit.model.expected_purchases_by_opportunity(&all);
    assert_eq!(expected.len(), 13);
    for (opportunity, expected) in (1..).zip(expected) {
        let real = donors.iter().filter(|donor| donor.bought.contains(&opportunity)).count() as f64;
        // One standard error of the counts of the last years is 1.6 to 1.8 per cent.
        assert!((expected / real - 1.0).abs() < 0.0145, "{opportunity}: {expected} for {real}");
    }
    let later: f64 = donors.iter().map(|donor| fit.model.expected_purchases(&donor.until(6), 7)).sum();
    let real = donors.iter().flat_map(|donor| &donor.bought).filter(|bought| **bought > 6).count() as f64;
    assert!((later - 18_250.5).abs() < 0.06 && (real - 18_232.0).abs() < 1e-9, "{later} for {real}");
}

#[test]
fn too_little_data_is_an_error_and_odd_data_an_edge() {
    let mut few = OpportunityBase::new();
    few.push(history(0, 0, 6), 100);
    few.push(history(1, 1, 6), 9);
    let needed = FitError::TooFewRepeatCustomers { repeat_customers: 9, customers: 109, needed: 10 };
    assert_eq!(BgBb::fit(&few).expect_err("too little"), needed);
    // Everybody always buys: neither lapses nor leaves.
    let mut always = OpportunityBase::new();
    always.push(history(6, 6, 6), 50);
    let fit = BgBb::fit(&always).expect("a fit");
    assert!(matches!(fit.outcome, Outcome::Edge { .. }), "{fit:?}");
    assert!(fit.model.expected_purchases(&history(6, 6, 6), 5) > 4.9);
}

fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![(-9.0..9.2_f64).prop_map(f64::exp), Just(1.0), Just(1e-4), Just(1e4)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_finite_and_in_range(
        parameters in [parameter(), parameter(), parameter(), parameter()],
        n in prop_oneof![Just(18_263_u32), 0..60_u32],
        shares in (0.0..=1.0_f64, 0.0..=1.0_f64),
        horizon in prop_oneof![Just(18_263_u32), 0..60_u32],
    ) {
        let [alpha, beta, gamma, delta] = parameters;
        let model = BgBb::new(alpha, beta, gamma, delta).expect("parameters");
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of a count")]
        let last = (f64::from(n) * shares.0) as u32;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares of a count")]
        let x = ((f64::from(last) * shares.1).ceil() as u32).min(10_000).max(u32::from(last > 0));
        let customer = history(x, last, n);
        let likelihood = model.log_likelihood(&std::iter::once(customer).collect());
        prop_assert!(likelihood.is_finite() && likelihood < 1e-8, "{model:?} {customer:?} {likelihood}");
        for ahead in [0, 1, horizon] {
            let alive = model.probability_alive(&customer, ahead);
            prop_assert!((0.0..=1.0).contains(&alive), "{model:?} {customer:?} {alive}");
        }
        let expected = model.expected_purchases(&customer, horizon);
        prop_assert!(expected >= 0.0 && expected <= f64::from(horizon), "{model:?} {customer:?} {expected}");
        let value = model.discounted_expected_residual_transactions(&customer, 3e-4);
        prop_assert!((0.0..=3_334.0).contains(&value), "{model:?} {customer:?} {value}");
        for m in [0, 1, horizon / 2, horizon] {
            let probability = model.probability_of_n_purchases(&customer, m, horizon);
            prop_assert!((0.0..=1.0 + 1e-9).contains(&probability), "{model:?} {customer:?} {m} {probability}");
        }
        prop_assert!(model.median_opportunities_to_next_purchase(&customer) >= 1.0, "{model:?} {customer:?}");
    }
}
