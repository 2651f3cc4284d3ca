//! The crate's tests from outside: recorded samples, real data, arbitrary input, the session.

#![allow(clippy::unwrap_used)]

mod data;
mod formats;
mod location;
mod parquet;
mod plain;
mod real;
mod robust;
mod session;
