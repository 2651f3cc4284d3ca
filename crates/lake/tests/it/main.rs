//! The crate's tests from outside: recorded samples, real data, arbitrary input, the session.

#![allow(clippy::unwrap_used)]

mod canonical_rows;
mod canonical_tables;
mod cut;
mod data;
mod formats;
mod location;
mod mapping;
mod parquet;
mod plain;
mod real;
mod refused;
mod robust;
mod session;
mod shop;
mod shop_quality;
mod sources;
