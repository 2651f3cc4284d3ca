//! A project to work with: a small shop, its file, and its snapshots.

use serde_json::Value;

use crate::workbench::{Run, Workbench, perennial, small_shop};

/// A project over `orders.csv` with further lines in its file.
pub(crate) fn shop(more: &str) -> Workbench {
    let bench = Workbench::new();
    bench.write("orders.csv", small_shop());
    bench.write("perennial.toml", project(more));
    bench
}

/// The file of a project whose model is named, so that a run takes a moment only.
pub(crate) fn project(more: &str) -> String {
    format!(
        "[shop]\nname = \"Small\"\ncurrency = \"EUR\"\n[value]\nmodel = \"bg-nbd\"\nmargin = \"30%\"\n\
         [sources.orders]\nfiles = [\"orders.csv\"]\n{more}"
    )
}

impl Workbench {
    /// Runs the project, without a database that the tests' environment may name.
    pub(crate) fn project(&self, words: &str) -> Run {
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut command = perennial();
        command.current_dir(self.path(".")).env_remove("DATABASE_URL").args(words);
        Run::new(&command.output().unwrap())
    }

    /// What a snapshot says of itself.
    pub(crate) fn manifest(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(&format!("snapshots/{name}/snapshot.json"))).unwrap()
    }

    /// The same of one that may be about to take its place.
    pub(crate) fn manifest_if_there(&self, name: &str) -> Option<Value> {
        serde_json::from_str(
            &std::fs::read_to_string(self.path(&format!("snapshots/{name}/snapshot.json"))).ok()?,
        )
        .ok()
    }

    /// The names of the folder of snapshots, whatever they are.
    pub(crate) fn in_snapshots(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path("snapshots")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Asks the store's file, as a person with other tools does: the first column of the answer.
    pub(crate) fn sql(&self, sql: &str) -> Vec<String> {
        self.sql_of("perennial.db", sql)
    }

    /// The same of another database.
    pub(crate) fn sql_of(&self, database: &str, sql: &str) -> Vec<String> {
        let ask = "import sqlite3, sys; c = sqlite3.connect(sys.argv[2], 30)\n\
                   for row in c.execute(sys.argv[1]): print(row[0])\nc.commit()";
        let asked = std::process::Command::new("python3")
            .args(["-c", ask, sql, database])
            .current_dir(self.path("."))
            .output()
            .unwrap();
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        String::from_utf8(asked.stdout).unwrap().lines().map(str::to_owned).collect()
    }
}
