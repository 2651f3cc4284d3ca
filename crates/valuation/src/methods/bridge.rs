//! Why the methods differ: the way from each one's value to the predictive one, in steps that add up.

use super::panel::Population;
use super::{BridgeStep, Difference, Method, MethodValue};

/// The steps from each other method that has a value to the predictive one.
pub(super) fn steps(population: &Population<'_>, methods: &[MethodValue]) -> Vec<BridgeStep> {
    let value = |method| methods.iter().find(|m| m.method == method).and_then(|m| m.value);
    let (Some(predictive), Some(totals)) = (value(Method::Predictive), population.predicted_totals()) else {
        return Vec::new();
    };
    let per_customer = 1.0 / population.base.customers as f64;
    let ends = Ends { historic: totals.0 * per_customer, predicted: totals.1 * per_customer, predictive };
    let from_lifetime = value(Method::LifetimeValue).map(|value| {
        let mut way = Way::new(Method::LifetimeValue, value);
        look_ahead(&mut way, population, ends);
        way.steps
    });
    let from_revenue = value(Method::RevenueOverChurn).map(|value| {
        let mut way = Way::new(Method::RevenueOverChurn, value);
        look_closer(&mut way, population, ends);
        way.steps
    });
    let from_retention =
        value(Method::RetentionTime).zip(value(Method::RevenueOverChurn)).map(|(value, measured)| {
            let mut way = Way::new(Method::RetentionTime, value);
            spend_of_retained(&mut way, population, measured);
            look_closer(&mut way, population, ends);
            way.steps
        });
    [from_lifetime, from_revenue, from_retention].into_iter().flatten().flatten().collect()
}

/// Where the ways end, per customer.
#[derive(Clone, Copy)]
struct Ends {
    historic: f64,
    predicted: f64,
    predictive: f64,
}

/// Steps that follow each other.
struct Way {
    from: Method,
    value: f64,
    steps: Vec<BridgeStep>,
}

impl Way {
    const fn new(from: Method, value: f64) -> Self {
        Self { from, value, steps: Vec::new() }
    }

    /// Moves to `after`; what is not finite moves nothing, and the next step covers the distance.
    fn step(&mut self, after: f64, difference: Difference) {
        if !after.is_finite() {
            return;
        }
        let number = self.steps.last().map_or(1, |step| step.number + 1);
        self.steps.push(BridgeStep { from: self.from, number, before: self.value, after, difference });
        self.value = after;
    }
}

/// From what has been earned per customer to what will have been earned at the horizon.
fn look_ahead(way: &mut Way, population: &Population<'_>, ends: Ends) {
    let base = population.base;
    // Refunds have no share in orders worth nothing.
    let share = base.unlinked_refunds / base.order_value;
    if share != 0.0 && share.is_finite() {
        way.step(ends.historic, Difference::UnlinkedRefunds { share });
    }
    let Some(orders) = population.predictive.and_then(|totals| totals.predicted_number_of_orders) else {
        // Without a number of orders there is one step to the end.
        way.step(ends.predictive, Difference::FutureSpend);
        return;
    };
    let orders_per_customer = orders.point / base.customers as f64;
    let order_margin = population.average_order_value() * population.margin.rate();
    let horizon_days = population.definitions.horizon_days;
    let undiscounted = orders_per_customer * order_margin;
    way.step(way.value + undiscounted, Difference::FutureOrders { orders_per_customer, horizon_days });
    let discount = population.definitions.discount;
    if discount != 0.0 {
        let factor = present_value_share(0.0, discount_per_day(discount), horizon_days);
        way.step(way.value - undiscounted * (1.0 - factor), Difference::Discounting { discount });
    }
    way.step(ends.predictive, Difference::FutureSpend);
}

/// From method 3's revenue per period to method 2's, at the same churn.
fn spend_of_retained(way: &mut Way, population: &Population<'_>, measured_value: f64) {
    let Ok(churn) = population.churn() else { return };
    let (Ok(transactions), Ok(revenue)) =
        (population.transactions_now(churn), population.retained_revenue(churn))
    else {
        return;
    };
    let assumed = population.average_order_value() * transactions.per(churn.period());
    let measured = revenue.per(churn.period());
    way.step(measured_value, Difference::SpendOfRetained { assumed, measured });
}

/// From an active customer's endless future to all customers' past and future within the horizon.
fn look_closer(way: &mut Way, population: &Population<'_>, ends: Ends) {
    let Ok(churn) = population.churn() else { return };
    let (base, activity, definitions) = (population.base, population.activity, population.definitions);
    let horizon_days = definitions.horizon_days;
    let leave_per_day = -(-churn.share()).ln_1p() / churn.period().days();

    let endless = way.value;
    let share = -(-leave_per_day * horizon_days).exp_m1();
    way.step(endless * share, Difference::EndlessSum { horizon_days, share });
    if definitions.discount != 0.0 {
        let factor = present_value_share(leave_per_day, discount_per_day(definitions.discount), horizon_days);
        way.step(way.value * factor, Difference::Discounting { discount: definitions.discount });
    }
    let (active_now, customers) = (activity.active_now, base.customers);
    if active_now != customers {
        way.step(
            way.value * (active_now as f64 / customers as f64),
            Difference::InactiveCustomers { active_now, customers },
        );
    }
    way.step(ends.predicted, Difference::Heterogeneity);
    way.step(ends.predictive, Difference::HistoryEarned);
}

/// ln(1 + d) per day, for an annual discount rate d.
fn discount_per_day(discount: f64) -> f64 {
    discount.ln_1p() / 365.25
}

/// The present value of revenue within the horizon over its plain sum, when revenue flows evenly and customers leave at a
/// constant rate: (integral of e^-(l + d)t) / (integral of e^-lt), both from 0 to the horizon, rates per day.
fn present_value_share(leave: f64, discount: f64, horizon_days: f64) -> f64 {
    if leave.is_infinite() {
        return 1.0;
    }
    let integral = |rate: f64| {
        if rate == 0.0 { horizon_days } else { -(-rate * horizon_days).exp_m1() / rate }
    };
    integral(leave + discount) / integral(leave)
}
