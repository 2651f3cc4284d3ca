//! What a snapshot says of itself.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_lake::{QualityReport, QualityTrend};
use perennial_valuation::Valuation;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The file that describes a snapshot.
pub(crate) const MANIFEST: &str = "snapshot.json";
/// The file with the figures of every customer.
pub(crate) const VALUES: &str = "values.parquet";
/// The page for people.
pub(crate) const REPORT: &str = "report.html";
/// The layout that this version writes.
pub(crate) const FORMAT: u32 = 1;

/// `snapshot.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of this file.
    pub format: u32,
    /// The snapshot's name, which is that of its folder.
    pub name: String,
    /// The last business day whose orders are known to it.
    pub as_of: Date,
    /// When it was made.
    pub made_at: Timestamp,
    /// The version of Perennial that made it.
    pub perennial: String,
    /// The shop's name.
    pub shop: String,
    /// The earlier snapshot of the same date that this one takes the place of.
    pub restates: Option<String>,
    /// What the data up to the as-of date and the settings come down to: equal where both are equal.
    pub fingerprint: Fingerprint,
    /// A checksum of all figures without the customers' ids, whatever the order of the rows: an erasure leaves it as it is.
    pub figures: String,
    /// Everything that was computed but the customers' own figures; names no customer.
    pub valuation: Valuation,
    /// The tiers with what they hold.
    pub tiers: Vec<TierTotal>,
    /// What was read and what became of every row, and the quality of each source.
    pub sources: serde_json::Value,
    /// How the quality of each source, by name, has changed since the snapshot that was made before.
    pub trends: BTreeMap<String, Vec<QualityTrend>>,
    /// Erasures of persons that came after it was made: ids replaced, figures untouched.
    pub redactions: Vec<Redaction>,
}

/// What a snapshot was made of: equal where nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// A checksum of the orders and refunds that are known up to the as-of date.
    pub data: String,
    /// A checksum of the settings that the figures depend on, and of the version.
    pub settings: String,
}

/// A tier of customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TierTotal {
    /// Its name.
    pub name: String,
    /// The least value of its customers; `None` for the tier that holds everyone else.
    pub at_least: Option<f64>,
    /// How many customers it has.
    pub customers: u64,
    /// What they are worth together.
    pub total_clv: f64,
}

/// The replacement of customers' ids by tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// When.
    pub at: Timestamp,
    /// How many customers' ids were replaced.
    pub customers: u64,
}

impl Manifest {
    /// Reads the one in a snapshot's folder.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or was written by a later version.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Layout {
            format: u32,
        }
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).map_err(Error::file(&path))?;
        let damaged =
            |error: serde_json::Error| Error::Damaged { path: path.clone(), problem: error.to_string() };
        let Layout { format } = serde_json::from_slice(&text).map_err(damaged)?;
        if format > FORMAT {
            let problem = format!(
                "it was written by a later version (layout {format}, known up to {FORMAT}); update Perennial"
            );
            return Err(Error::Damaged { path, problem });
        }
        serde_json::from_slice(&text).map_err(damaged)
    }

    /// What was found in each source that was read for it.
    #[must_use]
    pub fn quality(&self) -> Vec<QualityReport> {
        let sources = self.sources.get("sources").and_then(serde_json::Value::as_array);
        let report = |source: &serde_json::Value| serde_json::from_value(source.get("quality")?.clone()).ok();
        sources.into_iter().flatten().filter_map(report).collect()
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(MANIFEST);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::Damaged { path: path.clone(), problem: error.to_string() })?;
        text.push(b'\n');
        std::fs::write(&path, text).map_err(Error::file(&path))
    }
}
