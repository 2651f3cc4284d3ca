//! A shop's project: `perennial.toml`, its check, its runs and the snapshots that they leave.
//!
//! ```text
//! perennial.toml --file--> Project --run--> Session, Reading, Valuation --snapshot--> snapshots/<as-of>_<n>/
//!                             |                                              |
//!                             +--check--> Problem                            +--> store, exports, webhooks, CRM
//! ```

mod check;
mod destination;
mod erased;
mod erasing;
mod error;
mod file;
mod nearest;
mod project;
pub mod quantities;
mod rows;
pub mod run;
pub mod schedule;
pub mod snapshot;
mod sql;
mod state;

pub use check::{CheckOutcome, ExportCheck, check, check_crm};
pub use erasing::{ErasedPerson, erase, redact_snapshots};
pub use error::Error;
pub use file::*;
pub use project::{PROJECT_FILE, Project};
pub use state::{State, projection_rules, store_url};
