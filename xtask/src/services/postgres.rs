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

/// Whom a server lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody on this machine.
    Plain,
    /// Only who encrypts; the server has a certificate that it signed itself.
    Encrypted,
}

/// A running server.
pub(super) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    access: Access,
    port: u16,
    server: Child,
}

impl Service for Postgres {
    fn environment(&self) -> Vec<(&'static str, String)> {
        let address = format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port);
        match self.access {
            Access::Plain => {
                let programs = self.programs.display().to_string();
                vec![("PERENNIAL_TEST_POSTGRES", address), ("PERENNIAL_TEST_POSTGRES_PROGRAMS", programs)]
            }
            Access::Encrypted => {
                let certificate = certificate(&self.folder).display().to_string();
                vec![
                    ("PERENNIAL_TEST_POSTGRES_TLS", address),
                    ("PERENNIAL_TEST_POSTGRES_CERTIFICATE", certificate),
                ]
            }
        }
    }
}

impl Postgres {
    /// Makes an empty server and starts it on 127.0.0.1.
    ///
    /// # Errors
    /// When it is not installed and cannot be installed, or does not start.
    pub(super) fn start(access: Access) -> Result<Self> {
        let programs = programs()?;
        // Not in the build folder: that may be where only its owner may look, and the server cannot run as root.
        let name = if access == Access::Plain { "postgres" } else { "postgres-tls" };
        let folder = std::env::temp_dir().join(format!("perennial-{name}-{}", std::process::id()));
        let made = fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()));
        let started = made.and_then(|()| initialise(&programs, &folder, access)).and_then(|()| {
            let mut result = serve(&programs, &folder, access);
            for _ in 1..TRIES {
                result = result.or_else(|_| serve(&programs, &folder, access));
            }
            result
        });
        match started {
            Ok((server, port)) => Ok(Self { programs, folder, access, port, server }),
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

fn initialise(programs: &Path, folder: &Path, access: Access) -> Result<()> {
    if is_root() {
        must_run(Command::new("chown").arg("postgres:").arg(folder), "hand the folder to the user postgres")?;
    }
    let mut initdb = as_server_user(&programs.join("initdb"));
    initdb
        .args(["--auth=trust", "--encoding=UTF8", "--no-locale", "--username", USER, "-D"])
        .arg(data(folder))
        .stdout(Stdio::null());
    must_run(&mut initdb, "initialise PostgreSQL")?;
    if access == Access::Encrypted {
        encrypt(folder)?;
    }
    Ok(())
}

/// Gives a server a certificate for 127.0.0.1, and has it refuse whoever does not encrypt.
fn encrypt(folder: &Path) -> Result<()> {
    let mut openssl = as_server_user(Path::new("openssl"));
    openssl
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(data(folder).join("server.key"))
        .arg("-out")
        .arg(certificate(folder))
        .stderr(Stdio::null());
    must_run(&mut openssl, "make a certificate (Debian's package openssl)")?;
    fs::write(data(folder).join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n")?;
    Ok(())
}

/// Starts the server on a free port and waits until it answers.
fn serve(programs: &Path, folder: &Path, access: Access) -> Result<(Child, u16)> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr())?.port();
    let log = fs::File::create(folder.join("log"))?;
    let mut server = as_server_user(&programs.join("postgres"))
        .arg("-D")
        .arg(data(folder))
        .args(["-h", "127.0.0.1", "-c", "unix_socket_directories=", "-p", &port.to_string()])
        .args(["-c", if access == Access::Encrypted { "ssl=on" } else { "ssl=off" }])
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

/// Where a server looks for its certificate.
fn certificate(folder: &Path) -> PathBuf {
    data(folder).join("server.crt")
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
