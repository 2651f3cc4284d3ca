//! What developers and the continuous integration run: `cargo xtask test` for everything that has to hold,
//! `cargo xtask bench-peers` for comparisons with other packages in one run.

mod data;
mod ingest;
mod peers;
mod services;
mod steps;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run everything that has to hold: format, lints, tests, documentation. Gets the data it needs by itself.
    Test(test::Arguments),
    /// Run a command with the servers that tests need, as in `cargo xtask services cargo test -p perennial-store`.
    Services(services::Arguments),
    /// Measure how many events a second the server makes durable on SQLite and PostgreSQL, and how fast it reads profiles.
    BenchIngest(ingest::Arguments),
    /// Run Perennial and its peers on the same data in one run and print a table of ratios.
    BenchPeers(peers::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Services(arguments) => services::run(&arguments),
        Task::BenchIngest(arguments) => ingest::run(&arguments),
        Task::BenchPeers(arguments) => peers::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
