//! A PostgreSQL server for tests, from Debian's package or whatever is installed, with a folder and a port of its own.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Service;
use crate::steps::must_run;

/// How long a start may take.
const START: Duration = Duration::from_mins(1);

/// How often a start is tried: between choosing a free port and using it, another process may take it.
const TRIES: u32 = 3;

/// The owner of all databases on the server.
const USER: &str = "perennial";

/// A running server.
pub(super) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl Service for Postgres {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let address = format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port);
        let programs = self.programs.display().to_string();
        vec![("PERENNIAL_TEST_POSTGRES", address), ("PERENNIAL_TEST_POSTGRES_PROGRAMS", programs)]
    }
}

impl Postgres {
    /// Makes an empty server and starts it on 127.0.0.1.
    ///
    /// # Errors
    /// When it is not installed and cannot be installed, or does not start.
    pub(super) fn start() -> Result<Self> {
        let programs = programs()?;
        // Not in the build folder: that may be where only its owner may look, and the server cannot run as root.
        let folder = std::env::temp_dir().join(format!("perennial-postgres-{}", std::process::id()));
        let made = fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()));
        let started = made.and_then(|()| initialise(&programs, &folder)).and_then(|()| {
            let mut result = serve(&programs, &folder);
            for _ in 1..TRIES {
                result = result.or_else(|_| serve(&programs, &folder));
            }
            result
        });
        match started {
            Ok((server, port)) => Ok(Self { programs, folder, port, server }),
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = as_server_user(&self.programs.join("pg_ctl"));
        stop.args(["stop", "--mode", "immediate", "--silent", "-D"]).arg(data(&self.folder));
        if !stop.status().is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the installed programs; installs them as root where apt-get is.
fn programs() -> Result<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    if !is_root() {
        bail!(
            "PostgreSQL is not installed: install it (Debian: apt-get install postgresql), then run this again"
        );
    }
    println!("==> services: installing PostgreSQL");
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends", "postgresql"]);
    must_run(
        install.env("DEBIAN_FRONTEND", "noninteractive"),
        "install PostgreSQL (Debian's package postgresql)",
    )?;
    find_programs().context("PostgreSQL was installed, but initdb is not in /usr/lib/postgresql/*/bin")
}

/// Debian's newest version, else what is on the path.
fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .collect();
    folders.sort();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.into_iter().rev().map(|(_, folder)| folder).chain(std::env::split_paths(&on_path));
    all.into_iter().find(|folder| folder.join("initdb").is_file())
}

fn initialise(programs: &Path, folder: &Path) -> Result<()> {
    if is_root() {
        must_run(Command::new("chown").arg("postgres:").arg(folder), "hand the folder to the user postgres")?;
    }
    let mut initdb = as_server_user(&programs.join("initdb"));
    initdb
        .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--username", USER, "-D"])
        .arg(data(folder))
        .stdout(Stdio::null());
    must_run(&mut initdb, "initialise PostgreSQL")
}

/// Starts the server on a free port and waits until it answers.
fn serve(programs: &Path, folder: &Path) -> Result<(Child, u16)> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr())?.port();
    let log = fs::File::create(folder.join("log"))?;
    let mut server = as_server_user(&programs.join("postgres"))
        .arg("-D")
        .arg(data(folder))
        .args(["-h", "127.0.0.1", "-c", "unix_socket_directories=", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start PostgreSQL")?;
    let begin = Instant::now();
    let mut ready = Command::new(programs.join("pg_isready"));
    ready.args(["--quiet", "--host", "127.0.0.1", "--port", &port.to_string()]);
    while !ready.status()?.success() {
        let ended = server.try_wait()?.is_some();
        if ended || begin.elapsed() > START {
            let _ = server.kill();
            let _ = server.wait();
            let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
            bail!("PostgreSQL did not start on port {port}:\n{log}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok((server, port))
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A program of the server. It refuses to run as root, so root hands it to the user postgres. On Linux it is told to end
/// when this process does, however it ends.
fn as_server_user(program: &Path) -> Command {
    let mut command = if cfg!(target_os = "linux") { Command::new("setpriv") } else { Command::new("env") };
    if cfg!(target_os = "linux") {
        command.args(["--pdeathsig", "INT"]);
        if is_root() {
            command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
        }
    }
    command.arg(program).current_dir("/");
    command
}
