//! What is known of a customer's future because the shop is simulated: what to expect, and what happens.

use crate::{
    CATEGORIES, Customer, Order, World,
    order::{COUPON_PERCENT, MEAN_PARTIAL_REFUND, TAX_PERCENT, costs, mean_shipping},
    world::DAY,
};

/// What the customer's own rates let expect in the [`FUTURE_DAYS`](crate::FUTURE_DAYS) days after the as-of date.
///
/// It is the expectation given the customer's rates and whether they are still active on the as-of date, not given when
/// they will drop out. For a customer who has dropped out all are zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outlook {
    /// Transactions: days with an order that is not wholly refunded.
    pub transactions: f64,
    /// The orders' totals less refunds, in EUR.
    pub revenue: f64,
    /// The orders' margin, in EUR; see [`Order::margin`].
    pub margin: f64,
}

/// What the customer really does in the [`FUTURE_DAYS`](crate::FUTURE_DAYS) days after the as-of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outturn {
    /// Transactions: days with an order that is not wholly refunded.
    pub transactions: i64,
    /// The orders' totals less all that is refunded of them in the end, in cents.
    pub revenue: i64,
    /// The orders' margin, in cents; see [`Order::margin`].
    pub margin: i64,
    /// The day of the last transaction counted, so that those of one day count once.
    last_day: Option<u32>,
}

impl Outturn {
    /// Adds an order; orders come in the order of time.
    pub fn add(&mut self, order: &Order) {
        self.revenue += order.revenue();
        self.margin += order.margin();
        let day = Some(order.second / DAY);
        if !order.is_wholly_refunded() && self.last_day != day {
            self.transactions += 1;
            self.last_day = day;
        }
    }
}

/// The mean revenue and margin of one order of a customer, in EUR, from the settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OrderMeans {
    pub(crate) total: f64,
    revenue: f64,
    margin: f64,
}

impl World {
    /// The share of orders that remain transactions, because they are not wholly refunded; gifts cannot be.
    fn lasting_share(&self) -> f64 {
        1.0 - self.settings.full_refund_share * (1.0 - self.settings.zero_order_share)
    }

    /// What an order of the customer brings on average, refunds counted in the end.
    pub(crate) fn order_means(&self, customer: &Customer) -> OrderMeans {
        let settings = &self.settings;
        let paid = 1.0 - settings.zero_order_share;
        let refunded = settings.full_refund_share + settings.partial_refund_share * MEAN_PARTIAL_REFUND;
        let goods = customer.mean_goods_value;
        let net = goods * (1.0 - settings.coupon_share * COUPON_PERCENT as f64 / 100.0) + mean_shipping();
        let total = paid * net * (1.0 + TAX_PERCENT as f64 / 100.0);
        let goods_cost = goods * cost_share(customer) * (1.0 - paid * refunded);
        let fee =
            total * costs::PAYMENT_BASIS_POINTS as f64 / 1e4 + paid * costs::PAYMENT_FIXED as f64 / 100.0;
        let parcel = (costs::SHIPPING + costs::PACKAGING) as f64 / 100.0;
        OrderMeans {
            total,
            revenue: total * (1.0 - refunded),
            margin: paid * net * (1.0 - refunded) - goods_cost - fee - parcel,
        }
    }

    /// What the customer's rates let expect after the as-of date.
    ///
    /// On day d, with season s, orders come to exp(-mu d) lambda s (1 - exp(-mu)) / mu, and the probability of a lasting
    /// one is exp(-mu d) a / (a + mu) (1 - exp(-(a + mu))), with a = lambda s times the share of lasting orders.
    #[must_use]
    pub fn outlook(&self, customer: &Customer) -> Outlook {
        let now = self.observed_days() as usize;
        if !customer.is_alive_at(now as f64) {
            return Outlook::default();
        }
        let (lambda, mu) = (customer.purchase_rate, customer.dropout_rate);
        let active_day = mean_survival(mu);
        let lasting = lambda * self.lasting_share();
        let (mut alive, mut orders, mut transactions) = (1.0, 0.0, 0.0);
        for season in &self.season.factors()[now..] {
            orders += alive * lambda * season * active_day;
            let rate = lasting * season;
            transactions += alive * rate * mean_survival(rate + mu);
            alive *= (-mu).exp();
        }
        let means = self.order_means(customer);
        Outlook { transactions, revenue: orders * means.revenue, margin: orders * means.margin }
    }

    /// The customer's whole simulated history: calls `each` with number (from 0) and second of every order up to the
    /// as-of date, and returns what comes after it.
    pub fn history(&self, customer: &Customer, mut each: impl FnMut(u32, u32)) -> Outturn {
        let now = self.observed_days() * DAY;
        let mut outturn = Outturn::default();
        let mut number = 0;
        self.orders_of(customer, |second| {
            if second < now {
                each(number, second);
            } else {
                outturn.add(&self.order(customer, number, second));
            }
            number += 1;
        });
        outturn
    }
}

/// The share of a day for which something that ends at `rate` a day lasts: (1 - exp(-rate)) / rate.
fn mean_survival(rate: f64) -> f64 {
    if rate < 1e-12 { 1.0 } else { -(-rate).exp_m1() / rate }
}

/// What goods cost as a share of their price: half of the lines come from the favourite category, the others from any.
fn cost_share(customer: &Customer) -> f64 {
    let mean = CATEGORIES.iter().map(|&(_, percent)| percent as f64).sum::<f64>() / CATEGORIES.len() as f64;
    (CATEGORIES[customer.favourite].1 as f64 + mean) / 200.0
}
