//! `perennial`: what every customer of an order log has been worth, will be worth, and how sure that is.

mod arguments;
mod commands;
mod json;
mod requests;
mod terminal;

use std::fmt;
use std::io::ErrorKind;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::arguments::{Arguments, Command};

/// The command line asks for something that no data could make right.
#[derive(Debug)]
pub(crate) struct WrongUsage(pub(crate) String);

impl fmt::Display for WrongUsage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// Exit codes: 0 done, 1 failed, 2 wrong usage (the code that the argument parser itself ends with).
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output (`| head`) has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            ExitCode::from(if error.is::<WrongUsage>() { 2 } else { 1 })
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Value(arguments) => commands::value::run(arguments),
        Command::Fit(arguments) => commands::fit::run(arguments),
        Command::Validate(arguments) => commands::validate::run(arguments),
        Command::Compare(arguments) => commands::compare::run(arguments),
        Command::Models(arguments) => commands::models::run(arguments),
        Command::Simulate(arguments) => commands::simulate::run(arguments),
        Command::Demo(arguments) => commands::demo::run(arguments),
        Command::Init(arguments) => commands::init::run(arguments),
        Command::Check(arguments) => commands::check::run(arguments),
        Command::Run(arguments) => commands::run::run(arguments),
        Command::Snapshots(arguments) => commands::snapshots::run(arguments),
        Command::Serve(arguments) => commands::serve::run(arguments),
        Command::Keys(arguments) => commands::keys::run(arguments),
        Command::Profile(arguments) => commands::profile::run(arguments),
        Command::Events(arguments) => commands::events::run(arguments),
        Command::Deliveries(arguments) => commands::deliveries::run(arguments),
        Command::Store(arguments) => commands::store::run(arguments),
    }
}

/// An error and its causes, each said once: some errors name their cause in their own words.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        before if before.contains(&cause) => said,
        before => format!("{before}: {cause}"),
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_said_once() {
        let error =
            anyhow::anyhow!("no such file").context("orders.csv: no such file").context("cannot read");
        assert_eq!(told(&error), "cannot read: orders.csv: no such file");
    }
}
