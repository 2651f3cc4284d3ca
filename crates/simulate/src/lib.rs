//! A whole shop with known truth, for the demo, tests and benchmarks.
//!
//! [`simulate`] writes the tables of a shop into a folder: customers, products, orders with their lines, refunds, costs,
//! advertising spend, and the truth behind them, which no real shop has: every customer's purchase rate, the moment they
//! left, and what they do in the year after the as-of date. The customers follow the Pareto/NBD model (Schmittlein,
//! Morrison and Colombo 1987) under a mild season, their spend the Gamma-Gamma model (Fader, Hardie and Lee 2005).
//!
//! Every customer is a function of the seed and their number alone, and every order of the seed, its customer and its
//! place among their orders. So parts can be drawn in any order and in parallel, and the bytes are the same on one
//! thread and on many. What is held in memory is 12 bytes per order (to bring the orders into the order of time).
//!
//! [`purchase_log`] writes the plain order log that the benchmarks read, [`histories`] draws customer histories from any
//! model for benchmarks of the fits.

mod catalogue;
mod cells;
mod chunks;
mod customer;
mod dirt;
mod error;
mod histories;
mod log;
mod order;
mod output;
mod season;
mod settings;
mod shop;
mod tables;
mod truth;
mod world;

pub use catalogue::{CATEGORIES, Product};
pub use customer::Customer;
pub use dirt::DirtKind;
pub use error::Error;
pub use histories::histories;
pub use log::purchase_log;
pub use order::{Line, Order, Refund};
pub use output::Format;
pub use settings::{Channel, ShopSettings, SpendLevels};
pub use shop::{Future, Simulation, simulate};
pub use truth::{Outlook, Outturn};
pub use world::{FUTURE_DAYS, World};
