//! The dials of the simulated shop.

use jiff::civil::{Date, date};

use crate::Error;

/// A way in which customers find the shop, and what kind of customer comes by it.
///
/// Purchases of a channel's customers follow the Pareto/NBD model with time in days.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// The name in the tables.
    pub name: String,
    /// The weight of the channel among new customers; weights need not sum to one.
    pub share: f64,
    /// r, the shape of the Gamma distribution of purchase rates.
    pub r: f64,
    /// alpha in days, the rate of that distribution: a customer buys r / alpha times a day on average.
    pub alpha: f64,
    /// s, the shape of the Gamma distribution of dropout rates.
    pub s: f64,
    /// beta in days, the rate of that distribution.
    pub beta: f64,
    /// What a new customer costs in advertising, in EUR; 0 for a channel without spend.
    pub acquisition_cost: f64,
}

/// The Gamma-Gamma distribution of the value of goods in an order, in EUR before tax, shipping and discounts.
///
/// An order of a customer is Gamma(p, nu), and nu over customers is Gamma(q, gamma), so the mean is p gamma / (q - 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpendLevels {
    /// p, the shape within a customer.
    pub p: f64,
    /// q, the shape over customers; above 1.
    pub q: f64,
    /// gamma in EUR, the scale over customers.
    pub gamma: f64,
}

/// What the shop is like. The defaults give 100,000 customers and between 400,000 and 500,000 orders in three years.
#[derive(Debug, Clone, PartialEq)]
pub struct ShopSettings {
    /// How many customers bought at least once up to the as-of date.
    pub customers: u32,
    /// The seed; the same settings and seed give the same bytes.
    pub seed: u64,
    /// How many years of history end with the as-of date, 1 to 50.
    pub years: u16,
    /// The last day of the history, in UTC. The year after it is simulated for the truth, but written nowhere else.
    pub as_of: Date,
    /// The yearly growth of new customers, as a share: 0.2 is 20 % more new customers a year.
    pub growth: f64,
    /// The strength of the yearly season: 0 is none, 1 a peak before Christmas 80 % above the usual and a lull in summer.
    pub season: f64,
    /// Where customers come from.
    pub channels: Vec<Channel>,
    /// The value of goods in an order.
    pub spend: SpendLevels,
    /// The share of orders with a coupon of 10 %.
    pub coupon_share: f64,
    /// The share of orders that are a gift: a discount of 100 %, total zero.
    pub zero_order_share: f64,
    /// The share of paid orders that are refunded wholly.
    pub full_refund_share: f64,
    /// The share of paid orders that are refunded in part, between a tenth and nine tenths.
    pub partial_refund_share: f64,
    /// How many dirty rows of each kind stand in the orders, as a share of the clean ones (rounded up); 0 for none.
    pub dirty_share: f64,
}

impl Default for ShopSettings {
    fn default() -> Self {
        Self {
            customers: 100_000,
            seed: 1,
            years: 3,
            as_of: date(2026, 6, 30),
            growth: 0.15,
            season: 1.0,
            channels: default_channels(),
            spend: SpendLevels { p: 5.0, q: 4.0, gamma: 30.0 },
            coupon_share: 0.12,
            zero_order_share: 0.005,
            full_refund_share: 0.02,
            partial_refund_share: 0.04,
            dirty_share: 0.0005,
        }
    }
}

/// Five channels from loyal and dear to fleeting and cheap.
fn default_channels() -> Vec<Channel> {
    let channel = |name: &str, share, [r, alpha, s, beta]: [f64; 4], acquisition_cost| Channel {
        name: name.to_owned(),
        share,
        r,
        alpha,
        s,
        beta,
        acquisition_cost,
    };
    vec![
        channel("organic_search", 0.30, [0.90, 58.0, 0.65, 160.0], 0.0),
        channel("paid_search", 0.25, [0.80, 62.0, 0.70, 130.0], 14.0),
        channel("social_ads", 0.22, [0.55, 65.0, 0.85, 90.0], 9.5),
        channel("affiliate", 0.13, [0.65, 62.0, 0.75, 110.0], 11.0),
        channel("referral", 0.10, [1.20, 55.0, 0.60, 240.0], 6.0),
    ]
}

impl ShopSettings {
    /// Checks every dial.
    pub(crate) fn check(&self) -> Result<(), Error> {
        within("customers", f64::from(self.customers), 1.0..=f64::from(u32::MAX), "at least 1")?;
        within("years", f64::from(self.years), 1.0..=50.0, "1 to 50")?;
        within(
            "as_of",
            f64::from(self.as_of.year()),
            1900.0..=9000.0,
            "a date between the years 1900 and 9000",
        )?;
        within("growth", self.growth, -0.9..=10.0, "from -0.9 to 10")?;
        within("season", self.season, 0.0..=5.0, "from 0 to 5")?;
        within("spend.p", self.spend.p, 0.1..=1e3, "from 0.1 to 1,000")?;
        within("spend.q", self.spend.q, 1.01..=1e3, "from 1.01 to 1,000")?;
        within("spend.gamma", self.spend.gamma, 0.01..=1e5, "from 0.01 to 100,000")?;
        for (name, share) in [
            ("coupon_share", self.coupon_share),
            ("zero_order_share", self.zero_order_share),
            ("full_refund_share", self.full_refund_share),
            ("partial_refund_share", self.partial_refund_share),
            ("dirty_share", self.dirty_share),
        ] {
            within(name, share, 0.0..=0.5, "from 0 to 0.5")?;
        }
        if self.channels.is_empty() {
            return Err(Error::Setting {
                name: "channels",
                value: "empty".to_owned(),
                allowed: "at least one",
            });
        }
        self.channels.iter().try_for_each(Channel::check)
    }
}

impl Channel {
    fn check(&self) -> Result<(), Error> {
        within("share", self.share, 1e-9..=1e9, "positive")?;
        for (name, shape) in [("r", self.r), ("s", self.s)] {
            within(name, shape, 1e-3..=1e4, "from 0.001 to 10,000")?;
        }
        for (name, days) in [("alpha", self.alpha), ("beta", self.beta)] {
            within(name, days, 1e-3..=1e7, "from 0.001 to 10,000,000 days")?;
        }
        within("r / alpha", self.r / self.alpha, 0.0..=5.0, "at most 5 purchases a day")?;
        within("acquisition_cost", self.acquisition_cost, 0.0..=1e6, "from 0 to 1,000,000")
    }
}

/// Whether `value` lies in the range; a NaN never does.
fn within(
    name: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    allowed: &'static str,
) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::Setting { name, value: value.to_string(), allowed })
}
