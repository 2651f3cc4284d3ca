//! Our side of `cargo xtask bench-peers`: each command does one piece of work and prints lines `name value`, among them
//! the CPU seconds (user and system, all threads) of the work alone.
//!
//! ```text
//! bench histories CUSTOMERS FILE                          simulated customers, whole days, in weeks
//! bench fit MODEL FILE                                    maximum likelihood
//! bench score MODEL FILE WEEKS PARAMETER...               expected purchases, P(alive), 12-month value
//! bench log CUSTOMERS ORDERS FILE                         a simulated order log in Parquet
//! bench summarise FILE THREADS                            orders to one row per customer
//! ```

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use cpu_time::ProcessTime;
use perennial_lake::arrow::array::AsArray;
use perennial_lake::arrow::datatypes::Int64Type;
use perennial_lake::{OrderSource, Session, SessionOptions};
use perennial_models::{BgNbd, CustomerBase, ModelKind, Parameters, Purchases, TimeUnit, TransactionModel};

/// The population of CDNOW (Fader, Hardie and Lee 2005), in weeks, and the days for which its customers are observed.
const POPULATION: [f64; 4] = [0.243, 4.414, 0.793, 2.426];
const AGE_DAYS: std::ops::RangeInclusive<u32> = 189..=273;
const SEED: u64 = 20_260_101;

/// The periods of the 12-month value, as lifetimes counts them: 12 of 4.345 weeks, 1 % each.
const PERIODS: u32 = 12;
const PERIOD_WEEKS: f64 = 4.345;
const PERIOD_DISCOUNT: f64 = 0.01;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["histories", customers, file] => histories(customers.parse()?, Path::new(file)),
        ["fit", model, file] => fit(model.parse()?, Path::new(file)),
        ["score", model, file, weeks, parameters @ ..] => {
            score(model.parse()?, Path::new(file), weeks.parse()?, &numbers(parameters)?)
        }
        ["log", customers, orders, file] => {
            let orders =
                perennial_simulate::purchase_log(customers.parse()?, orders.parse()?, SEED, Path::new(file))?;
            println!("orders {orders}");
            Ok(())
        }
        ["summarise", file, threads] => summarise(file, threads.parse()?),
        _ => bail!("unknown command {words:?}; see the top of this file"),
    }
}

fn numbers(words: &[&str]) -> Result<Vec<f64>> {
    words.iter().map(|word| word.parse().with_context(|| format!("{word:?} is no number"))).collect()
}

/// Does the work and prints its CPU seconds.
fn measured<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = ProcessTime::now();
    let result = work();
    println!("{name} {}", start.elapsed().as_secs_f64());
    result
}

/// Writes all frequencies, then all recencies, then all ages as little-endian doubles.
fn histories(customers: usize, file: &Path) -> Result<()> {
    let model = BgNbd::from_values(&POPULATION)?;
    let histories = perennial_simulate::histories(&model, TimeUnit::Week, AGE_DAYS, customers, SEED);
    let frequencies = histories.iter().map(|history| f64::from(history.frequency()));
    let recencies = histories.iter().map(Purchases::recency);
    let ages = histories.iter().map(Purchases::age);
    let bytes: Vec<u8> = frequencies.chain(recencies).chain(ages).flat_map(f64::to_le_bytes).collect();
    std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

fn read(file: &Path) -> Result<Vec<Purchases>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (doubles, rest) = bytes.as_chunks::<8>();
    ensure!(
        rest.is_empty() && doubles.len().is_multiple_of(3),
        "{} is not a file of histories",
        file.display()
    );
    let values: Vec<f64> = doubles.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let n = values.len() / 3;
    (0..n)
        .map(|i| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small whole numbers"
            )]
            let frequency = values[i] as u32;
            Ok(Purchases::new(frequency, values[n + i], values[2 * n + i])?)
        })
        .collect()
}

fn fit(kind: ModelKind, file: &Path) -> Result<()> {
    let rows = read(file)?;
    let start = ProcessTime::now();
    let base = measured("distinct_cpu", || customer_base(&rows))?;
    let fit = measured("fit_cpu", || kind.fit(&base))?;
    println!("cpu {}", start.elapsed().as_secs_f64());
    println!("histories {}", base.histories().len());
    for estimate in fit.parameters {
        println!("{} {}", estimate.name, estimate.value);
    }
    println!("log_likelihood {}", fit.log_likelihood);
    println!("evaluations {}", fit.evaluations);
    Ok(())
}

/// The distinct histories with their numbers of customers, as the summary of a valuation groups them. Times are whole days,
/// so a history packs into one number, which is what makes sorting cheap.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days are few and not negative")]
fn customer_base(rows: &[Purchases]) -> Result<CustomerBase> {
    let days = |time: f64| (time * TimeUnit::Week.days()).round() as u16;
    let key = |row: &Purchases| {
        u64::from(row.frequency()) << 32 | u64::from(days(row.recency())) << 16 | u64::from(days(row.age()))
    };
    let mut keys: Vec<u64> = rows.iter().map(key).collect();
    keys.sort_unstable();
    let mut base = CustomerBase::new();
    for group in keys.chunk_by(|a, b| a == b) {
        let weeks = |days: u64| f64::from(days as u16) / TimeUnit::Week.days();
        let history = Purchases::new((group[0] >> 32) as u32, weeks(group[0] >> 16), weeks(group[0]))?;
        base.push(history, group.len() as u64);
    }
    Ok(base)
}

/// The distinct histories, and the place of each row's own among them.
fn distinct(rows: &[Purchases]) -> (Vec<Purchases>, Vec<usize>) {
    let (mut places, mut histories) = (HashMap::new(), Vec::new());
    let row_places = rows
        .iter()
        .map(|row| {
            let key = (row.frequency(), row.recency().to_bits(), row.age().to_bits());
            *places.entry(key).or_insert_with(|| {
                histories.push(*row);
                histories.len() - 1
            })
        })
        .collect();
    (histories, row_places)
}

/// Scores each distinct history once, as the product does, which gets them distinct from its summary.
fn score(kind: ModelKind, file: &Path, weeks: f64, parameters: &[f64]) -> Result<()> {
    let rows = read(file)?;
    let model = kind.model(parameters)?;
    let start = ProcessTime::now();
    let (histories, places) = measured("distinct_cpu", || distinct(&rows));
    let spread = |scores: Vec<f64>| places.iter().map(|&place| scores[place]).collect::<Vec<f64>>();
    let expected = measured("expected_cpu", || {
        spread(histories.iter().map(|history| model.expected_purchases(history, weeks)).collect())
    });
    let alive = measured("alive_cpu", || {
        spread(histories.iter().map(|history| model.probability_alive(history)).collect())
    });
    let value = measured("value_cpu", || {
        let orders = spread(histories.iter().map(|history| discounted_purchases(&*model, history)).collect());
        orders
            .iter()
            .enumerate()
            .map(|(row, orders)| (20.0 + (row % 50) as f64) * orders)
            .collect::<Vec<f64>>()
    });
    println!("all_cpu {}", start.elapsed().as_secs_f64());
    for (name, scores) in [("expected", expected), ("alive", alive), ("value", value)] {
        println!("{name}_sum {}", scores.iter().sum::<f64>());
    }
    println!("histories {}", histories.len());
    Ok(())
}

fn discounted_purchases(model: &dyn TransactionModel, history: &Purchases) -> f64 {
    let alive = model.probability_alive(history);
    let (mut before, mut sum) = (0.0, 0.0);
    for period in 1..=PERIODS {
        let until = model.expected_purchases_if_alive(history, f64::from(period) * PERIOD_WEEKS);
        sum += (until - before) / (1.0 + PERIOD_DISCOUNT).powi(period.cast_signed());
        before = until;
    }
    alive * sum
}

/// Reads the log and summarises it per customer; the sums are checked against the peers'.
fn summarise(file: &str, threads: usize) -> Result<()> {
    let options = SessionOptions { threads, ..SessionOptions::default() };
    let session = Session::new(&options)?;
    measured("cpu", || -> Result<()> {
        let reading = session.read_orders(&OrderSource::new([file]))?;
        session.materialise("summary", &perennial_valuation::summary_sql("purchases", reading.last_day))?;
        Ok(())
    })?;
    let sums = session.query(
        "SELECT count(*) AS customers, sum(transactions - 1) AS repeat_transactions, \
                CAST(sum(CAST(last_day - first_day AS BIGINT)) AS BIGINT) AS days, \
                CAST(sum(spend) AS BIGINT) AS spend, CAST(sum(first_spend) AS BIGINT) AS first_spend FROM summary",
    )?;
    let batch = sums.first().context("the summary is empty")?;
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let value =
            column.as_primitive_opt::<Int64Type>().context("a sum of the summary is no 64-bit integer")?;
        println!("{} {}", field.name(), value.value(0));
    }
    Ok(())
}
