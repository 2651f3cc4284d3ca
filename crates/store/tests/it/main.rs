//! The store against real databases: a SQLite file and a PostgreSQL server.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod backup;
mod commerce;
mod crash;
mod databases;
mod erasure;
mod events;
mod identity;
mod keys;
mod messages;
mod open;
mod profiles;
mod projector;
mod rejected;
mod runs;
mod samples;
mod sent_values;
mod server;
mod small_disk;
mod tables;
mod trouble;
mod values;
