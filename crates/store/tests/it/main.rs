//! The store against real databases: a SQLite file and a PostgreSQL server.

mod databases;
mod open;
