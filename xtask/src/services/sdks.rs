//! The SDKs that shops send events with, from npm and PyPI: installed once beside the build, then used offline.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Service;
use crate::steps::must_run;
use crate::workspace;

/// Where tests look for the folder of the SDK for Node.js.
const NODE: &str = "PERENNIAL_TEST_NODE_SDK";
/// Where tests look for the Python that has an SDK.
const PYTHON: &str = "PERENNIAL_TEST_PYTHON";

/// The installed SDKs, by variable.
pub(super) struct Sdks(Vec<(&'static str, String)>);

impl Service for Sdks {
    fn environment(&self) -> Vec<(&'static str, String)> {
        self.0.clone()
    }
}

impl Sdks {
    /// Installs the pinned versions, unless they are there or a variable names others (or `none`).
    ///
    /// # Errors
    /// When `npm` or `python3` is missing, or a package cannot be fetched.
    pub(super) fn install() -> Result<Self> {
        let installed = [(NODE, node as fn() -> Result<PathBuf>), (PYTHON, python)].into_iter();
        let installed = installed.filter(|(variable, _)| env::var_os(variable).is_none());
        let installed = installed.map(|(variable, install)| Ok((variable, install()?.display().to_string())));
        Ok(Self(installed.collect::<Result<_>>()?))
    }
}

/// The folder with the SDK for Node.js.
fn node() -> Result<PathBuf> {
    let folder = workspace::target().join("sdk/node");
    once("node/package.json", &folder, || {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]);
        must_run(npm.current_dir(&folder), "install Segment's SDK for Node.js (it needs npm)")
    })?;
    Ok(folder)
}

/// The Python that has the SDK for Python.
fn python() -> Result<PathBuf> {
    let folder = workspace::target().join("sdk/python");
    let python = folder.join("bin/python");
    once("python/requirements.txt", &folder, || {
        must_run(Command::new("python3").args(["-m", "venv"]).arg(&folder), "make a Python environment")?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
        must_run(pip.arg(folder.join("requirements.txt")), "install Segment's SDK for Python")
    })?;
    Ok(python)
}

/// Installs what a file beside the tests pins into a folder, unless that was done for the same file before.
fn once(file: &str, folder: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let pinned = workspace::root().join("crates/server/tests/sdk").join(file);
    let wanted = fs::read(&pinned).with_context(|| format!("cannot read {}", pinned.display()))?;
    let done = folder.join("installed");
    if fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("==> services: installing what {} pins", pinned.display());
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let name = pinned.file_name().context("a pinned file has a name")?;
    fs::write(folder.join(name), &wanted)?;
    install()?;
    // Written last: what was interrupted is installed again.
    fs::write(&done, &wanted).with_context(|| format!("cannot write {}", done.display()))
}
