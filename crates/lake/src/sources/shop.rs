//! What holds for all sources of a shop.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::columns::ColumnOverrides;
use crate::source::{OnProgress, OrderSource, WrittenBy, ZeroOrders};

/// What holds for all sources of a shop.
#[derive(Clone)]
pub struct Shop {
    /// The time zone in which business days begin and times without an offset are meant. Default: UTC.
    pub time_zone: Option<TimeZone>,
    /// The currency to value in (ISO 4217), needed when the amounts are in several.
    pub currency: Option<String>,
    /// What one unit of a currency is worth in [`Shop::currency`], by currency code.
    pub rates: BTreeMap<String, f64>,
    /// The folder into which refused rows are written, one file `<source>.quarantine.csv` per source; it must exist.
    pub quarantine: Option<PathBuf>,
    /// What becomes of orders of amount zero.
    pub zero_orders: ZeroOrders,
    /// The present; what is dated after its day (in the shop's zone) is refused.
    pub now: jiff::Timestamp,
    /// Told about progress.
    pub on_progress: Option<OnProgress>,
}

impl Default for Shop {
    /// Every setting at its default and the present from the system's clock.
    fn default() -> Self {
        Self {
            time_zone: None,
            currency: None,
            rates: BTreeMap::new(),
            quarantine: None,
            zero_orders: ZeroOrders::default(),
            now: jiff::Timestamp::now(),
            on_progress: None,
        }
    }
}

impl Shop {
    pub(crate) fn zone(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Where the refused rows of a source are written.
    pub(crate) fn quarantine_of(&self, source: &str) -> Option<PathBuf> {
        Some(self.quarantine.as_ref()?.join(format!("{source}.quarantine.csv")))
    }

    /// The currencies whose amounts the shop can value, where it has one itself.
    pub(crate) fn currencies(&self) -> Option<BTreeSet<String>> {
        let own = self.currency.as_ref()?;
        Some(std::iter::once(own).chain(self.rates.keys()).map(|code| code.to_uppercase()).collect())
    }

    /// Order files of the shop; `name` is the source's.
    pub(crate) fn order_source(
        &self,
        name: &str,
        paths: Vec<String>,
        columns: ColumnOverrides,
    ) -> OrderSource {
        OrderSource {
            paths,
            columns,
            time_zone: self.time_zone.clone(),
            currency: self.currency.clone(),
            rates: self.rates.clone(),
            written_by: WrittenBy::default(),
            quarantine: self.quarantine_of(name),
            zero_orders: self.zero_orders,
            now: self.now,
            on_progress: self.on_progress.clone(),
        }
    }
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop")
            .field("time_zone", &self.time_zone)
            .field("currency", &self.currency)
            .field("rates", &self.rates)
            .field("quarantine", &self.quarantine)
            .field("zero_orders", &self.zero_orders)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
