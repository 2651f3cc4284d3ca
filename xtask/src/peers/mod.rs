//! `cargo xtask bench-peers`: Perennial and its peers on the same data in one run, as a table of ratios.
//!
//! CPU seconds are user and system time. `work` is measured inside the program around the work alone, after start-up and
//! reading of inputs (for the summaries, reading the Parquet file is part of the work); `process` is all that the program
//! used from start to end, measured from outside.

mod cases;
mod models;
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
    /// The posterior of the BG/NBD on CDNOW against PyMC-Marketing.
    Nuts,
    /// Fits of every model, ours alone.
    Models,
    /// Fits on one thread and on two, ours alone.
    Threads,
    /// The likelihood with vector instructions against that without, both ours.
    Kernel,
}

impl Comparison {
    /// Whether it needs models alone and not the product: built within a minute.
    const fn of_models(self) -> bool {
        matches!(self, Self::Nuts | Self::Models | Self::Threads | Self::Kernel)
    }
}

/// The programs and the folder of a run.
#[derive(Debug)]
struct Bench {
    /// The peers' Python.
    python: PathBuf,
    /// Our program for the work alone.
    ours: PathBuf,
    /// Our program for the work of a model alone.
    fits: PathBuf,
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
    let models_only =
        !arguments.only.is_empty() && arguments.only.iter().all(|comparison| comparison.of_models());
    let bench = Bench::prepare(arguments.threads, !models_only)?;
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
    if wanted(Comparison::Nuts) {
        let python = install_peers("peers-pymc", "requirements-pymc.txt")?;
        rows.push(models::nuts(&bench, &python)?);
    }
    if wanted(Comparison::Models) {
        rows.extend(models::alone(&bench, customers)?);
    }
    if wanted(Comparison::Threads) {
        rows.extend(models::threads(&bench, customers)?);
    }
    if wanted(Comparison::Kernel) {
        rows.push(models::kernel(&bench, customers)?);
    }
    println!("\n{}", table::markdown(&rows));
    println!("{}", bench.versions()?);
    Ok(())
}

impl Bench {
    /// Installs the peers and builds the programs; the product, which takes long, only when it is asked for.
    fn prepare(threads: usize, product: bool) -> Result<Self> {
        let target = std::path::absolute(workspace::target())?;
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder)?;
        let python = install_peers("peers", "requirements.txt")?;
        let mut build = workspace::cargo();
        build.args(["build", "--release", "--package", "perennial-models", "--example", "fits"]);
        must_run(&mut build, "build the fits")?;
        let release = target.join("release");
        let bench = Self {
            python,
            ours: release.join("examples/bench"),
            fits: release.join("examples/fits"),
            perennial: release.join("perennial"),
            folder,
            threads,
        };
        if !product {
            return Ok(bench);
        }
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
        Ok(bench)
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

/// A Python environment with the peers of a list; made once, and again when the list changes.
fn install_peers(name: &str, requirements: &str) -> Result<PathBuf> {
    let environment = std::path::absolute(workspace::target())?.join(name);
    let python = environment.join("bin/python");
    let list = workspace::root().join("xtask/peers").join(requirements);
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let installed = environment.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    eprintln!("installing the peers into {}", environment.display());
    must_run(
        Command::new("python3").args(["-m", "venv"]).arg(&environment),
        "make a Python environment (python3 with venv is needed)",
    )?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&list);
    must_run(&mut pip, "install the peers")?;
    std::fs::write(&installed, wanted)?;
    Ok(python)
}
