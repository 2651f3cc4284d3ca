//! `cargo xtask bench-ingest`: how many events a second the real server makes durable, and how fast it reads profiles.
//!
//! The server runs in a process of its own, first on SQLite, then on PostgreSQL; the load comes over loopback from this
//! process, a thread for each connection. Both share the machine's cores. All is bounded in events and time.

mod http;
mod load;
mod server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use self::http::Connection;
use self::load::{Load, Measured};
use self::server::Server;
use crate::services::Services;

/// How much load.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Events that are sent to each database.
    #[arg(long, default_value_t = 300_000)]
    events: usize,
    /// Events of a batch.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Connections at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Profiles that are read afterwards, at random; 0 leaves that out.
    #[arg(long, default_value_t = 5_000)]
    reads: usize,
    /// At most so many seconds of sending to each database.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// Customers among whom the events are spread.
    #[arg(long, default_value_t = 100_000)]
    customers: usize,
    /// Only this database: sqlite or postgres.
    #[arg(long)]
    only: Option<String>,
    /// The server's program, where it was built before (the example `ingest_server` of `perennial-server`).
    #[arg(long)]
    server: Option<PathBuf>,
}

/// Runs the load against each database and prints what was measured.
///
/// # Errors
/// When the server cannot be built or started, or refuses what it should take.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let program = arguments.server.clone().map_or_else(server::build, Ok)?;
    let wanted = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    if wanted("sqlite") {
        let folder = std::env::temp_dir().join(format!("perennial-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let file = folder.join("bench.db");
        let result = measure("SQLite", &program, &format!("sqlite:{}", file.display()), arguments);
        std::fs::remove_dir_all(&folder)?;
        result?;
    }
    if wanted("postgres") {
        let services = Services::databases()?;
        let url =
            services.value("PERENNIAL_TEST_POSTGRES").context("PostgreSQL was started without an address")?;
        measure("PostgreSQL", &program, &url, arguments)?;
    }
    Ok(())
}

fn measure(name: &str, program: &Path, database: &str, arguments: &Arguments) -> Result<()> {
    let server = Server::start(program, database)?;
    let load = Load {
        events: arguments.events,
        batch: arguments.batch,
        connections: arguments.connections,
        customers: arguments.customers,
        limit: Duration::from_secs(arguments.seconds),
    };
    let before = (server.cpu()?, server::own_cpu()?);
    let sent = load.send(&server)?;
    let after = (server.cpu()?, server::own_cpu()?);
    let events = sent.requests * arguments.batch;
    println!(
        "\n{name}: {events} events in batches of {}, {} connections",
        arguments.batch, arguments.connections
    );
    println!("  {:>10.0} events/s durable (answered after the commit)", sent.rate() * arguments.batch as f64);
    print_latencies("a batch", &sent);
    println!(
        "  CPU: server {:.1} s, load {:.1} s, of {:.1} s",
        after.0 - before.0,
        after.1 - before.1,
        sent.took.as_secs_f64()
    );

    let begin = Instant::now();
    let behind = server.wait_until_projected(load.limit)?;
    println!(
        "  projection: {behind} events behind at the end of sending, done {:.1} s later",
        begin.elapsed().as_secs_f64()
    );
    if arguments.reads > 0 {
        let read = read_profiles(&server, arguments)?;
        println!("  {:>10.0} profile reads/s on one connection", read.rate());
        print_latencies("a profile", &read);
    }
    Ok(())
}

fn print_latencies(what: &str, measured: &Measured) {
    let [p50, p99, max] =
        [500, 990, 1000].map(|thousandths| measured.quantile(thousandths).as_secs_f64() * 1e3);
    println!("  {what}: p50 {p50:.2} ms, p99 {p99:.2} ms, slowest {max:.2} ms");
}

/// Reads profiles one after the other, spread over all customers.
fn read_profiles(server: &Server, arguments: &Arguments) -> Result<Measured> {
    let mut connection = Connection::open(&server.address)?;
    let begin = Instant::now();
    let mut latencies = Vec::with_capacity(arguments.reads);
    for number in 0..arguments.reads {
        // A step that is prime to the number of customers visits them in no order that a cache likes.
        let customer = load::customer(number * 7_919, arguments.customers);
        let start = Instant::now();
        let profile = connection.get(&format!("/api/profiles/user_id/{customer}"), &server.read_key)?;
        latencies.push(start.elapsed());
        if !profile.contains(&customer) {
            anyhow::bail!("the profile of {customer} does not name it: {profile}");
        }
    }
    Ok(Measured::new(latencies, begin.elapsed()))
}
