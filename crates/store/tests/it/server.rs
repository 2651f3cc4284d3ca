//! A PostgreSQL server of a test's own, to be stopped and started while the test works with it.

use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::databases::test_server;

/// A server in a folder of its own; stopped when it is dropped.
pub(crate) struct Server {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl Server {
    /// Makes an empty server and starts it; `None` when PostgreSQL is left out.
    pub(crate) fn start_new() -> Option<Self> {
        test_server()?;
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let server = Self { programs: programs(), folder: tempfile::tempdir().unwrap(), port };
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(server.folder.path()));
        }
        let mut initdb = server.program("initdb");
        run(initdb
            .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--username=perennial", "-D"])
            .arg(server.data()));
        server.start();
        Some(server)
    }

    pub(crate) fn address(&self) -> String {
        format!("postgres://perennial@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it and waits until it answers.
    pub(crate) fn start(&self) {
        let options = format!("-h 127.0.0.1 -p {} -c unix_socket_directories=", self.port);
        let log = self.folder.path().join("log");
        run(self
            .program("pg_ctl")
            .args(["start", "--wait", "--silent", "-o", &options, "-l"])
            .arg(log)
            .arg("-D")
            .arg(self.data()));
    }

    /// Stops it at once, as a crash does: without ending what is under way.
    pub(crate) fn crash(&self) {
        run(self
            .program("pg_ctl")
            .args(["stop", "--wait", "--silent", "--mode", "immediate", "-D"])
            .arg(self.data()));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The server refuses to run as root, so root hands its programs to the user postgres.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self
            .program("pg_ctl")
            .args(["stop", "--silent", "--mode", "immediate", "-D"])
            .arg(self.data())
            .status();
    }
}

/// The folder of PostgreSQL's programs.
pub(crate) fn programs() -> PathBuf {
    env::var_os("PERENNIAL_TEST_POSTGRES_PROGRAMS").map(PathBuf::from).expect(
        "this test needs PostgreSQL's programs: run `cargo xtask test`, or set PERENNIAL_TEST_POSTGRES_PROGRAMS to \
         their folder",
    )
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
