//! The comparisons: what each side runs, and how their results are held against each other.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Bench;
use super::program::Measured;
use super::table::{Goal, Row, Side};

/// Weeks of the forecasts that are scored.
const HORIZON_WEEKS: &str = "52";

/// A fit of one model on simulated customers whose times are whole days.
pub(super) fn fit(bench: &Bench, model: &str, customers: u64, goal: f64) -> Result<Row> {
    let histories = histories(bench, customers)?;
    let ours = bench.ours(&["fit", model, &path(&histories)])?;
    let peer = bench.peer("lifetimes_fit.py", &[model, &path(&histories)])?;
    let difference = ours.number("log_likelihood")? - peer.number("log_likelihood")?;
    Ok(Row {
        case: format!("fit {model}, {customers} customers"),
        peer: Some(Side::new("lifetimes", &peer, "cpu")?),
        ours: Side::new("Perennial", &ours, "cpu")?,
        goal: Goal::TimesLessCpu(goal),
        agreement: format!("log-likelihood {} ({difference:+.4})", ours.text("log_likelihood")?),
    })
}

/// Forecasts of one model, with the parameters that our fit gives.
pub(super) fn score(bench: &Bench, model: &str, customers: u64) -> Result<Vec<Row>> {
    let histories = histories(bench, customers)?;
    let fit = bench.ours(&["fit", model, &path(&histories)])?;
    let mut arguments = vec![model.to_owned(), path(&histories), HORIZON_WEEKS.to_owned()];
    for name in parameters(model) {
        arguments.push(fit.text(name)?.to_owned());
    }
    let peer = bench.peer("lifetimes_score.py", &arguments)?;
    arguments.insert(0, "score".to_owned());
    let ours = bench.ours(&arguments)?;
    let row = |work: &str, title: &str, agreement: String| -> Result<Row> {
        Ok(Row {
            case: format!("{title}, {model}, {customers} customers"),
            peer: Some(Side::new("lifetimes", &peer, work)?),
            ours: Side::new("Perennial", &ours, work)?,
            goal: Goal::TimesLessCpu(10.0),
            agreement,
        })
    };
    Ok(vec![
        row("expected_cpu", "expected purchases", same_number(&ours, &peer, "expected_sum")?)?,
        row("alive_cpu", "P(alive)", same_number(&ours, &peer, "alive_sum")?)?,
        row("value_cpu", "12-month value", same_number(&ours, &peer, "value_sum")?)?,
        // Perennial's work on each figure begins with distinct histories; finding them is counted here.
        row("all_cpu", "all three", format!("{} distinct histories", ours.text("histories")?))?,
    ])
}

/// Orders in Parquet summarised per customer: first and last day, transactions, spend, spend of the first day.
pub(super) fn summary(bench: &Bench, customers: u64, orders: u64) -> Result<Vec<Row>> {
    let log = order_log(bench, customers, orders)?;
    let threads = bench.threads.to_string();
    let ours = bench.ours(&["summarise", &path(&log), &threads])?;
    [("DuckDB", "summarise_duckdb.py"), ("Polars", "summarise_polars.py")]
        .into_iter()
        .map(|(name, script)| {
            let peer = bench.peer(script, &[&path(&log), &threads])?;
            Ok(Row {
                case: format!("summarise {orders} orders of {customers} customers"),
                peer: Some(Side::new(name, &peer, "cpu")?),
                ours: Side::new("Perennial", &ours, "cpu")?,
                goal: Goal::TimesLessCpu(1.0),
                agreement: checksums(&ours, &peer)?,
            })
        })
        .collect()
}

/// The product itself, from a large order log to the values of all customers.
pub(super) fn memory(bench: &Bench, customers: u64, orders: u64) -> Result<Row> {
    let log = order_log(bench, customers, orders)?;
    let values = bench.folder.join("values.parquet");
    let ours = bench.product(&["value", &path(&log), "--out", &path(&values)])?;
    Ok(Row {
        case: format!("value {customers} customers of {orders} orders, Parquet to Parquet"),
        peer: None,
        ours: Side::new("Perennial", &ours, "process_cpu")?,
        goal: Goal::PeakBelow(4096.0),
        agreement: "-".to_owned(),
    })
}

fn parameters(model: &str) -> [&'static str; 4] {
    match model {
        "pareto-nbd" => ["r", "alpha", "s", "beta"],
        _ => ["r", "alpha", "a", "b"],
    }
}

/// The same simulated customers for both sides, made once.
fn histories(bench: &Bench, customers: u64) -> Result<PathBuf> {
    let file = bench.folder.join(format!("histories-{customers}.f64"));
    made_once(&file, |part| bench.ours(&["histories", &customers.to_string(), &path(part)]))
}

/// The same simulated order log for both sides, made once.
fn order_log(bench: &Bench, customers: u64, orders: u64) -> Result<PathBuf> {
    let file = bench.folder.join(format!("orders-{customers}-{orders}.parquet"));
    made_once(&file, |part| bench.ours(&["log", &customers.to_string(), &orders.to_string(), &path(part)]))
}

/// Makes a file under another name first, so that an interrupted run leaves none that looks complete.
pub(super) fn made_once(file: &Path, make: impl Fn(&Path) -> Result<Measured>) -> Result<PathBuf> {
    if !file.exists() {
        let part = file.with_extension("part");
        make(&part)?;
        std::fs::rename(&part, file)?;
    }
    Ok(file.to_path_buf())
}

pub(super) fn path(path: &Path) -> String {
    path.display().to_string()
}

fn same_number(ours: &Measured, peer: &Measured, name: &str) -> Result<String> {
    let (a, b) = (ours.number(name)?, peer.number(name)?);
    Ok(format!("sum {a:.3}, relative difference {:.1e}", (a - b).abs() / b.abs().max(f64::MIN_POSITIVE)))
}

/// Exact sums that must be equal; the first that is not is shown.
fn checksums(ours: &Measured, peer: &Measured) -> Result<String> {
    for name in ["customers", "repeat_transactions", "days", "spend", "first_spend"] {
        let (a, b) = (ours.text(name)?, peer.text(name)?);
        if a != b {
            return Ok(format!("{name} differs: {a} against {b}"));
        }
    }
    Ok("all sums equal".to_owned())
}
