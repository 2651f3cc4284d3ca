//! A program that is measured: it prints lines `name value`, and a wrapper adds what its whole process used.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Bench;
use crate::workspace;

/// What a program printed about itself.
#[derive(Debug)]
pub(super) struct Measured {
    program: String,
    values: BTreeMap<String, String>,
}

impl Measured {
    /// A value as text.
    ///
    /// # Errors
    /// When the program did not print it.
    pub(super) fn text(&self, name: &str) -> Result<&str> {
        let value = self.values.get(name);
        value.map(String::as_str).with_context(|| format!("{} printed no {name:?}", self.program))
    }

    /// A value as a number.
    ///
    /// # Errors
    /// When the program did not print it, or not as a number.
    pub(super) fn number(&self, name: &str) -> Result<f64> {
        let text = self.text(name)?;
        text.parse()
            .with_context(|| format!("{} printed {name} as {text:?}, which is no number", self.program))
    }
}

impl Bench {
    /// Runs a script of the peers.
    pub(super) fn peer<S: AsRef<OsStr>>(&self, script: &str, arguments: &[S]) -> Result<Measured> {
        self.script(&self.python, script, arguments)
    }

    /// Runs a script with another Python than that of most peers.
    pub(super) fn script<S: AsRef<OsStr>>(
        &self,
        python: &Path,
        script: &str,
        arguments: &[S],
    ) -> Result<Measured> {
        let script = workspace::root().join("xtask/peers").join(script);
        self.measure(python.as_os_str(), Some(script.as_os_str()), arguments, self.threads)
    }

    /// Runs our program for the work alone.
    pub(super) fn ours<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Measured> {
        self.measure(self.ours.as_os_str(), None, arguments, self.threads)
    }

    /// Runs our program for the work of a model alone.
    pub(super) fn fits<S: AsRef<OsStr>>(&self, threads: usize, arguments: &[S]) -> Result<Measured> {
        self.measure(self.fits.as_os_str(), None, arguments, threads)
    }

    /// Runs the product.
    pub(super) fn product<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Measured> {
        self.measure(self.perennial.as_os_str(), None, arguments, self.threads)
    }

    fn measure<S: AsRef<OsStr>>(
        &self,
        program: &OsStr,
        script: Option<&OsStr>,
        arguments: &[S],
        threads: usize,
    ) -> Result<Measured> {
        let start = std::iter::once(program).chain(script);
        let words: Vec<&OsStr> = start.chain(arguments.iter().map(AsRef::as_ref)).collect();
        let program = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        eprintln!("running {program}");
        let output = Command::new(&self.python)
            .arg(workspace::root().join("xtask/peers/measure.py"))
            .args(&words)
            // Spinning OpenMP threads would be counted as the peer's work.
            .env("OMP_NUM_THREADS", "1")
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start {program}"))?;
        if !output.status.success() {
            bail!("{program} ended with {}", output.status);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let values = text.lines().filter_map(|line| line.split_once(' '));
        let values = values.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        Ok(Measured { program, values })
    }
}
