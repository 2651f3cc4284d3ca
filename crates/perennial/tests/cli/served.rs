//! The server as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::workbench::{Workbench, perennial};

/// A server that was started for a test.
pub(crate) struct Served {
    child: Child,
    address: String,
    /// What it logs, until it ends.
    log: Option<JoinHandle<String>>,
}

impl Drop for Served {
    /// A test that failed leaves no server behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts a server on a free port and waits until it says where.
    pub(crate) fn start(bench: &Workbench) -> Self {
        Self::start_with(bench, &[])
    }

    /// The same with variables of its environment.
    pub(crate) fn start_with(bench: &Workbench, environment: &[(&str, &str)]) -> Self {
        let mut child = perennial()
            .current_dir(bench.path("."))
            .env_remove("DATABASE_URL")
            .env_remove("RUST_LOG")
            .envs(environment.iter().copied())
            .args(["serve", "--address", "127.0.0.1:0", "--log", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut logged = String::new();
        let address = loop {
            let line = log.next().expect("the server ended before it listened").unwrap();
            logged = logged + &line + "\n";
            let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
            if let Some(address) = said["fields"]["address"].as_str() {
                break address.to_owned();
            }
        };
        let log = std::thread::spawn(move || log.fold(logged, |logged, line| logged + &line.unwrap() + "\n"));
        Self { child, address, log: Some(log) }
    }

    /// Sends a request and gives back the status and the body.
    pub(crate) fn ask(&self, method: &str, path: &str, header: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Tells the server to end, as a service manager does, and waits for it.
    pub(crate) fn end(self) -> Option<i32> {
        self.end_with_log().0
    }

    /// The same, with all that it has logged.
    pub(crate) fn end_with_log(mut self) -> (Option<i32>, String) {
        let told = std::process::Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        (self.child.wait().unwrap().code(), self.log.take().unwrap().join().unwrap())
    }
}
