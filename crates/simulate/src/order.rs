//! An order as it really happens: goods, amounts to the cent, and a refund perhaps.

use perennial_math::random::{Rng, exponential, gamma, uniform_open};

use crate::{
    CATEGORIES, Customer, World,
    customer::pick,
    world::{DAY, Domain},
};

/// Tax on goods and shipping after discounts, in per cent.
pub(crate) const TAX_PERCENT: i64 = 19;

/// The discount of a coupon on the goods, in per cent.
pub(crate) const COUPON_PERCENT: i64 = 10;

/// What customers pay for shipping, in cents without tax, with the share of orders: picked up, standard, express.
pub(crate) const SHIPPING: [(i64, f64); 3] = [(0, 0.20), (490, 0.70), (990, 0.10)];

/// The average share of an order that a partial refund pays back; it is uniform from a tenth to nine tenths.
pub(crate) const MEAN_PARTIAL_REFUND: f64 = 0.5;

/// What the shop itself pays for an order beside the goods.
pub(crate) mod costs {
    /// Carriage of a parcel, in cents.
    pub(crate) const SHIPPING: i64 = 450;
    /// Packaging of a parcel, in cents.
    pub(crate) const PACKAGING: i64 = 80;
    /// The payment provider's fee for a paid order, in cents.
    pub(crate) const PAYMENT_FIXED: i64 = 25;
    /// The payment provider's share of a paid order's total, in hundredths of a per cent.
    pub(crate) const PAYMENT_BASIS_POINTS: i64 = 190;
}

/// Days from an order to its refund at the least, and how many more on average.
const REFUND_DELAY: (f64, f64) = (2.0, 9.0);

/// How many lines orders have, with their shares.
const LINES: [(f64, f64); 4] = [(1.0, 0.45), (2.0, 0.30), (3.0, 0.15), (4.0, 0.10)];

/// A part of an order: some pieces of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub product_id: i64,
    /// How many pieces, at least 1.
    pub quantity: i64,
    /// The price of a piece without tax, in cents.
    pub unit_price: i64,
    /// What the pieces cost the shop together, in cents.
    pub cost: i64,
}

impl Line {
    /// What the pieces are sold for together, in cents without tax.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.quantity * self.unit_price
    }
}

/// Money given back for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refund {
    /// When, in seconds since the start of the first day.
    pub second: u32,
    /// How much of the total, in cents: at least one, at most all.
    pub amount: i64,
}

/// An order with its lines. All amounts are in cents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// When, in seconds since the start of the first day.
    pub second: u32,
    /// The customer's `customer_id`.
    pub customer_id: i64,
    /// What was bought; never empty.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub subtotal: i64,
    /// What a coupon or gift takes off the subtotal.
    pub discount: i64,
    /// What the customer pays for shipping, without tax.
    pub shipping: i64,
    /// Tax on subtotal, discount and shipping.
    pub tax: i64,
    /// The coupon's code.
    pub coupon: Option<&'static str>,
    /// What is given back, if anything.
    pub refund: Option<Refund>,
}

impl Order {
    /// What the customer pays: subtotal less discount, with shipping and tax.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.subtotal - self.discount + self.shipping + self.tax
    }

    /// What has been given back by the end of `second`.
    #[must_use]
    pub fn refunded_by(&self, second: u32) -> i64 {
        self.refund.filter(|refund| refund.second <= second).map_or(0, |refund| refund.amount)
    }

    /// Whether all is given back in the end, so that no transaction remains.
    #[must_use]
    pub fn is_wholly_refunded(&self) -> bool {
        self.refund.is_some_and(|refund| refund.amount == self.total())
    }

    /// The total less what is given back in the end.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.total() - self.refund.map_or(0, |refund| refund.amount)
    }

    /// What remains of the revenue after tax, goods, carriage, packaging and payment fees.
    ///
    /// A refund takes back its share of tax and goods (which return to the shelf), not of the other costs.
    #[must_use]
    pub fn margin(&self) -> i64 {
        let total = self.total();
        let kept = |amount: i64| if total == 0 { amount } else { share_of(amount, self.revenue(), total) };
        let goods: i64 = self.lines.iter().map(|line| line.cost).sum();
        self.revenue()
            - kept(self.tax)
            - kept(goods)
            - costs::SHIPPING
            - costs::PACKAGING
            - payment_fee(total)
    }
}

/// What the payment provider takes for an order of `total` cents; nothing for nothing.
fn payment_fee(total: i64) -> i64 {
    if total == 0 { 0 } else { costs::PAYMENT_FIXED + share_of(total, costs::PAYMENT_BASIS_POINTS, 10_000) }
}

/// `amount` x `part` / `whole` to the nearest cent; all are at least zero, and `whole` is above.
fn share_of(amount: i64, part: i64, whole: i64) -> i64 {
    (amount * part + whole / 2) / whole
}

impl World {
    /// The order number `number` (from 0) of a customer, at `second`.
    ///
    /// The goods of the customer's order are worth Gamma(p, nu) on average over the prices that the catalogue has: each
    /// line goes to the price above or below its share of that value, with the probabilities that keep the mean.
    #[must_use]
    pub fn order(&self, customer: &Customer, number: u32, second: u32) -> Order {
        let rng = &mut self.stream(Domain::Order, u64::from(customer.index) << 32 | u64::from(number));
        let lines = self.draw_lines(customer, rng);
        let subtotal = lines.iter().map(Line::total).sum();
        let mut order = Order {
            second,
            customer_id: customer.id(),
            lines,
            subtotal,
            discount: 0,
            shipping: 0,
            tax: 0,
            coupon: None,
            refund: None,
        };
        if uniform_open(rng) < self.settings.zero_order_share {
            order.discount = subtotal;
            order.coupon = Some("GIFT");
            return order;
        }
        if uniform_open(rng) < self.settings.coupon_share {
            order.discount = share_of(subtotal, COUPON_PERCENT, 100);
            order.coupon = Some("WELCOME10");
        }
        order.shipping = pick_weighted(uniform_open(rng), SHIPPING);
        order.tax = share_of(subtotal - order.discount + order.shipping, TAX_PERCENT, 100);
        order.refund = self.draw_refund(&order, rng);
        order
    }

    /// The value of goods in an order of the customer before it is made of products, in EUR: Gamma(p, nu), at most a
    /// million.
    pub(crate) fn goods_value(&self, customer: &Customer, rng: &mut Rng) -> f64 {
        let p = self.settings.spend.p;
        gamma(rng, p, customer.mean_goods_value / p).min(1e6)
    }

    fn draw_lines(&self, customer: &Customer, rng: &mut Rng) -> Vec<Line> {
        let cents = 100.0 * self.goods_value(customer, rng);
        let cheapest = self.catalogue.prices()[0] as f64;
        let wanted: f64 = pick_weighted(uniform_open(rng), LINES);
        let mut lines = Vec::with_capacity(LINES.len());
        let mut left = cents;
        let mut lines_left = wanted.min((cents / (2.0 * cheapest)).floor());
        while lines_left > 1.0 {
            let value = left / lines_left * (0.6 + 0.8 * uniform_open(rng));
            lines.push(self.draw_line(customer, value, rng));
            left -= value;
            lines_left -= 1.0;
        }
        lines.push(self.draw_line(customer, left, rng));
        lines
    }

    /// A line worth `cents` on average.
    fn draw_line(&self, customer: &Customer, cents: f64, rng: &mut Rng) -> Line {
        let prices = self.catalogue.prices();
        let (cheapest, dearest) = (prices[0] as f64, prices[prices.len() - 1] as f64);
        let several = if uniform_open(rng) < 0.2 && cents > 3.0 * cheapest { 2.0 } else { 1.0 };
        let quantity = (cents / dearest).ceil().max(several);
        let each = cents / quantity;
        let above = prices.partition_point(|&price| price as f64 <= each).min(prices.len() - 1);
        let below = above.saturating_sub(1);
        let (low, high) = (prices[below] as f64, prices[above] as f64);
        let level = if high > low && uniform_open(rng) * (high - low) < each - low { above } else { below };
        let any = pick(uniform_open(rng), CATEGORIES.len());
        let category = if uniform_open(rng) < 0.5 { customer.favourite } else { any };
        let product = self.catalogue.product(level, category);
        #[expect(clippy::cast_possible_truncation, reason = "a small count")]
        let quantity = quantity as i64;
        Line { product_id: product.id, quantity, unit_price: product.price, cost: quantity * product.cost }
    }

    /// Whether, when and how much of a paid order is given back.
    fn draw_refund(&self, order: &Order, rng: &mut Rng) -> Option<Refund> {
        let kind = uniform_open(rng);
        let part = 0.1 + 0.8 * uniform_open(rng);
        let delay = REFUND_DELAY.0 + exponential(rng, 1.0 / REFUND_DELAY.1);
        let (full, partial) = (self.settings.full_refund_share, self.settings.partial_refund_share);
        let total = order.total();
        #[expect(clippy::cast_possible_truncation, reason = "a share of a total in cents")]
        let amount = if kind < full {
            total
        } else if kind < full + partial {
            (part * total as f64).round() as i64
        } else {
            return None;
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some days in seconds")]
        let second = order.second.saturating_add((delay * f64::from(DAY)) as u32);
        Some(Refund { second, amount })
    }
}

/// The item at `quantile` of the weights; the last when they sum to less.
fn pick_weighted<T: Default>(mut quantile: f64, items: impl IntoIterator<Item = (T, f64)>) -> T {
    let mut last = T::default();
    for (item, weight) in items {
        last = item;
        if quantile < weight {
            return last;
        }
        quantile -= weight;
    }
    last
}

/// The mean of what customers pay for shipping, in EUR without tax.
pub(crate) fn mean_shipping() -> f64 {
    SHIPPING.iter().map(|&(cents, share)| cents as f64 * share).sum::<f64>() / 100.0
}
