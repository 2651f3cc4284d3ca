//! A program that is measured: it prints lines `name value`, and a wrapper adds what its whole process used.

use std::collections::BTreeMap;
use std::ffi::OsStr;
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
        let script = workspace::root().join("xtask/peers").join(script);
        let words = [self.python.as_os_str(), script.as_os_str()];
        self.measure(words.into_iter().chain(arguments.iter().map(AsRef::as_ref)))
    }

    /// Runs our program for the work alone.
    pub(super) fn ours<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Measured> {
        self.measure(std::iter::once(self.ours.as_os_str()).chain(arguments.iter().map(AsRef::as_ref)))
    }

    /// Runs the product.
    pub(super) fn product<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Measured> {
        self.measure(std::iter::once(self.perennial.as_os_str()).chain(arguments.iter().map(AsRef::as_ref)))
    }

    fn measure<'a>(&self, words: impl Iterator<Item = &'a OsStr>) -> Result<Measured> {
        let words: Vec<&OsStr> = words.collect();
        let program = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        eprintln!("running {program}");
        let output = Command::new(&self.python)
            .arg(workspace::root().join("xtask/peers/measure.py"))
            .args(&words)
            // Spinning OpenMP threads would be counted as the peer's work.
            .env("OMP_NUM_THREADS", "1")
            .env("RAYON_NUM_THREADS", self.threads.to_string())
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
