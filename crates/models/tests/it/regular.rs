//! BG/CNBD-k and MBG/CNBD-k: customers who buy at regular times.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_math::{quadrature::integrate_adaptive, random::stream};
use perennial_models::{
    BgCnbdK, BgNbd, CustomerBase, Fit, FitError, InvalidParameters, MbgCnbdK, MbgNbd, Outcome, Parameters,
    Purchases, Regularity, TransactionModel,
};
use proptest::prelude::*;

use crate::{
    assertions::{assert_near, assert_recovered},
    data::{Customer, cdnow, grocery_until},
    recovery::simulate,
};

fn k(k: u32) -> Regularity {
    Regularity::new(k).expect("a regularity")
}

fn bg(k: u32, r: f64, alpha: f64, a: f64, b: f64) -> BgCnbdK {
    BgCnbdK::new(k, r, alpha, a, b).expect("parameters")
}

fn mbg(k: u32, r: f64, alpha: f64, a: f64, b: f64) -> MbgCnbdK {
    MbgCnbdK::new(k, r, alpha, a, b).expect("parameters")
}

fn base(customers: &[Customer]) -> CustomerBase {
    customers.iter().map(|customer| customer.history).collect()
}

/// CDNOW's purchases are not regular. Source: the package BTYDplus 1.2.0 (Platzer 2021), whose search ends at k = 1 with these figures.
#[test]
fn cdnow_is_not_regular() {
    let base = base(&cdnow());
    let published = [
        (BgCnbdK::fit(&base).expect("a fit").into_dyn(), [1.0, 0.2426, 4.4137, 0.793, 2.4262], -9582.429),
        (MbgCnbdK::fit(&base).expect("a fit").into_dyn(), [1.0, 0.5248, 6.1831, 0.8914, 1.614], -9582.136),
    ];
    for (fit, values, log_likelihood) in published {
        assert_eq!(fit.outcome, Outcome::Converged);
        assert!(fit.model.forgets_recency());
        assert_eq!(fit.parameters.len(), 4);
        for ((name, value), expected) in fit.model.parameters().into_iter().zip(values) {
            // BTYDplus ends up to 0.0003 short of the maximum.
            assert_near(name, value, expected, 4e-4);
        }
        assert_near("log-likelihood", fit.log_likelihood, log_likelihood, 6e-4);
    }
    let regular = BgCnbdK::fit_with(&base, k(2)).expect("a fit");
    assert!(regular.log_likelihood < -9582.429 - 100.0, "{}", regular.log_likelihood);
}

/// Mean absolute error of the purchases expected over the hold-out, their total, and the logarithms of the probabilities of those made.
fn scores(model: &dyn TransactionModel, customers: &[Customer], horizon: f64) -> (f64, f64, Vec<f64>) {
    let (mut absolute, mut total) = (0.0, 0.0);
    let mut logs = Vec::new();
    for Customer { history, later, .. } in customers {
        let expected = model.expected_purchases(history, horizon);
        absolute += (f64::from(*later) - expected).abs();
        total += expected;
        logs.push(model.probability_of_n_purchases(history, *later, horizon).ln());
    }
    (absolute / customers.len() as f64, total, logs)
}

/// The grocer's purchases are regular: k = 2, as the demo of the package BTYDplus says of the same split (52 weeks each), and what the
/// model knows of the times pays over the hold-out. Only for the few who pause and come back, whom it holds to be gone for certain, it
/// does not: they lower the mean logarithm of the probabilities below that of k = 1, while most customers' rise.
#[test]
fn the_grocer_is_regular_and_knowing_it_pays() {
    let Some(customers) = grocery_until("2006-12-31") else { return };
    let base = base(&customers);
    let fit = MbgCnbdK::fit(&base).expect("a fit");
    let random = MbgCnbdK::fit_with(&base, Regularity::RANDOM).expect("a fit");
    assert_eq!(fit.model.k(), k(2));
    assert_eq!(BgCnbdK::fit(&base).expect("a fit").model.k(), k(2));
    assert_near("log-likelihood", fit.log_likelihood, -14_978.211, 6e-4);
    assert_near("log-likelihood at k = 1", random.log_likelihood, -15_781.939, 6e-4);
    for (fit, printed) in
        [(&fit, [1.3292, 2.8126, 0.4247, 0.7900]), (&random, [1.2569, 6.0391, 0.3683, 0.7158])]
    {
        for (estimate, printed) in fit.parameters.iter().zip(printed) {
            assert_near(&estimate.name, estimate.value, printed, 6e-5);
        }
    }
    let (mae, total, logs) = scores(&fit.model, &customers, 52.0);
    let (random_mae, random_total, random_logs) = scores(&random.model, &customers, 52.0);
    assert_near("MAE", mae, 1.3998, 6e-5);
    assert_near("MAE at k = 1", random_mae, 1.5130, 6e-5);
    let made = f64::from(customers.iter().map(|customer| customer.later).sum::<u32>());
    assert_near("made", made, 3389.0, 0.0);
    assert_near("total", total, 3811.5, 0.06);
    assert_near("total at k = 1", random_total, 4024.8, 0.06);
    let likelier = logs.iter().zip(&random_logs).filter(|(log, random)| log > random).count();
    assert_eq!(likelier, 1157);
    let n = customers.len() as f64;
    assert_near("mean log", logs.iter().sum::<f64>() / n, -1.4100, 6e-5);
    assert_near("mean log at k = 1", random_logs.iter().sum::<f64>() / n, -1.2560, 6e-5);
}

/// The truth is recovered, and k is found.
fn assert_k_recovered<M: Parameters + TransactionModel>(
    truth: &M,
    fit: impl Fn(&CustomerBase) -> Result<Fit<M>, FitError>,
    seed: u64,
) {
    let fit = fit(&simulate(truth, 8_000, 100.0, seed)).expect("a fit");
    assert_eq!(fit.model.values()[0], truth.values()[0]);
    assert_recovered(&fit, &truth.values()[1..]);
}

#[test]
fn regular_customers_are_recovered() {
    assert_k_recovered(&bg(2, 0.5, 4.0, 0.8, 2.5), BgCnbdK::fit, 1);
    assert_k_recovered(&bg(3, 0.85, 1.45, 0.79, 2.42), BgCnbdK::fit, 2);
    assert_k_recovered(&mbg(2, 0.8, 10.0, 0.4, 1.0), MbgCnbdK::fit, 3);
    assert_k_recovered(&mbg(3, 1.5, 4.0, 2.0, 6.0), MbgCnbdK::fit, 4);
}

#[test]
fn hardly_regular_and_very_regular_customers_are_recovered() {
    assert_k_recovered(&mbg(1, 0.5, 6.0, 0.9, 1.6), MbgCnbdK::fit, 5);
    assert_k_recovered(&bg(12, 1.2, 3.0, 0.5, 3.0), BgCnbdK::fit, 6);
}

#[test]
fn at_one_tick_per_purchase_the_models_are_the_known_ones() {
    let customers = [(0, 0.0, 30.0), (1, 1.7, 38.9), (26, 30.0, 31.0)];
    for (x, recency, age) in customers {
        let customer = Purchases::new(x, recency, age).expect("a valid history");
        let pairs: [(Box<dyn TransactionModel>, Box<dyn TransactionModel>); 2] = [
            (
                Box::new(BgNbd::new(0.25, 4.4, 0.8, 2.4).expect("parameters")),
                Box::new(bg(1, 0.25, 4.4, 0.8, 2.4)),
            ),
            (
                Box::new(MbgNbd::new(0.5, 6.2, 0.9, 1.6).expect("parameters")),
                Box::new(mbg(1, 0.5, 6.2, 0.9, 1.6)),
            ),
        ];
        for (known, same) in pairs {
            assert_eq!(known.probability_alive(&customer), same.probability_alive(&customer));
            assert_eq!(known.expected_purchases(&customer, 39.0), same.expected_purchases(&customer, 39.0));
            assert_eq!(known.expected_purchases_new(39.0), same.expected_purchases_new(39.0));
        }
    }
}

fn models() -> Vec<Box<dyn TransactionModel>> {
    vec![
        Box::new(bg(2, 0.5, 2.4, 0.79, 2.4)),
        Box::new(bg(3, 1.5, 4.0, 1.0, 3.0)),
        Box::new(mbg(2, 3.0, 2.0, 0.1, 0.5)),
        Box::new(mbg(7, 0.9, 1.5, 2.0, 6.0)),
    ]
}

fn customers() -> Vec<Purchases> {
    [(0, 0.0, 30.0), (1, 1.7, 38.9), (2, 30.4, 38.9), (2, 38.0, 38.0), (26, 30.0, 31.0)]
        .into_iter()
        .map(|(x, recency, age)| Purchases::new(x, recency, age).expect("a valid history"))
        .collect()
}

#[test]
fn probabilities_of_counts_sum_to_one_and_have_the_expected_mean() {
    for model in models() {
        for customer in customers() {
            for horizon in [0.5, 39.0] {
                let (mut sum, mut mean) = (0.0, 0.0);
                for n in 0..2000 {
                    let probability = model.probability_of_n_purchases(&customer, n, horizon);
                    sum += probability;
                    mean += f64::from(n) * probability;
                    if n > 20 && probability < 1e-16 {
                        break;
                    }
                }
                let expected = model.expected_purchases(&customer, horizon);
                assert_near("sum", sum, 1.0, 1e-9);
                assert_near("mean", mean, expected, 1e-8 * (1.0 + expected));
            }
        }
    }
}

/// Customers simulated from the start and picked by what an observer sees of them: exactly x purchases, the last near a time, and then
/// silence. What became of them is what the model says of such a history.
#[test]
fn the_future_of_simulated_histories_is_as_forecast() {
    let (age, horizon) = (12.0, 6.0);
    let model = bg(3, 4.0, 3.0, 0.6, 1.5);
    for (j, (purchases, from, to)) in
        [(1_u32, 6.0, 7.0), (2, 7.0, 8.5), (3, 11.0, 12.0)].into_iter().enumerate()
    {
        let mut times = Vec::new();
        let x = purchases as usize;
        // Per picked customer: purchases made, those expected, whether there were none, and the probability of that.
        let [mut n, mut made, mut squares, mut expected, mut none, mut nothing] = [0.0; 6];
        for seed in 0..300_000 {
            model.simulate_new(age + horizon, &mut stream(40 + j as u64, seed), &mut times);
            let before = times.iter().filter(|time| **time <= age).count();
            if before != x || !(from..to).contains(&times[x - 1]) {
                continue;
            }
            let customer = Purchases::new(purchases, times[x - 1], age).expect("a valid history");
            let later = (times.len() - x) as f64;
            let difference = later - model.expected_purchases(&customer, horizon);
            n += 1.0;
            made += later;
            expected += later - difference;
            squares += difference * difference;
            none += if later == 0.0 { 1.0 } else { 0.0 };
            nothing += model.probability_of_n_purchases(&customer, 0, horizon);
        }
        assert!(n > 1000.0, "{n}");
        assert!((made - expected).abs() < 3.5 * f64::sqrt(squares), "{x}: {made} {expected} of {n}");
        let error = (none * (1.0 - none / n)).sqrt();
        assert!((none - nothing).abs() < 3.5 * error, "{x}: {none} {nothing} of {n}");
    }
}

#[test]
fn simulated_futures_have_the_expected_counts() {
    let (horizon, draws) = (39.0, 10_000);
    for (i, model) in models().iter().enumerate() {
        for (j, customer) in customers().iter().enumerate() {
            let mut rng = stream(17, (10 * i + j) as u64);
            let [mut sum, mut squares, mut none] = [0.0; 3];
            model.simulate_futures(customer, horizon, draws, &mut rng, &mut |times| {
                assert!(times.is_sorted() && times.iter().all(|time| *time > 0.0 && *time <= horizon));
                let n = times.len() as f64;
                sum += n;
                squares += n * n;
                none += if times.is_empty() { 1.0 } else { 0.0 };
            });
            let n = draws as f64;
            let error = ((squares / n - (sum / n).powi(2)) / n).sqrt();
            let expected = model.expected_purchases(customer, horizon);
            assert_near("mean", sum / n, expected, 4.5 * error + 1e-3);
            let nothing = model.probability_of_n_purchases(customer, 0, horizon);
            assert_near("none", none / n, nothing, 4.5 * (nothing * (1.0 - nothing) / n).sqrt() + 1e-3);
        }
    }
}

#[test]
fn simulated_new_customers_buy_and_stay_as_expected() {
    let draws = 20_000;
    for (i, model) in models().iter().enumerate() {
        let mut rng = stream(18, i as u64);
        let mut times = Vec::new();
        let [mut sum, mut squares] = [0.0; 2];
        for _ in 0..draws {
            model.simulate_new(39.0, &mut rng, &mut times);
            sum += times.len() as f64;
            squares += (times.len() as f64).powi(2);
        }
        let n = f64::from(draws);
        let error = ((squares / n - (sum / n).powi(2)) / n).sqrt();
        assert_near("new", sum / n, model.expected_purchases_new(39.0), 4.5 * error);
    }
}

/// In a short time there is one purchase at most, after which the customer leaves with probability E[p].
#[test]
fn leaving_follows_from_buying() {
    for (model, mean_dropout) in
        [(bg(3, 1.5, 4.0, 1.0, 3.0), 1.0 / 6.0), (bg(2, 0.5, 2.4, 0.8, 2.2), 0.8 / 5.0)]
    {
        let customer = Purchases::new(2, 30.4, 38.9).expect("a valid history");
        let bought = model.expected_purchases_if_alive(&customer, 1e-4);
        let left = 1.0 - model.probability_of_staying(&customer, 1e-4);
        assert_near("left", left / bought, mean_dropout, 1e-4);
        let later = model.probability_of_staying(&customer, 300.0);
        assert!(later > 0.0 && later < model.probability_of_staying(&customer, 30.0));
    }
}

/// DERT is the discount times the discounted integral of E[X(t)] (integration by parts).
#[test]
fn discounted_purchases_agree_with_expected_purchases() {
    let discount = 0.01;
    for model in models() {
        for customer in customers() {
            let expected = integrate_adaptive(
                |v: f64| {
                    let t = v.exp();
                    t * discount * (-discount * t).exp() * model.expected_purchases(&customer, t)
                },
                -12.0,
                (45.0_f64 / discount).ln(),
                1e-9,
            );
            let value = model.discounted_expected_residual_transactions(&customer, discount);
            assert!((value / expected - 1.0).abs() < 1e-7, "{model:?} {customer:?}: {value} {expected}");
        }
    }
}

#[test]
fn half_of_the_next_purchases_come_before_the_median() {
    for model in models() {
        for customer in customers() {
            let median = model.median_time_to_next_purchase(&customer);
            let none = model.probability_of_n_purchases_if_alive(&customer, 0, median);
            assert_near("none before the median", none, 0.5, 1e-9);
        }
    }
}

/// With regular purchases one who has just bought waits longer than one who bought a while ago.
#[test]
fn who_has_just_bought_waits_longer() {
    let model = mbg(4, 20.0, 5.0, 0.5, 5.0);
    let wait = |recency| {
        model.median_time_to_next_purchase(&Purchases::new(10, recency, 12.0).expect("a valid history"))
    };
    assert!(wait(12.0) > 1.3 * wait(11.0), "{} {}", wait(12.0), wait(11.0));
}

#[test]
fn k_is_shown_and_kept() {
    let model = bg(3, 0.8, 1.4, 0.8, 2.4);
    assert_eq!(model.parameters()[0], ("k", 3.0));
    let other = model.with_parameters(&[0.9, 1.5, 0.7, 2.5]).expect("parameters");
    let same = model.with_parameters(&[3.0, 0.9, 1.5, 0.7, 2.5]).expect("parameters");
    assert_eq!(other.parameters(), same.parameters());
    assert_eq!(other.parameters()[0], ("k", 3.0));
    let fit = BgCnbdK::fit_with(&simulate(&model, 2_000, 60.0, 9), k(3)).expect("a fit");
    let draws = fit.draws(5, &mut stream(1, 1));
    assert_eq!(draws.len(), 5);
    assert!(draws.iter().all(|draw| draw.k() == k(3)));
    assert_eq!(fit.into_dyn().draw_models(5, &mut stream(1, 1)).len(), 5);
    assert_eq!(
        BgCnbdK::from_values(&[2.5, 0.9, 1.5, 0.7, 2.5]),
        Err(InvalidParameters::Regularity { value: 2.5, most: 12 })
    );
    assert!(Regularity::new(0).is_err() && Regularity::new(13).is_err());
    assert_eq!(
        Regularity::new(0).expect_err("none").to_string(),
        "the regularity k is 0; it must be a whole number from 1 to 12"
    );
}

#[test]
fn histories_without_times_are_an_error_that_says_so() {
    let base: CustomerBase =
        (0..40).map(|i| Purchases::new(i % 3, f64::from(i % 3), 9.0).expect("a valid history")).collect();
    let error = MbgCnbdK::fit(&base).expect_err("no times");
    assert_eq!(error, FitError::NoIntervals { model: "mbg-cnbd-k" });
    assert_eq!(mbg(2, 1.0, 1.0, 1.0, 1.0).log_likelihood(&base), Err(error));
    let random = MbgCnbdK::fit_with(&base, Regularity::RANDOM).expect("no times are needed");
    assert_eq!(random.log_likelihood, MbgNbd::fit(&base).expect("a fit").log_likelihood);
}

/// Fifty years in days.
const LONGEST: f64 = 18_263.0;

fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![(-6.9..9.2_f64).prop_map(f64::exp), Just(1.0), Just(1e-3), Just(1e4)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_figure_is_finite_and_in_range(
        k in 2..=12_u32, r in parameter(), alpha in parameter(), a in parameter(), b in parameter(),
        frequency in prop_oneof![Just(0_u32), 1..10_u32, 1..=10_000_u32, Just(10_000)],
        age in prop_oneof![Just(LONGEST), Just(1e-9), (-9.0..9.8_f64).prop_map(f64::exp)],
        share in prop_oneof![Just(1.0), Just(1e-9), 0.001..1.0_f64],
        horizon in prop_oneof![Just(LONGEST), Just(1e-6), 0.1..1000.0_f64],
        n in prop_oneof![Just(0_u32), Just(1), 0..200_u32, Just(10_000)],
    ) {
        let recency = if frequency == 0 { 0.0 } else { age * share };
        let customer = Purchases::new(frequency, recency, age).expect("a valid history")
            .with_log_intervals(f64::from(frequency) * (recency / f64::from(frequency.max(1))).ln());
        let base: CustomerBase = [customer].into_iter().collect();
        let model = mbg(k, r, alpha, a, b);
        prop_assert!(model.log_likelihood(&base).expect("times").is_finite());
        prop_assert!(bg(k, r, alpha, a, b).log_likelihood(&base).expect("times").is_finite());
        prop_assert!((0.0..=1.0).contains(&model.probability_alive(&customer)));
        let expected = model.expected_purchases_if_alive(&customer, horizon);
        // Ticks of a rate whose mean is at most (s + k - 1) / (alpha + T), after at most k - 1 ticks.
        let ticks = f64::from(k);
        let rate = (r + ticks * f64::from(frequency) + ticks - 1.0) / (alpha + age);
        let most = (rate * horizon + ticks - 1.0) / ticks;
        prop_assert!(expected >= 0.0 && expected <= most * (1.0 + 1e-9), "{} {}", expected, most);
        let staying = model.probability_of_staying(&customer, horizon);
        prop_assert!((0.0..=1.0 + 1e-9).contains(&staying), "{}", staying);
        let probability = model.probability_of_n_purchases(&customer, n, horizon);
        prop_assert!((0.0..=1.0 + 1e-9).contains(&probability), "{}", probability);
        let value = model.discounted_expected_residual_transactions_if_alive(&customer, 0.0004);
        prop_assert!(value >= 0.0 && value <= (rate / 0.0004 / ticks + 1.0) * (1.0 + 1e-9), "{} {}", value, rate);
        let ever = model.expected_purchases_if_alive(&customer, f64::INFINITY);
        prop_assert!(ever.is_finite() && ever >= expected * (1.0 - 1e-7) && ever >= value * (1.0 - 1e-7), "{} {} {}", ever, expected, value);
        prop_assert!(model.expected_purchases_new(horizon) >= 0.0);
        prop_assert!(model.median_time_to_next_purchase(&customer) > 0.0);
    }
}
