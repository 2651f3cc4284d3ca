//! The SDKs that shops send events with, from npm and PyPI: installed once beside the build, then used offline.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Service;
use crate::steps::must_run;
use crate::workspace;

/// The installed SDKs.
pub(super) struct Sdks {
    node: PathBuf,
    python: PathBuf,
}

impl Service for Sdks {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PERENNIAL_TEST_NODE_SDK", self.node.display().to_string()),
            ("PERENNIAL_TEST_PYTHON", self.python.display().to_string()),
        ]
    }
}

impl Sdks {
    /// Installs the pinned versions, unless they are there.
    ///
    /// # Errors
    /// When `npm` or `python3` is missing, or a package cannot be fetched.
    pub(super) fn install() -> Result<Self> {
        let folder = workspace::target().join("sdk");
        let pinned = workspace::root().join("crates/server/tests/sdk");
        let node = folder.join("node");
        once(&pinned.join("node/package.json"), &node, |folder| {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]);
            must_run(npm.current_dir(folder), "install Segment's SDK for Node.js (it needs npm)")
        })?;
        let venv = folder.join("python");
        let python = venv.join("bin/python");
        once(&pinned.join("python/requirements.txt"), &venv, |folder| {
            must_run(Command::new("python3").args(["-m", "venv"]).arg(folder), "make a Python environment")?;
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
            must_run(pip.arg(folder.join("requirements.txt")), "install Segment's SDK for Python")
        })?;
        Ok(Self { node, python })
    }
}

/// Installs what a file pins into a folder, unless that was done for the same file before.
fn once(pinned: &Path, folder: &Path, install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let wanted = fs::read(pinned).with_context(|| format!("cannot read {}", pinned.display()))?;
    let done = folder.join("installed");
    if fs::read(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("==> services: installing what {} pins", pinned.display());
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let name = pinned.file_name().context("a pinned file has a name")?;
    fs::write(folder.join(name), &wanted)?;
    install(folder)?;
    // Written last: what was interrupted is installed again.
    fs::write(&done, &wanted).with_context(|| format!("cannot write {}", done.display()))
}
