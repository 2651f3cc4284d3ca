//! Write-back to a CRM: values that have changed, of customers who consented, within the limits of the service.
//!
//! One trait, [`CrmConnector`], stands for a CRM; [`hubspot`] is its first implementation. [`WriteBack`] is
//! the same for all: it asks whether a customer consented, rounds, leaves out what the CRM was told before,
//! cuts batches, and remembers what was accepted after each batch, so that a run that dies resends nothing.

mod connector;
mod record;
mod write_back;

pub mod hubspot;

pub use connector::{Clock, CrmConnector, MonotonicClock, ObjectUpdate, Property, UpdateOutcome, Waits};
pub use record::{Figure, FigureColumn, FigureKind, ValueRecord};
pub use write_back::{Change, Consent, Mode, Refusal, Report, WriteBack};
