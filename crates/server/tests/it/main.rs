//! The server from outside: real requests over loopback to a real database.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod api;
mod kill;
mod running;
mod sdk;
mod segment;
mod shop;
