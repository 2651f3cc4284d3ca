//! Steps that are run one after the other, each with its time, and their closing summary.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Steps run so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    time: Duration,
    passed: bool,
}

impl Steps {
    /// Runs a command as a step. A failure is remembered and the next step is run all the same, so that one run shows
    /// everything that is wrong.
    pub(crate) fn run(&mut self, name: &'static str, command: &mut Command) {
        println!("\n==> {name}: {}", shown(command));
        let start = Instant::now();
        let passed = match command.status() {
            Ok(status) => status.success(),
            Err(error) => {
                eprintln!("{}: {error}", command.get_program().display());
                false
            }
        };
        let time = start.elapsed();
        println!("<== {name}: {} in {}", verdict(passed), seconds(time));
        self.done.push(Step { name, time, passed });
    }

    /// Prints what passed and what failed.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!();
        for step in &self.done {
            println!("{:>10}  {:<7} {}", seconds(step.time), verdict(step.passed), step.name);
        }
        let failed: Vec<_> = self.done.iter().filter(|step| !step.passed).map(|step| step.name).collect();
        println!("steps: {} passed, {} failed", self.done.len() - failed.len(), failed.len());
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

/// Runs a command whose failure ends everything.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub(crate) fn must_run(command: &mut Command, purpose: &str) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot {purpose}: {} did not start", command.get_program().display()))?;
    if !status.success() {
        bail!("cannot {purpose}: `{}` ended with {status}", shown(command));
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

const fn verdict(passed: bool) -> &'static str {
    if passed { "passed" } else { "FAILED" }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
