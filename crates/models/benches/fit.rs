//! How long fits and forecasts take on simulated customers, with the granularity of a day.
//!
//! `cargo bench -p perennial-models`; the population is that of the BG/NBD paper (Fader, Hardie and Lee 2005).

use divan::{Bencher, black_box};
use perennial_math::random::{stream, uniform_open};
use perennial_models::{BgNbd, CustomerBase, MbgCnbdK, ModelKind, Purchases, TransactionModel};

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

#[divan::bench(args = ModelKind::ALL, sample_count = 5)]
fn expected_purchases_of_a_hundred_thousand(bencher: Bencher, kind: ModelKind) {
    score(bencher, kind, |model, customer| model.expected_purchases_if_alive(customer, 39.0));
}

#[divan::bench(args = ModelKind::ALL, sample_count = 5)]
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
