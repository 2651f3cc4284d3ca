//! What advertising costs, by day and channel.

use arrow::error::ArrowError;
use perennial_math::random::uniform_open;

use super::Table;
use crate::{
    World,
    cells::{Column, dates, money, texts},
    world::Domain,
};

/// One row per day and channel that is paid for; subjects are the days from 0.
pub(crate) struct Spend;

impl Table for Spend {
    type Subject = u32;

    const NAME: &'static str = "spend";

    fn columns(world: &World, days: &[u32]) -> Result<Vec<Column>, ArrowError> {
        let channels = &world.settings().channels;
        let paid = |channel: &usize| channels[*channel].acquisition_cost > 0.0;
        let rows: Vec<(u32, usize)> =
            days.iter().flat_map(|&day| (0..channels.len()).filter(paid).map(move |c| (day, c))).collect();
        Ok(vec![
            dates("date", rows.iter().map(|&(day, _)| world.epoch_day_of(f64::from(day)))),
            texts("channel", rows.iter().map(|&(_, channel)| &channels[channel].name)),
            money("amount", rows.iter().map(|&(day, channel)| world.advertising(day, channel)))?,
        ])
    }
}

impl World {
    /// What a channel costs on a day, in cents: the new customers to be expected at the channel's cost of one, give or
    /// take a fifth.
    fn advertising(&self, day: u32, channel: usize) -> i64 {
        let rng = &mut self.stream(Domain::Advertising, (channel as u64) << 32 | u64::from(day));
        let customers =
            f64::from(self.settings.customers) * self.arrivals_on(day as usize) * self.channel_share(channel);
        let cents = 100.0 * customers * self.settings.channels[channel].acquisition_cost;
        #[expect(clippy::cast_possible_truncation, reason = "a day's spend in cents")]
        let rounded = (cents * (0.8 + 0.4 * uniform_open(rng))).round() as i64;
        rounded
    }
}
