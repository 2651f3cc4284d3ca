//! The server that is measured, in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::http::Connection;
use crate::steps::must_run;
use crate::workspace;

/// The unit of a process's times on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Builds the server's program.
pub(super) fn build() -> Result<PathBuf> {
    let mut build = workspace::cargo();
    build.args(["build", "--release", "--package", "perennial-server", "--example", "ingest_server"]);
    must_run(&mut build, "build the server")?;
    Ok(workspace::target().join("release/examples/ingest_server"))
}

/// A server that runs until it is dropped.
pub(super) struct Server {
    process: Child,
    pub(super) address: String,
    pub(super) write_key: String,
    pub(super) read_key: String,
}

impl Server {
    /// Starts the server on an empty database.
    pub(super) fn start(program: &Path, database: &str) -> Result<Self> {
        let mut process = Command::new(program)
            .arg(database)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let Ok([address, write_key, read_key]) = <[String; 3]>::try_from(words) else {
            let _ = process.kill();
            bail!("the server did not start; it said {line:?}");
        };
        Ok(Self { process, address, write_key, read_key })
    }

    /// User and system time so far, in seconds.
    pub(super) fn cpu(&self) -> Result<f64> {
        cpu(&self.process.id().to_string())
    }

    /// Waits until all events are projected; how many were not at first.
    pub(super) fn wait_until_projected(&self, limit: Duration) -> Result<u64> {
        let mut connection = Connection::open(&self.address)?;
        let begin = Instant::now();
        let mut first = None;
        loop {
            let behind = behind(&mut connection)?;
            let at_first = *first.get_or_insert(behind);
            if behind == 0 {
                return Ok(at_first);
            }
            if begin.elapsed() > limit {
                bail!("{behind} events are still not projected after {} s", limit.as_secs());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `projection.events_behind` of `/readyz`, which may say that it is too much to be ready.
fn behind(connection: &mut Connection) -> Result<u64> {
    let answer = connection.get_any("/readyz")?;
    let (_, rest) =
        answer.split_once("\"events_behind\":").context("/readyz does not say how far behind it is")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().context("events_behind is no number")
}

/// This process's user and system time so far, in seconds.
pub(super) fn own_cpu() -> Result<f64> {
    cpu("self")
}

fn cpu(process: &str) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))
        .context("CPU times are read from Linux's /proc")?;
    // After the program's name, which stands in brackets: the 12th and 13th field.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let times: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(times.iter().sum::<f64>() / TICKS_PER_SECOND)
}
