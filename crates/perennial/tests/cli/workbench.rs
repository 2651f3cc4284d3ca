//! A folder to work in, and the binary that is run there.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A new folder that vanishes at the end of the test.
pub(crate) struct Workbench {
    folder: TempDir,
}

/// What a run of the binary printed, and how it ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workbench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The names of all files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs `perennial` with words that are separated by blanks.
    pub(crate) fn run(&self, words: &str) -> Run {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Run {
        let output = perennial().current_dir(self.folder.path()).args(words).output().unwrap();
        Run::new(&output)
    }
}

impl Run {
    pub(crate) fn new(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Checks that it went well.
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that it failed with an exit code, a clean standard output, and a message that says all of `parts`.
    pub(crate) fn fails(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "", "nothing belongs on the standard output of a failure");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing in:\n{}", self.stderr);
        }
        self
    }

    /// Checks that it failed with a message that says all of `parts`, whatever it has shown.
    pub(crate) fn fails_after_showing(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing in:\n{}", self.stderr);
        }
        self
    }

    /// The JSON objects on the standard output, one per line, and nothing else there.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}")))
            .collect()
    }

    /// The only JSON object on the standard output.
    pub(crate) fn json(&self) -> Value {
        let mut lines = self.json_lines();
        assert_eq!(lines.len(), 1, "{}", self.stdout);
        lines.remove(0)
    }
}

/// The binary that was built for these tests.
pub(crate) fn perennial() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    command.stdin(Stdio::null());
    command
}

/// A file of the real data, unzipped.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("PERENNIAL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = folder.join(name);
    let file = std::fs::File::open(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` fetches the data", path.display()));
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut content).unwrap();
    content
}

/// A few customers with a history of two years, enough for every command to have an answer.
pub(crate) fn small_shop() -> String {
    let mut orders = String::from("customer_id,order_id,date,amount\n");
    let mut number = 0;
    for customer in 0..120_u32 {
        // Customer c buys at intervals that differ between customers and wander a little.
        let (mut day, step) = (customer * 5 % 330, 20 + customer * 7 % 90);
        for order in 0..=(customer % 5) {
            number += 1;
            let amount = 10.0 + f64::from(customer * 13 % 40) + f64::from(order * 3 % 7) + 0.5;
            let date = jiff::civil::date(2023, 1, 1).saturating_add(jiff::ToSpan::days(i64::from(day)));
            writeln!(orders, "c{customer:03},{number},{date},{amount:.2}").unwrap();
            day += step + order * 11;
        }
    }
    orders
}
