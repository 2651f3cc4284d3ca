//! What tests talk to: real servers, started for the tests and stopped after them, and real clients.

mod node;
mod postgres;
mod python;
mod s3;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use self::postgres::{Access, Postgres};
use crate::steps::must_run;
use crate::workspace;

/// A server that runs until it is dropped.
trait Service {
    /// The variables that tell tests where it is.
    fn environment(&self) -> Vec<(&'static str, String)>;
}

/// All servers that the tests need.
pub(crate) struct Services(Vec<Box<dyn Service>>);

impl Services {
    /// Starts them, installing what is missing where that is possible.
    ///
    /// # Errors
    /// When a server is not installed and cannot be, or does not start.
    pub(crate) fn start() -> Result<Self> {
        let mut running = Self::databases()?;
        running.0.push(Box::new(Postgres::start(Access::Encrypted)?));
        let python = python::Python::install()?;
        running.0.push(Box::new(s3::S3::start(&python)?));
        running.0.push(Box::new(python));
        running.0.push(Box::new(node::Node::install()?));
        for (name, value) in running.environment() {
            println!("services: {name}={value}");
        }
        Ok(running)
    }

    /// Starts the database server that most tests and measurements talk to only.
    ///
    /// # Errors
    /// When a server is not installed and cannot be, or does not start.
    pub(crate) fn databases() -> Result<Self> {
        Ok(Self(vec![Box::new(Postgres::start(Access::Plain)?)]))
    }

    /// What a variable tells tests.
    pub(crate) fn value(&self, variable: &str) -> Option<String> {
        self.environment().into_iter().find(|(name, _)| *name == variable).map(|(_, value)| value)
    }

    /// Tells a command, and all that it starts, where they are.
    pub(crate) fn give_to<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.envs(self.environment())
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        self.0.iter().flat_map(|service| service.environment()).collect()
    }
}

/// What to run with the servers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Runs a command while the servers run.
///
/// # Errors
/// When a server does not start or the command fails.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let services = Services::start()?;
    let Some((program, rest)) = arguments.command.split_first() else { return Ok(()) };
    must_run(services.give_to(workspace::call(program).args(rest)), "run the command")
}

/// Installs what a file of the workspace pins into a folder, unless that was done for the same file before.
fn install_once(pinned: &str, folder: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let pinned = workspace::root().join(pinned);
    let wanted = fs::read(&pinned).with_context(|| format!("cannot read {}", pinned.display()))?;
    let done = folder.join("installed");
    if fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("==> services: installing what {} pins", pinned.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let name = pinned.file_name().context("a pinned file has a name")?;
    fs::write(folder.join(name), &wanted)?;
    install()?;
    // Written last: what was interrupted is installed again.
    fs::write(&done, &wanted).with_context(|| format!("cannot write {}", done.display()))
}
