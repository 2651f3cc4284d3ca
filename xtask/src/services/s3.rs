//! An S3 server for tests: a process of the Python package moto.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Service;
use super::python::Python;
use crate::workspace;

/// A running server and the user that it lets in.
pub(super) struct S3 {
    server: Child,
    address: String,
    key: String,
    secret: String,
}

impl Service for S3 {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PERENNIAL_TEST_S3", self.address.clone()),
            ("PERENNIAL_TEST_S3_KEY", self.key.clone()),
            ("PERENNIAL_TEST_S3_SECRET", self.secret.clone()),
        ]
    }
}

impl S3 {
    /// Starts an empty server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(python: &Python) -> Result<Self> {
        let mut server = Command::new(&python.program)
            .arg(workspace::root().join("xtask/services/s3_server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells of every request.
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the S3 server")?;
        let mut line = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [address, key, secret] = words[..] else {
            let _ = server.kill();
            let _ = server.wait();
            bail!("the S3 server did not start; run xtask/services/s3_server.py to see why");
        };
        Ok(Self { address: address.to_owned(), key: key.to_owned(), secret: secret.to_owned(), server })
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // Its input ends with this process in any case; so it does with a task that is killed.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
