//! The store against real databases: a SQLite file and a PostgreSQL server.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod backup;
mod crash;
mod databases;
mod events;
mod keys;
mod open;
mod rejected;
mod runs;
mod samples;
mod sent_values;
mod server;
mod trouble;
mod values;
