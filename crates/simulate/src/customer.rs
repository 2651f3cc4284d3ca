//! A customer as they really are.

use perennial_math::random::{exponential, gamma, uniform_open};

use crate::{
    CATEGORIES, World,
    world::{DAY, Domain},
};

/// The countries of the shop's customers with their shares.
const COUNTRIES: [(&str, f64); 5] = [("DE", 0.62), ("AT", 0.13), ("FR", 0.10), ("NL", 0.09), ("BE", 0.06)];

/// How much of a day's business is done by which hour: few orders at night, most in the evening.
const CLOCK: [(f64, f64); 7] =
    [(0.0, 0.0), (0.04, 6.5), (0.18, 10.0), (0.42, 14.0), (0.60, 17.5), (0.92, 22.0), (1.0, 24.0)];

/// The truth about one customer, drawn from the seed and the customer's number alone.
///
/// Times are in days since the start of the shop's first day.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    /// The number, from 0 in the order of arrival; the tables' `customer_id` is one more.
    pub index: u32,
    /// When the customer came and bought for the first time.
    pub arrival: f64,
    /// The channel, as a place in the settings' list.
    pub channel: usize,
    /// The country's code (ISO 3166).
    pub country: &'static str,
    /// lambda: purchases per day while active, in an average season.
    pub purchase_rate: f64,
    /// mu: the rate per day at which the customer drops out.
    pub dropout_rate: f64,
    /// When the customer drops out, which may lie far beyond all that is simulated.
    pub dropout: f64,
    /// The mean value of goods in this customer's orders, in EUR before tax, shipping and discounts.
    pub mean_goods_value: f64,
    /// The category that half of the lines come from, as a place in [`CATEGORIES`].
    pub favourite: usize,
}

impl Customer {
    /// The `customer_id` in the tables.
    #[must_use]
    pub fn id(&self) -> i64 {
        i64::from(self.index) + 1
    }

    /// Whether the customer has not dropped out by `time`.
    #[must_use]
    pub fn is_alive_at(&self, time: f64) -> bool {
        self.dropout > time
    }
}

impl World {
    /// The customer with number `index`, below the settings' number of customers.
    #[must_use]
    pub fn customer(&self, index: u32) -> Customer {
        let rng = &mut self.stream(Domain::Customer, u64::from(index));
        let quantile = (f64::from(index) + uniform_open(rng)) / f64::from(self.settings.customers);
        let arrival = self.arrival(quantile);
        let channel = self.channel_at(uniform_open(rng));
        let country = pick_country(uniform_open(rng));
        let favourite = pick(uniform_open(rng), CATEGORIES.len());
        let kind = &self.settings.channels[channel];
        let purchase_rate = gamma(rng, kind.r, 1.0 / kind.alpha);
        let dropout_rate = gamma(rng, kind.s, 1.0 / kind.beta);
        let spend = &self.settings.spend;
        let nu = gamma(rng, spend.q, 1.0 / spend.gamma);
        Customer {
            index,
            arrival,
            channel,
            country,
            purchase_rate,
            dropout_rate,
            dropout: arrival + exponential(rng, dropout_rate),
            mean_goods_value: spend.p / nu,
            favourite,
        }
    }

    /// Calls `each` with the second of every order of the customer, counted from the start of the first day, in the order
    /// of time: the first order at arrival, the others at the customer's rate times the season until dropout or the end
    /// of the simulated future.
    ///
    /// The season enters by thinning (Lewis and Shedler 1979): candidates come at the rate of the greatest season and
    /// stay with the probability of their own day's season over the greatest.
    pub fn orders_of(&self, customer: &Customer, mut each: impl FnMut(u32)) {
        let rng = &mut self.stream(Domain::Purchases, u64::from(customer.index));
        each(second_of(customer.arrival));
        let end = customer.dropout.min(self.horizon());
        let greatest = self.season.greatest();
        let rate = customer.purchase_rate * greatest;
        let mut time = customer.arrival;
        loop {
            time += exponential(rng, rate);
            if time >= end {
                return;
            }
            if uniform_open(rng) * greatest <= self.season.at(time) {
                each(second_of(time));
            }
        }
    }
}

/// The second since the start at a time in days, moved within its day to the hours when people shop.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are below 52 years")]
fn second_of(time: f64) -> u32 {
    let day = time.floor();
    let share = time - day;
    let upper = CLOCK.iter().position(|&(quantile, _)| share < quantile).unwrap_or(CLOCK.len() - 1);
    let ((q0, h0), (q1, h1)) = (CLOCK[upper - 1], CLOCK[upper]);
    let hour = h0 + (h1 - h0) * (share - q0) / (q1 - q0);
    day as u32 * DAY + ((hour * 3600.0) as u32).min(DAY - 1)
}

/// One of `n` alike, at `quantile` of (0, 1).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a quantile times a small count")]
pub(crate) fn pick(quantile: f64, n: usize) -> usize {
    ((quantile * n as f64) as usize).min(n - 1)
}

fn pick_country(mut quantile: f64) -> &'static str {
    for (country, share) in COUNTRIES {
        if quantile < share {
            return country;
        }
        quantile -= share;
    }
    COUNTRIES[0].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_keeps_the_day_and_the_order() {
        let mut last = 0;
        for step in 0..30_000_u32 {
            let time = f64::from(step) / 10_000.0;
            let second = second_of(time);
            assert_eq!(second / DAY, step / 10_000);
            assert!(second >= last);
            last = second;
        }
    }
}
