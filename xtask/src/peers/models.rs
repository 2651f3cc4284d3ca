//! The comparisons of models alone, most of them without a peer.

use std::path::Path;

use anyhow::Result;

use super::Bench;
use super::cases::{made_once, path};
use super::program::Measured;
use super::table::{Goal, Row, Side};

/// Warm-up and draws per chain of both samplers.
const WARM_UP: &str = "500";
const DRAWS: &str = "1000";

/// The models that are fitted on all customers, cheapest first.
const MODELS: [&str; 12] = [
    "bdw",
    "sbg",
    "log-normal",
    "bg-bb",
    "nbd",
    "bg-nbd",
    "mbg-nbd",
    "pareto-nbd",
    "bg-cnbd-k",
    "mbg-cnbd-k",
    "gamma-gompertz-nbd",
    "gamma-gamma",
];

/// The posterior of the BG/NBD on CDNOW; the samplers are compared by CPU seconds per effective draw.
pub(super) fn nuts(bench: &Bench, python: &Path) -> Result<Row> {
    let file =
        made_once(&bench.folder.join("cdnow.f64"), |part| bench.peer("cdnow_histories.py", &[path(part)]))?;
    let file = path(&file);
    let ours = bench.fits(bench.threads, &["nuts", &file])?;
    let peer = bench.script(python, "pymc_nuts.py", &[&file, WARM_UP, DRAWS])?;
    let side = |name, measured: &Measured| -> Result<Side> {
        Ok(Side { got: measured.number("ess")?, ..Side::new(name, measured, "cpu")? })
    };
    let (ours_side, peer_side) = (side("Perennial", &ours)?, side("PyMC-Marketing", &peer)?);
    let agreement = format!(
        "ratio of effective draws per CPU s: {:.0} draws in {:.2} s (R-hat {:.3}), PyMC-Marketing {:.0} in {:.2} s (R-hat {:.3}; r {:.4}, \
         alpha {:.4}, a {:.4}, b {:.4}), ours {}",
        ours_side.got,
        ours_side.work,
        ours.number("r_hat")?,
        peer_side.got,
        peer_side.work,
        peer.number("r_hat")?,
        peer.number("r")?,
        peer.number("alpha")?,
        peer.number("a")?,
        peer.number("b")?,
        ours.text("fitted")?,
    );
    Ok(Row {
        case: "NUTS bg-nbd, CDNOW (2357 customers)".to_owned(),
        peer: Some(peer_side),
        ours: ours_side,
        goal: Goal::TimesLessCpu(20.0),
        agreement,
    })
}

/// Fits of every model on customers of its own kind.
pub(super) fn alone(bench: &Bench, customers: u64) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for model in MODELS {
        rows.push(fit(bench, "alone", model, customers, Goal::CpuBelow(10.0))?);
    }
    for model in ["bg-nbd", "pareto-nbd"] {
        rows.push(fit(bench, "covariates", model, customers / 10, Goal::None)?);
    }
    // A double integral per customer and evaluation: a sample of customers is what it is for.
    rows.push(fit(bench, "alone", "pareto-ggg", customers / 1000, Goal::None)?);
    Ok(rows)
}

fn fit(bench: &Bench, command: &str, model: &str, customers: u64, goal: Goal) -> Result<Row> {
    let ours = bench.fits(bench.threads, &[command, model, &customers.to_string()])?;
    let with = if command == "covariates" { ", one continuous covariate" } else { "" };
    Ok(Row {
        case: format!("fit {model}{with}, {customers} customers"),
        peer: None,
        ours: Side::new("Perennial", &ours, "cpu")?,
        goal,
        agreement: format!("{}; {} evaluations", ours.text("fitted")?, ours.text("evaluations")?),
    })
}

/// Fits on one thread and on two.
pub(super) fn threads(bench: &Bench, customers: u64) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for model in ["bg-nbd", "pareto-nbd"] {
        for threads in [1, 2] {
            let ours = bench.fits(threads, &["alone", model, &customers.to_string()])?;
            rows.push(Row {
                case: format!("fit {model}, {customers} customers, {threads} thread(s)"),
                peer: None,
                ours: Side::new("Perennial", &ours, "cpu")?,
                goal: Goal::None,
                agreement: format!(
                    "{:.2} s on the clock; log-likelihood {}",
                    ours.number("wall")?,
                    ours.text("log_likelihood")?
                ),
            });
        }
    }
    Ok(rows)
}

/// Value and gradient of the BG/NBD with vector instructions, against the same without.
pub(super) fn kernel(bench: &Bench, customers: u64) -> Result<Row> {
    let both = bench.fits(1, &["kernel", &customers.to_string()])?;
    Ok(Row {
        case: format!("value and gradient bg-nbd, {customers} customers"),
        peer: Some(Side::new("Perennial without vector instructions", &both, "single_cpu")?),
        ours: Side::new("Perennial", &both, "vectors_cpu")?,
        goal: Goal::TimesLessCpu(2.0),
        agreement: format!(
            "{} distinct histories, relative difference {}",
            both.text("histories")?,
            both.text("difference")?
        ),
    })
}
