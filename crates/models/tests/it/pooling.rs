//! Groups estimated together: a small group learns from the others.

use perennial_math::random::{standard_normal, stream};
use perennial_models::{
    BgNbd, CustomerBase, FitError, ModelKind, Pooling, Purchases, Sampling, TransactionFit, TransactionModel,
};

/// The time that customers are observed for, in weeks.
const AGE: f64 = 52.0;

/// How much the groups' log-parameters differ.
const SPREAD: f64 = 0.3;

/// Customers of a model, observed for a year; purchases are made at the end of a day.
fn customers(model: &dyn TransactionModel, number: u64, seed: u64) -> CustomerBase {
    let mut times = Vec::new();
    let history = |customer| {
        model.simulate_new(AGE, &mut stream(seed, customer), &mut times);
        let last = times.last().map_or(0.0, |time| ((time * 7.0).ceil() / 7.0).min(AGE));
        Purchases::new(u32::try_from(times.len()).expect("few purchases"), last, AGE).expect("a history")
    };
    (0..number).map(history).collect()
}

/// The true models of 20 groups and 40 to 2,000 customers of each.
fn groups(seed: u64) -> (Vec<BgNbd>, Vec<CustomerBase>) {
    let mut rng = stream(seed, 1_000_000);
    (0..20_u32)
        .map(|group| {
            let [r, alpha, a, b] =
                [0.6_f64, 10.0, 0.8, 2.5].map(|middle| middle * (SPREAD * standard_normal(&mut rng)).exp());
            let model = BgNbd::new(r, alpha, a, b).expect("parameters");
            let number = 40.0 * 50.0_f64.powf(f64::from(group) / 19.0);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "40 to 2,000")]
            let base = customers(&model, number.round() as u64, seed * 1000 + u64::from(group));
            (model, base)
        })
        .unzip()
}

/// ln of the mean number of purchases of a new customer in a year.
fn log_mean(model: &dyn TransactionModel) -> f64 {
    model.expected_purchases_new(AGE).ln()
}

fn interval(fit: &TransactionFit) -> [f64; 2] {
    let mut draws: Vec<f64> =
        fit.draw_models(400, &mut stream(1, 0)).iter().map(|model| log_mean(model.as_ref())).collect();
    draws.sort_by(f64::total_cmp);
    [draws[20], draws[draws.len() - 21]]
}

/// The root mean square of each column.
fn root_mean_squares(rows: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|i| (rows.iter().map(|row| row[i].powi(2)).sum::<f64>() / rows.len() as f64).sqrt())
}

/// Errors of the groups' mean purchases in a year (logarithms), pooled, from the group's own customers, and as if all groups were one.
/// It takes some ten seconds of one core: 20 groups with 10,000 customers, and 88 coordinates.
#[test]
fn pooled_estimates_are_nearer_to_the_truth_than_both_extremes() {
    let (truth, bases) = groups(2);
    let pooling = Pooling::default();
    let sampling = Sampling { chains: 2, draws: 300, warm_up: 300, ..pooling.sampling.clone() };
    let pooled = ModelKind::BgNbd.pool(&bases, &Pooling { sampling, ..pooling }).expect("a fit");
    let mut all = CustomerBase::new();
    for base in &bases {
        all.extend(base);
    }
    let one = ModelKind::BgNbd.fit(&all).expect("a fit");
    let mut covered = 0;
    let errors: Vec<[f64; 3]> = truth
        .iter()
        .zip(&bases)
        .zip(&pooled.groups)
        .map(|((truth, base), group)| {
            let truth = log_mean(truth);
            let [low, high] = interval(group);
            covered += u32::from((low..=high).contains(&truth));
            let own = ModelKind::BgNbd.fit(base).expect("40 customers are enough here");
            [&group.model, &own.model, &one.model].map(|model| log_mean(model.as_ref()) - truth)
        })
        .collect();
    for errors in [&errors[..], &errors[..8]] {
        let [pooled, own, one] = root_mean_squares(errors);
        assert!(pooled < own && pooled < 0.7 * one, "pooled {pooled}, own {own}, all as one {one}");
    }
    // Of 20 intervals of 90 % at least 15 cover with a probability of 99 %.
    assert!(covered >= 15, "{covered} of 20 intervals cover");
    // The spread is found: .3, known to about a quarter.
    for spread in &pooled.spread {
        let error = spread.standard_error.expect("a standard deviation");
        assert!((spread.value - SPREAD).abs() < 3.0 * error, "{spread:?}");
    }
    let diagnostics = &pooled.spread_diagnostics;
    assert!(diagnostics.r_hat.iter().all(|r_hat| *r_hat < 1.05), "{diagnostics:?}");
    assert!(diagnostics.divergences <= 6, "{diagnostics:?}");
}

fn short() -> Pooling {
    let pooling = Pooling::default();
    let sampling = Sampling { draws: 200, warm_up: 200, ..pooling.sampling.clone() };
    Pooling { sampling, ..pooling }
}

#[test]
fn groups_too_small_for_a_fit_of_their_own_have_one() {
    let model = BgNbd::new(0.6, 10.0, 0.8, 2.5).expect("parameters");
    let silent: CustomerBase = (0..3).map(|_| Purchases::new(0, 0.0, AGE).expect("a history")).collect();
    let bases = [
        customers(&model, 600, 1),
        customers(&model, 300, 2),
        customers(&model, 3, 3),
        silent,
        CustomerBase::new(),
    ];
    assert!(matches!(ModelKind::BgNbd.fit(&bases[2]), Err(FitError::TooFewRepeatCustomers { .. })));
    let pooled = ModelKind::BgNbd.pool(&bases, &short()).expect("a fit");
    let truth = log_mean(&model);
    let widths: Vec<f64> = pooled
        .groups
        .iter()
        .map(|fit| {
            let [low, high] = interval(fit);
            assert!(low < truth && truth < high, "{low} {truth} {high}");
            high - low
        })
        .collect();
    // The fewer customers, the less is known; the group without any is known least.
    assert!(widths[0] < widths[1] && widths[1] < widths[2] && widths[2] < 1.5 * widths[4], "{widths:?}");
    assert!(pooled.groups[4].log_likelihood.abs() < 1e-12 && pooled.groups[4].customers.abs() < 1e-12);
    // Three silent customers speak for fewer purchases than no customer.
    let mean = |group: usize| log_mean(pooled.groups[group].model.as_ref());
    assert!(mean(3) < mean(4), "{} {}", mean(3), mean(4));
}

#[test]
fn pooling_does_not_depend_on_threads() {
    let model = BgNbd::new(0.6, 10.0, 0.8, 2.5).expect("parameters");
    let bases = [customers(&model, 100, 1), customers(&model, 10, 2)];
    let pooling = Pooling {
        sampling: Sampling { draws: 20, warm_up: 30, ..Sampling::default() },
        ..Pooling::default()
    };
    let run = || format!("{:?}", ModelKind::BgNbd.pool(&bases, &pooling));
    let on_one = crate::threads::on_threads(1, run);
    assert_eq!(on_one, crate::threads::on_threads(4, run));
    assert!(on_one.starts_with("Ok"), "{on_one}");
}

#[test]
fn what_cannot_be_pooled_is_refused() {
    let model = BgNbd::new(0.6, 10.0, 0.8, 2.5).expect("parameters");
    let bases = [customers(&model, 100, 1)];
    let refused = |bases: &[CustomerBase], pooling: &Pooling| {
        ModelKind::BgNbd.pool(bases, pooling).expect_err("refused")
    };
    assert!(matches!(refused(&[], &short()), FitError::Settings { .. }));
    for spread in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(&bases, &Pooling { spread, ..short() }), FitError::Settings { .. }));
    }
    let empty = [CustomerBase::new(), CustomerBase::new()];
    assert!(matches!(refused(&empty, &short()), FitError::TooFewRepeatCustomers { .. }));
}
