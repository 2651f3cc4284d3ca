//! The shop as it really is, from which every customer and order can be drawn on its own.

use jiff::{ToSpan, civil::Date};
use perennial_math::random::{Rng, stream};

use crate::{
    Error, ShopSettings,
    catalogue::{Catalogue, Product},
    season::Season,
};

/// How many days after the as-of date are simulated for the truth.
pub const FUTURE_DAYS: u32 = 365;

/// Seconds in a day.
pub(crate) const DAY: u32 = 86_400;

/// What random numbers are used for; each use has streams of its own, so that a new table changes no other one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Domain {
    /// Who a customer is.
    Customer = 1,
    /// When a customer buys.
    Purchases = 2,
    /// What is in an order.
    Order = 3,
    /// Which rows are dirty.
    Dirt = 4,
    /// What advertising costs.
    Advertising = 5,
}

/// A simulated shop: settings, calendar, season and catalogue.
///
/// Time is counted in days since midnight (UTC) of the first day; the history ends at [`World::observed_days`], the
/// simulation [`FUTURE_DAYS`] later.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) settings: ShopSettings,
    pub(crate) catalogue: Catalogue,
    pub(crate) season: Season,
    first_day: Date,
    observed_days: u32,
    epoch_day: i32,
    /// The share of customers who arrived by the end of each day.
    arrived: Vec<f64>,
    /// The share of the channels up to each one.
    channel_shares: Vec<f64>,
}

impl World {
    /// The shop of `settings`.
    ///
    /// # Errors
    /// When a setting is out of its range.
    pub fn new(settings: &ShopSettings) -> Result<Self, Error> {
        settings.check()?;
        let out_of_calendar = |_| Error::Setting {
            name: "as_of",
            value: settings.as_of.to_string(),
            allowed: "in the calendar",
        };
        let before =
            settings.as_of.checked_sub(i64::from(settings.years).years()).map_err(out_of_calendar)?;
        let first_day = before.checked_add(1.day()).map_err(out_of_calendar)?;
        let observed_days = days_between(first_day, settings.as_of).unsigned_abs() + 1;
        let season = Season::new(first_day, observed_days + FUTURE_DAYS, settings.season);
        let arrived = arrivals(&season.factors()[..observed_days as usize], settings.growth);
        let channel_shares = cumulative(settings.channels.iter().map(|channel| channel.share));
        Ok(Self {
            settings: settings.clone(),
            catalogue: Catalogue::new(),
            season,
            first_day,
            observed_days,
            epoch_day: days_between(Date::constant(1970, 1, 1), first_day),
            arrived,
            channel_shares,
        })
    }

    /// The settings that the shop was made with.
    #[must_use]
    pub fn settings(&self) -> &ShopSettings {
        &self.settings
    }

    /// The first day of the history.
    #[must_use]
    pub fn first_day(&self) -> Date {
        self.first_day
    }

    /// The number of days from the first to the as-of date, both included.
    #[must_use]
    pub fn observed_days(&self) -> u32 {
        self.observed_days
    }

    /// The products that the shop sells.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        self.catalogue.products()
    }

    /// The day that `time` (days since the start) falls into, as days since 1970-01-01.
    #[expect(clippy::cast_possible_truncation, reason = "times in the tables are below 52 years")]
    pub(crate) fn epoch_day_of(&self, time: f64) -> i32 {
        self.epoch_day + time as i32
    }

    /// Microseconds since 1970-01-01 at `second`, counted from the start of the first day.
    pub(crate) fn microseconds(&self, second: u32) -> i64 {
        (i64::from(self.epoch_day) * i64::from(DAY) + i64::from(second)) * 1_000_000
    }

    /// The end of the simulated future, in days since the start.
    pub(crate) fn horizon(&self) -> f64 {
        f64::from(self.observed_days + FUTURE_DAYS)
    }

    /// The random numbers for one thing of a domain.
    pub(crate) fn stream(&self, domain: Domain, index: u64) -> Rng {
        let seed = self.settings.seed ^ (domain as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        stream(seed, index)
    }

    /// When the customer at `quantile` of all arrivals came, in days since the start.
    pub(crate) fn arrival(&self, quantile: f64) -> f64 {
        let day = self.arrived.partition_point(|&share| share <= quantile).min(self.arrived.len() - 1);
        let before = if day == 0 { 0.0 } else { self.arrived[day - 1] };
        let within = (quantile - before) / (self.arrived[day] - before);
        day as f64 + within.clamp(0.0, 0.999_999)
    }

    /// The share of all customers who arrive on `day`.
    pub(crate) fn arrivals_on(&self, day: usize) -> f64 {
        let before = if day == 0 { 0.0 } else { self.arrived[day - 1] };
        self.arrived[day] - before
    }

    /// The channel at `quantile` of the shares.
    pub(crate) fn channel_at(&self, quantile: f64) -> usize {
        self.channel_shares.partition_point(|&share| share <= quantile).min(self.channel_shares.len() - 1)
    }

    /// The share of new customers who come by a channel.
    pub(crate) fn channel_share(&self, channel: usize) -> f64 {
        let before = if channel == 0 { 0.0 } else { self.channel_shares[channel - 1] };
        self.channel_shares[channel] - before
    }
}

/// The share of arrivals up to the end of each day: exponential growth times the season.
fn arrivals(season: &[f64], growth: f64) -> Vec<f64> {
    let daily = growth.ln_1p() / 365.25;
    cumulative(season.iter().enumerate().map(|(day, factor)| factor * (daily * day as f64).exp()))
}

/// Running sums, scaled so that the last is 1.
fn cumulative(weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut total = 0.0;
    let mut sums: Vec<f64> = weights
        .map(|weight| {
            total += weight;
            total
        })
        .collect();
    for sum in &mut sums {
        *sum /= total;
    }
    sums
}

/// Whole days from one date to another.
fn days_between(from: Date, to: Date) -> i32 {
    // A span between two dates is given in days unless asked otherwise.
    (to - from).get_days()
}
