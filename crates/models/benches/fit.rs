//! How long fits and forecasts take on simulated customers, with the granularity of a day.
//!
//! `cargo bench -p perennial-models`; the population is that of the BG/NBD paper (Fader, Hardie and Lee 2005).

use divan::{Bencher, black_box};
use perennial_math::random::{exponential, stream, uniform_open};
use perennial_models::{
    BgNbd, BgNbdLikelihood, Cox, CoxData, CustomerBase, Lifetime, MbgCnbdK, ModelKind, Purchases,
    TransactionModel,
};

fn main() {
    divan::main();
}

fn model() -> BgNbd {
    BgNbd::new(0.243, 4.414, 0.793, 2.426).expect("parameters")
}

/// Customers first seen on one of 84 days, 27 to 39 weeks ago, in weeks; each history once per customer.
fn customers(n: u64) -> CustomerBase {
    let model = model();
    let mut times = Vec::new();
    (0..n)
        .map(|customer| {
            let mut rng = stream(20_260_101, customer);
            let age = (189.0 + 84.0 * uniform_open(&mut rng)).floor();
            model.simulate_new(age / 7.0, &mut rng, &mut times);
            let mut days: Vec<f64> = times.iter().map(|time| (7.0 * time).ceil().min(age)).collect();
            days.dedup();
            let frequency = u32::try_from(days.len()).expect("few purchases");
            let log_intervals: f64 = std::iter::once(0.0)
                .chain(days.iter().copied())
                .zip(&days)
                .map(|(day, next)| ((next - day) / 7.0).ln())
                .sum();
            Purchases::new(frequency, days.last().map_or(0.0, |day| day / 7.0), age / 7.0)
                .expect("a valid history")
                .with_log_intervals(log_intervals)
        })
        .collect()
}

/// The same with each distinct history once, as a database groups them.
fn distinct(base: &CustomerBase) -> CustomerBase {
    let mut rows: Vec<Purchases> = base.histories().to_vec();
    let key =
        |history: &Purchases| (history.frequency(), history.age().to_bits(), history.recency().to_bits());
    rows.sort_unstable_by_key(key);
    let mut grouped = CustomerBase::new();
    for run in rows.chunk_by(|one, next| key(one) == key(next)) {
        grouped.push(run[0], run.len() as u64);
    }
    grouped
}

#[divan::bench(sample_count = 5)]
fn bg_nbd_fit_of_a_million_rows(bencher: Bencher) {
    let base = customers(1_000_000);
    bencher.bench_local(|| BgNbd::fit(black_box(&base)));
}

#[divan::bench(sample_count = 10)]
fn bg_nbd_fit_of_a_million_grouped(bencher: Bencher) {
    let base = distinct(&customers(1_000_000));
    bencher.bench_local(|| BgNbd::fit(black_box(&base)));
}

#[divan::bench(sample_count = 10)]
fn bg_nbd_log_likelihood_of_a_million_grouped(bencher: Bencher) {
    let base = distinct(&customers(1_000_000));
    let model = model();
    bencher.bench_local(|| model.log_likelihood(black_box(&base)));
}

/// The sum over histories alone, with the processor's vector instructions and without.
#[divan::bench(args = [true, false], sample_count = 100)]
fn bg_nbd_value_and_gradient_of_a_million_grouped(bencher: Bencher, vectors: bool) {
    let likelihood = BgNbdLikelihood::new(&distinct(&customers(1_000_000)));
    let likelihood = if vectors { likelihood } else { likelihood.one_history_at_a_time() };
    bencher.bench_local(|| likelihood.value_and_gradient(black_box([0.243, 4.414, 0.793, 2.426])));
}

#[divan::bench(sample_count = 5)]
fn mbg_cnbd_k_fit_of_a_hundred_thousand_rows(bencher: Bencher) {
    let base = customers(100_000);
    bencher.bench_local(|| MbgCnbdK::fit(black_box(&base)));
}

#[divan::bench(sample_count = 5)]
fn pareto_nbd_fit_of_a_hundred_thousand_rows(bencher: Bencher) {
    let base = customers(100_000);
    bencher.bench_local(|| ModelKind::ParetoNbd.fit(black_box(&base)));
}

#[divan::bench(args = ModelKind::CANDIDATES, sample_count = 5)]
fn expected_purchases_of_a_hundred_thousand(bencher: Bencher, kind: ModelKind) {
    score(bencher, kind, |model, customer| model.expected_purchases_if_alive(customer, 39.0));
}

#[divan::bench(args = ModelKind::CANDIDATES, sample_count = 5)]
fn probability_alive_of_a_hundred_thousand(bencher: Bencher, kind: ModelKind) {
    score(bencher, kind, |model, customer| model.probability_alive(customer));
}

/// Computes a figure for each customer, equal ones again.
fn score(bencher: Bencher, kind: ModelKind, figure: fn(&dyn TransactionModel, &Purchases) -> f64) {
    let base = customers(100_000);
    let model = kind.fit(&base).expect("a fit").model;
    bencher.bench_local(|| {
        base.histories().iter().map(|customer| figure(model.as_ref(), black_box(customer))).sum::<f64>()
    });
}

/// A million subscribers with five covariates, whose months of leaving are tied.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn cox_fit_of_a_million(bencher: Bencher) {
    let coefficients = [0.5, -0.1, 0.2, 0.05, -0.3];
    let (mut lifetimes, mut columns) = (Vec::new(), coefficients.map(|_| Vec::new()));
    for customer in 0..1_000_000 {
        let mut rng = stream(1, customer);
        let mut predictor = 0.0;
        for (column, coefficient) in columns.iter_mut().zip(coefficients) {
            let value = 4.0 * uniform_open(&mut rng);
            column.push(value);
            predictor += coefficient * value;
        }
        let leaves = exponential(&mut rng, 0.02 * predictor.exp());
        let observed = 72.0 * uniform_open(&mut rng);
        let months = leaves.min(observed).ceil();
        lifetimes.push(Lifetime::new(months, leaves < observed).expect("a lifetime"));
    }
    let names = ["a", "b", "c", "d", "e"];
    let data = names.into_iter().zip(columns).fold(CoxData::new(lifetimes), |data, (name, column)| {
        data.with_covariate(name, column).expect("a covariate")
    });
    bencher.bench_local(|| Cox::fit(black_box(&data)));
}

#[divan::bench(sample_count = 1)]
fn gamma_gompertz_nbd_fit_of_a_million_rows(bencher: Bencher) {
    let base = customers(1_000_000);
    bencher.bench_local(|| ModelKind::GammaGompertzNbd.fit(black_box(&base)));
}
