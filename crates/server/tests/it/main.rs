//! The server from outside: real requests over loopback to a real database.

mod api;
mod kill;
mod running;
mod sdk;
mod segment;
mod shop;
