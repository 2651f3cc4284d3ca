//! `perennial.toml`: what stands in it, and everything that is wrong with it.

mod address;
mod cross_checks;
mod problem;
mod reading;
mod sections;
mod template;
#[cfg(test)]
mod tests;
mod written;

pub use address::Address;
pub use problem::{Gravity, Problem, any_error};
pub use sections::*;
pub use template::{Begun, OrdersFound, template};
pub use written::Margin;

pub(crate) use cross_checks::{TIER, cross_checks, overrides, value_columns};
pub(crate) use reading::{LARGEST_FILE, Read, read};
pub(crate) use written::unknown;
