//! Times and days of canonical columns, by the shop's clock.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::failed;
use crate::error::Error;
use crate::profile::dates::{DateRule, Moment};
use crate::profile::is_empty_value;
use crate::profile::zone::{DAY_SECONDS, ZoneTable};
use crate::sources::Shop;

const MICROS: i64 = 1_000_000;

/// The shop's clock.
#[derive(Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    table: ZoneTable,
    /// The present, in microseconds since 1970.
    now: i64,
}

impl Clock {
    pub(super) fn new(shop: &Shop) -> Self {
        let zone = shop.zone();
        Self { table: ZoneTable::new(&zone), zone, now: shop.now.as_microsecond() }
    }

    /// Whether a time lies after the present day.
    pub(super) fn is_future(&self, column: &ArrayRef, row: usize) -> bool {
        let times = column.as_primitive_opt::<TimestampMicrosecondType>();
        times.is_some_and(|times| {
            let day = |micros: i64| self.table.day_of(micros.div_euclid(MICROS));
            !times.is_null(row) && times.value(row) > self.now && day(times.value(row)) > day(self.now)
        })
    }

    /// The instant at which the shop's clock shows these microseconds since 1970-01-01T00:00.
    fn instant(&self, clock: i64) -> Option<i64> {
        if self.zone == TimeZone::UTC {
            return Some(clock);
        }
        let shown = Timestamp::from_microsecond(clock).ok()?.to_zoned(TimeZone::UTC).datetime();
        let instant = self.zone.to_ambiguous_timestamp(shown).compatible().ok()?;
        Some(instant.as_microsecond())
    }

    pub(super) fn times_of_texts(&self, texts: &StringArray, rule: DateRule) -> ArrayRef {
        let instant = |moment: Moment| match moment.offset {
            Some(offset) => (moment.clock - offset).checked_mul(MICROS),
            None => self.instant(moment.clock.checked_mul(MICROS)?),
        };
        let times: TimestampMicrosecondArray = moments(texts, rule).map(|moment| instant(moment?)).collect();
        Arc::new(times.with_timezone("UTC"))
    }

    pub(super) fn days_of_texts(&self, texts: &StringArray, rule: DateRule) -> ArrayRef {
        let day = |moment: Moment| match moment.offset {
            Some(offset) => self.table.day_of(moment.clock - offset),
            None => moment.clock.div_euclid(DAY_SECONDS),
        };
        let days: Date32Array = moments(texts, rule).map(|moment| i32::try_from(day(moment?)).ok()).collect();
        Arc::new(days)
    }

    pub(super) fn times(&self, column: &ArrayRef) -> Result<ArrayRef, Error> {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        if is_instant(column.data_type()) {
            let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            return cast(column, &utc).map_err(failed);
        }
        let shown = cast(column, &micros).map_err(failed)?;
        let shown: &PrimitiveArray<TimestampMicrosecondType> = shown.as_primitive();
        let times: TimestampMicrosecondArray = shown.iter().map(|clock| self.instant(clock?)).collect();
        Ok(Arc::new(times.with_timezone("UTC")))
    }

    pub(super) fn days(&self, column: &ArrayRef) -> Result<ArrayRef, Error> {
        if !is_instant(column.data_type()) {
            return cast(column, &DataType::Date32).map_err(failed);
        }
        let times = self.times(column)?;
        let times: &PrimitiveArray<TimestampMicrosecondType> = times.as_primitive();
        let day = |micros: i64| i32::try_from(self.table.day_of(micros.div_euclid(MICROS))).ok();
        Ok(Arc::new(times.iter().map(|micros| day(micros?)).collect::<PrimitiveArray<Date32Type>>()))
    }
}

fn is_instant(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(_)))
}

fn moments(texts: &StringArray, rule: DateRule) -> impl Iterator<Item = Option<Moment>> {
    texts.iter().map(move |text| rule.read(text.map(str::trim).filter(|text| !is_empty_value(text))?))
}
