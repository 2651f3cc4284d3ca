//! The forecasts agree with each other and with simulation.

use perennial_math::{hypergeometric::ln_hyp2f1, quadrature::integrate_adaptive, random::stream};
use perennial_models::{BgNbd, GammaGompertzNbd, MbgNbd, Nbd, ParetoNbd, Purchases, TransactionModel};

fn models() -> Vec<Box<dyn TransactionModel>> {
    let mut models: Vec<Box<dyn TransactionModel>> = Vec::new();
    for [r, alpha, a, b] in [[0.2426, 4.4136, 0.7929, 2.4259], [1.5, 8.0, 1.0, 3.0], [3.0, 2.0, 0.1, 0.5]] {
        models.push(Box::new(BgNbd::new(r, alpha, a, b).expect("parameters")));
        models.push(Box::new(MbgNbd::new(r, alpha, a, b).expect("parameters")));
    }
    for [r, alpha, s, beta] in
        [[0.5533, 10.5777, 0.6062, 11.6687], [1.5, 8.0, 1.0, 8.0], [3.0, 2.0, 1e4, 1e6]]
    {
        models.push(Box::new(ParetoNbd::new(r, alpha, s, beta).expect("parameters")));
    }
    for [r, alpha, b, s, beta] in
        [[0.55, 10.6, 0.02, 0.6, 0.24], [1.5, 8.0, 0.3, 2.0, 900.0], [3.0, 2.0, 0.1, 0.05, 1.0]]
    {
        models.push(Box::new(GammaGompertzNbd::new(r, alpha, b, s, beta).expect("parameters")));
    }
    for [r, alpha] in [[0.3848, 12.072], [3.0, 2.0]] {
        models.push(Box::new(Nbd::new(r, alpha).expect("parameters")));
    }
    models
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
                assert!((sum - 1.0).abs() < 1e-9, "{model:?} {customer:?} {horizon}: {sum}");
                assert!(
                    (mean - expected).abs() < 1e-8 * (1.0 + expected),
                    "{model:?} {customer:?} {horizon}: {mean} {expected}"
                );
            }
        }
    }
}

#[test]
fn simulated_futures_have_the_expected_counts() {
    let (horizon, draws) = (39.0, 40_000);
    for (i, model) in models().iter().enumerate() {
        for (j, customer) in customers().iter().enumerate() {
            let mut rng = stream(17, (10 * i + j) as u64);
            let (mut sum, mut squares, mut none) = (0.0, 0.0, 0.0);
            model.simulate_futures(customer, horizon, draws, &mut rng, &mut |times| {
                assert!(times.is_sorted() && times.iter().all(|time| *time > 0.0 && *time <= horizon));
                let n = times.len() as f64;
                sum += n;
                squares += n * n;
                none += if times.is_empty() { 1.0 } else { 0.0 };
            });
            let n = draws as f64;
            let mean = sum / n;
            let error = ((squares / n - mean * mean) / n).sqrt();
            let expected = model.expected_purchases(customer, horizon);
            assert!(
                (mean - expected).abs() < 4.5 * error + 1e-3,
                "{model:?} {customer:?}: {mean} {expected}"
            );
            let nothing = model.probability_of_n_purchases(customer, 0, horizon);
            let error = (nothing * (1.0 - nothing) / n).sqrt();
            assert!(
                (none / n - nothing).abs() < 4.5 * error + 1e-3,
                "{model:?} {customer:?}: {} {nothing}",
                none / n
            );
        }
    }
}

#[test]
fn simulated_new_customers_buy_as_expected() {
    let draws = 40_000;
    for (i, model) in models().iter().enumerate() {
        let mut rng = stream(18, i as u64);
        let mut times = Vec::new();
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..draws {
            model.simulate_new(39.0, &mut rng, &mut times);
            let n = times.len() as f64;
            sum += n;
            squares += n * n;
        }
        let n = f64::from(draws);
        let mean = sum / n;
        let error = ((squares / n - mean * mean) / n).sqrt();
        let expected = model.expected_purchases_new(39.0);
        assert!((mean - expected).abs() < 4.5 * error, "{model:?}: {mean} {expected}");
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
                -20.0,
                (45.0_f64 / discount).ln(),
                1e-11,
            );
            let value = model.discounted_expected_residual_transactions(&customer, discount);
            assert!((value / expected - 1.0).abs() < 1e-8, "{model:?} {customer:?}: {value} {expected}");
        }
    }
}

#[test]
fn half_of_the_next_purchases_come_before_the_median() {
    for (i, model) in models().iter().enumerate() {
        for (j, customer) in customers().iter().enumerate() {
            let mut rng = stream(19, (10 * i + j) as u64);
            let median = model.median_time_to_next_purchase(customer);
            // Given a purchase within the horizon instead of ever: the share before the median is then a little above a half, by
            // the factor of those who buy later.
            let horizon = 200.0 * median;
            let (mut before, mut bought, draws) = (0.0, 0.0, 20_000);
            model.simulate_futures_if_alive(customer, median, draws, &mut rng, &mut |times| {
                before += if times.is_empty() { 0.0 } else { 1.0 };
            });
            let ever =
                1.0 - model.probability_of_n_purchases_if_alive(customer, 0, 1e100_f64.min(1e60 * horizon));
            bought += ever * draws as f64;
            assert!(
                (before / bought - 0.5).abs() < 0.03,
                "{model:?} {customer:?}: {median} {}",
                before / bought
            );
        }
    }
}

/// Fader, Hardie and Lee (2005, eq. 10).
#[test]
fn the_series_agrees_with_the_closed_form() {
    for [r, alpha, a, b] in [[0.2426, 4.4136, 0.7929, 2.4259], [1.5, 8.0, 1.6, 3.0], [0.05, 300.0, 0.3, 0.9]]
    {
        let model = BgNbd::new(r, alpha, a, b).expect("parameters");
        for customer in customers() {
            let (x, age) = (f64::from(customer.frequency()), customer.age());
            for horizon in [10.0, 39.0, 1000.0] {
                let z = horizon / (alpha + age + horizon);
                let c = a + b + x - 1.0;
                let log = ln_hyp2f1(r + x, b + x, c, z) + (r + x) * (-z).ln_1p();
                let closed = c / (a - 1.0) * -log.exp_m1();
                let value = model.expected_purchases_if_alive(&customer, horizon);
                assert!((value / closed - 1.0).abs() < 1e-9, "{customer:?} {horizon}: {value} {closed}");
            }
        }
    }
}

/// The expectation is continuous where the textbook's form is 0/0, and where the series gives way to quadrature.
#[test]
fn expectations_have_no_seams() {
    let customer = Purchases::new(3, 20.0, 39.0).expect("a valid history");
    for horizon in [0.1, 39.0, 5000.0, 1e5, 1e6] {
        let at = |a: f64| {
            BgNbd::new(0.3, 5.0, a, 2.0).expect("parameters").expected_purchases_if_alive(&customer, horizon)
        };
        let middle = 0.5 * (at(1.0 - 1e-5) + at(1.0 + 1e-5));
        assert!((at(1.0) / middle - 1.0).abs() < 1e-8, "{horizon}: {} {middle}", at(1.0));
        let at = |s: f64| {
            ParetoNbd::new(0.3, 5.0, s, 2.0)
                .expect("parameters")
                .expected_purchases_if_alive(&customer, horizon)
        };
        let middle = 0.5 * (at(1.0 - 1e-5) + at(1.0 + 1e-5));
        assert!((at(1.0) / middle - 1.0).abs() < 1e-8, "{horizon}: {} {middle}", at(1.0));
    }
    // The series is left at (shape + 40) / (1 - z) = 20,000: for this customer at a horizon of about 20,300 weeks.
    let model = BgNbd::new(0.3, 5.0, 0.8, 2.0).expect("parameters");
    let values: Vec<f64> = (0..40)
        .map(|i| model.expected_purchases_if_alive(&customer, 20_000.0 + 20.0 * f64::from(i)))
        .collect();
    for three in values.windows(3) {
        let bend = three[0] - 2.0 * three[1] + three[2];
        assert!((bend / three[1]).abs() < 1e-6 && three[2] > three[1], "{three:?}");
    }
}
