//! `cargo xtask test`: everything that has to hold.
//!
//! All steps use the release profile, so that tests, demo and production share one build of the query engine.

use anyhow::Result;

use crate::data::{self, Data};
use crate::services::Services;
use crate::steps::Steps;
use crate::workspace;

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only the format and the tests: no lints, no benchmarks, no documentation.
    #[arg(long)]
    quick: bool,
}

/// Runs all steps.
///
/// # Errors
/// When data cannot be had or a step fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let data = data::find()?;
    println!("data: {}{}", data.folder.display(), if data.cdnow_only { " (CDNOW only)" } else { "" });
    let services = Services::start()?;
    let mut steps = Steps::default();
    steps.run("format", workspace::cargo().args(["fmt", "--all", "--check"]));
    if !arguments.quick {
        let lints = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
        steps.run("lints", workspace::cargo().args(lints));
    }
    tests(&mut steps, &data, &services, arguments.quick);
    if !arguments.quick {
        let mut documentation = workspace::cargo();
        documentation
            .args(["doc", "--release", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        steps.run("documentation", &mut documentation);
    }
    steps.finish()
}

/// Unit, integration and documentation tests, then each benchmark once, as a test that it still runs.
fn tests(steps: &mut Steps, data: &Data, services: &Services, quick: bool) {
    let all = ["test", "--release", "--workspace", "--no-fail-fast"];
    steps.run("tests", services.give_to(data.give_to(workspace::cargo().args(all))));
    if !quick {
        let benches = ["test", "--release", "--workspace", "--bench", "*"];
        steps.run("benchmarks, once", services.give_to(data.give_to(workspace::cargo().args(benches))));
    }
}
