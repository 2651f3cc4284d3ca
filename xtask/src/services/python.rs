//! Python packages that tests need, in an environment of their own in the build folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::Service;
use crate::steps::must_run;
use crate::workspace;

/// What is installed: the S3 server, and the writer of Delta tables (both for tests of sources).
const PACKAGES: [&str; 5] =
    ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5", "deltalake==1.6.6", "pyarrow==26.0.1"];

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
    /// Makes the environment, unless an earlier run made the same.
    ///
    /// # Errors
    /// When there is no Python 3 with venv, or the packages cannot be had.
    pub(super) fn find() -> Result<Self> {
        let folder = std::path::absolute(workspace::target().join("python"))?;
        let program = folder.join("bin/python");
        let made = folder.join("packages.txt");
        let wanted = PACKAGES.join("\n");
        if fs::read_to_string(&made).is_ok_and(|packages| packages == wanted) {
            return Ok(Self { program });
        }
        println!("==> services: Python packages {}", PACKAGES.join(", "));
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        must_run(&mut venv, "make a Python environment (python3 with venv is needed)")?;
        let mut pip = Command::new(&program);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
        must_run(&mut pip, "install Python packages")?;
        fs::write(&made, wanted).with_context(|| format!("cannot write {}", made.display()))?;
        Ok(Self { program })
    }
}
