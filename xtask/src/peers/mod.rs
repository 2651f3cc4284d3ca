//! `cargo xtask bench-peers`: Perennial and its peers on the same data in one run, as a table of ratios.
//!
//! CPU seconds are user and system time. `work` is measured inside the program around the work alone, after start-up and
//! reading of inputs (for the summaries, reading the Parquet file is part of the work); `process` is all that the program
//! used from start to end, measured from outside.

mod cases;
mod program;
mod table;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::steps::must_run;
use crate::workspace;

/// What to compare, and at what size.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these comparisons, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Comparison>,
    /// Customers of the largest fit; the others scale with it (Pareto/NBD a tenth, the order log twice as many customers
    /// and ten times as many orders).
    #[arg(long, default_value_t = 1_000_000)]
    customers: u64,
    /// Threads that each program may use.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// A group of comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Comparison {
    /// Fits of BG/NBD and Pareto/NBD against lifetimes.
    Fit,
    /// Expected purchases, P(alive) and 12-month value against lifetimes.
    Score,
    /// Orders in Parquet to a summary per customer against DuckDB and Polars.
    Summary,
    /// The whole valuation of a large order log: CPU and peak memory.
    Memory,
}

/// The programs and the folder of a run.
#[derive(Debug)]
struct Bench {
    /// The peers' Python.
    python: PathBuf,
    /// Our program for the work alone.
    ours: PathBuf,
    /// The product.
    perennial: PathBuf,
    /// Where inputs are kept between runs.
    folder: PathBuf,
    threads: usize,
}

/// Prepares both sides, runs the comparisons and prints their table.
///
/// # Errors
/// When a program cannot be built, installed or run.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::prepare(arguments.threads)?;
    let wanted = |comparison| arguments.only.is_empty() || arguments.only.contains(&comparison);
    let customers = arguments.customers;
    let mut rows = Vec::new();
    if wanted(Comparison::Fit) {
        rows.push(cases::fit(&bench, "bg-nbd", customers, 50.0)?);
        rows.push(cases::fit(&bench, "pareto-nbd", customers / 10, 100.0)?);
    }
    if wanted(Comparison::Score) {
        rows.extend(cases::score(&bench, "bg-nbd", customers)?);
        rows.extend(cases::score(&bench, "pareto-nbd", customers)?);
    }
    if wanted(Comparison::Summary) {
        rows.extend(cases::summary(&bench, customers * 2, customers * 10)?);
    }
    if wanted(Comparison::Memory) {
        rows.push(cases::memory(&bench, customers * 2, customers * 10)?);
    }
    println!("\n{}", table::markdown(&rows));
    println!("{}", bench.versions()?);
    Ok(())
}

impl Bench {
    fn prepare(threads: usize) -> Result<Self> {
        let target = std::path::absolute(workspace::target())?;
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder)?;
        let python = install_peers(&target.join("peers"))?;
        let mut build = workspace::cargo();
        build.args([
            "build",
            "--release",
            "--package",
            "perennial",
            "--bin",
            "perennial",
            "--example",
            "bench",
        ]);
        must_run(&mut build, "build Perennial")?;
        let release = target.join("release");
        Ok(Self {
            python,
            ours: release.join("examples/bench"),
            perennial: release.join("perennial"),
            folder,
            threads,
        })
    }

    /// The versions of what was compared and the machine it ran on.
    fn versions(&self) -> Result<String> {
        let script = "import importlib.metadata as m, os; print(', '.join(f'{p} {m.version(p)}' for p in \
                      ['lifetimes', 'numpy', 'scipy', 'pandas', 'duckdb', 'polars']) + f'; {os.cpu_count()} cores')";
        let output = Command::new(&self.python)
            .args(["-c", script])
            .output()
            .context("cannot start the peers' Python")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// A Python environment with the peers; made once, and again when the list of peers changes.
fn install_peers(environment: &std::path::Path) -> Result<PathBuf> {
    let python = environment.join("bin/python");
    let list = workspace::root().join("xtask/peers/requirements.txt");
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let installed = environment.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    eprintln!("installing the peers into {}", environment.display());
    must_run(
        Command::new("python3").args(["-m", "venv"]).arg(environment),
        "make a Python environment (python3 with venv is needed)",
    )?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list);
    must_run(&mut pip, "install the peers")?;
    std::fs::write(&installed, wanted)?;
    Ok(python)
}
