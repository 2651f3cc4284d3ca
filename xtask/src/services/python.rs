//! Python packages that tests need, in an environment of their own in the build folder.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Service, install_once};
use crate::steps::must_run;
use crate::workspace;

/// The interpreter that finds the packages.
pub(super) struct Python {
    pub(super) program: PathBuf,
}

impl Service for Python {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("PERENNIAL_TEST_PYTHON", self.program.display().to_string())]
    }
}

impl Python {
    /// Makes the environment with the pinned packages, unless it is there.
    ///
    /// # Errors
    /// When there is no Python 3 with venv, or the packages cannot be had.
    pub(super) fn install() -> Result<Self> {
        let folder = std::path::absolute(workspace::target().join("python"))?;
        let program = folder.join("bin/python");
        install_once("xtask/services/requirements.txt", &folder, || {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv"]).arg(&folder);
            must_run(&mut venv, "make a Python environment (python3 with venv is needed)")?;
            let mut pip = Command::new(&program);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
            must_run(pip.arg(folder.join("requirements.txt")), "install Python packages")
        })?;
        Ok(Self { program })
    }
}
