//! Snapshots: what every customer was worth as of a date, as it was found at one time, never rewritten.
//!
//! A snapshot is a folder `snapshots/<as-of>_<n>/` with `snapshot.json` (what was found, under which definitions), `values.parquet`
//! (the figures of every customer), `report.html`, and `SHA256SUMS`, which `sha256sum -c` understands.

mod comparison;
mod figures;
mod folder;
mod manifest;
mod redaction;

pub use comparison::{Comparison, Moved, Reason, Side, ValueChange, compare};
pub use folder::{Condition, NamedManifest, Snapshots};
pub use manifest::{Fingerprint, Manifest, Redaction, TierTotal};

pub(crate) use comparison::register_values;
pub(crate) use figures::{SumOfHashes, figures_sum, hash_rows};
pub(crate) use folder::{Lock, date_of, hex};
pub(crate) use manifest::{FORMAT, REPORT, VALUES};
pub use redaction::NotRedacted;
pub(crate) use redaction::{Redacted, conceal, redact};
