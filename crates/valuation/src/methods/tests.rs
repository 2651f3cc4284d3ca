use jiff::civil::date;
use perennial_models::TimeUnit;
use proptest::prelude::*;

use super::*;
use crate::figures::{Base, Estimate, Totals};
use crate::{Definitions, Margin};

fn definitions(horizon_days: f64, discount: f64) -> Definitions {
    Definitions {
        as_of: date(2025, 12, 31),
        horizon_days,
        discount,
        margin: Margin::Revenue,
        currency: None,
        time_zone: "UTC".to_owned(),
        unit: TimeUnit::Week,
        level: 0.8,
    }
}

/// 1,000 customers with 3,000 transactions of 50 on average over two years: 2,000 intervals of 100 days.
fn base() -> Base {
    Base {
        customers: 1000,
        transactions: 3000,
        repeat_transactions: 2000,
        repeat_customers: 600,
        paid_transactions: 2900,
        order_value: 150_000.0,
        unlinked_refunds: 10_000.0,
        orphan_refunds: 0.0,
        net_revenue: 140_000.0,
        first_day: date(2024, 1, 1),
        last_day: date(2025, 12, 30),
        span_days: 200_000.0,
        age_days: 400_000.0,
        has_amounts: true,
    }
}

/// 400 active customers, half of them lost; those 400 spend 24,000 in the next year, 500 customers buy 1,500 times in it.
fn activity() -> Activity {
    Activity {
        period_days: 365.25,
        active: 400,
        lost: 200,
        revenue: 24_000.0,
        active_now: 500,
        transactions_now: 1500,
    }
}

fn totals(margin: f64) -> Totals {
    let estimate = |point| Some(Estimate { point, lower: point * 0.9, upper: point * 1.1, level: 0.8 });
    Totals {
        customers: 1000,
        historic_clv: Some(140_000.0 * margin),
        predicted_clv: estimate(40_000.0 * margin),
        total_clv: estimate(180_000.0 * margin),
        predicted_number_of_orders: estimate(1000.0),
        active_customers: Some(450.0),
    }
}

fn panel(base: &Base, activity: &Activity, margin: Margin, totals: Option<&Totals>) -> MethodPanel {
    // Two years are 730.5 days, the history 731.
    MethodPanel::new(base, activity, margin, &definitions(365.25, 0.1), totals)
}

fn method(panel: &MethodPanel, method: Method) -> &MethodValue {
    panel.methods.iter().find(|m| m.method == method).expect("a panel has all methods")
}

fn near(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() <= 1e-9 * b.abs().max(1.0))
}

fn input(value: &MethodValue, name: InputName) -> Option<f64> {
    value.inputs.iter().find(|input| input.name == name).map(|input| input.value)
}

/// The textbook case from data: ten customers with 20 purchases of 200 each, one every quarter. The span from first to
/// last purchase is 19 quarters; the last purchase opens a twentieth, so the lifetime is five years.
#[test]
fn two_hundred_a_quarter_for_five_years_are_4000() {
    let base = Base {
        customers: 10,
        transactions: 200,
        repeat_transactions: 190,
        repeat_customers: 10,
        paid_transactions: 200,
        order_value: 40_000.0,
        unlinked_refunds: 0.0,
        net_revenue: 40_000.0,
        span_days: 190.0 * 91.3125,
        ..base()
    };
    let panel = panel(&base, &activity(), Margin::Revenue, None);
    let lifetime = method(&panel, Method::LifetimeValue);
    assert!(near(lifetime.value, 4000.0));
    assert!(near(input(lifetime, InputName::AverageLifetime), 5.0));
    assert!(near(input(lifetime, InputName::OrderFrequency), 4.0));
    assert!(near(input(lifetime, InputName::AverageOrderValue), 200.0));
}

/// By hand: 150,000 / 1,000 x 0.4 = 60; (24,000 / 400) x 0.4 / 0.5 = 48; 50 x 2 years x 3 a year x 0.4 = 120;
/// (140,000 + 40,000) x 0.4 / 1,000 = 72.
#[test]
fn the_four_methods_by_hand() {
    let totals = totals(0.4);
    let panel = panel(&base(), &activity(), Margin::Given(0.4), Some(&totals));
    let order: Vec<Method> = panel.methods.iter().map(|m| m.method).collect();
    assert_eq!(
        order,
        [Method::LifetimeValue, Method::RevenueOverChurn, Method::RetentionTime, Method::Predictive]
    );
    for (name, value) in order.into_iter().zip([60.0, 48.0, 120.0, 72.0]) {
        let computed = method(&panel, name);
        assert!(near(computed.value, value), "{computed:?}");
        assert!(computed.supported, "{computed:?}");
    }
    assert_eq!(panel.advised, Some(Method::Predictive));

    let lifetime = method(&panel, Method::LifetimeValue);
    assert!(lifetime.reasons.contains(&Reason::LooksBack { transactions_per_customer: 3.0 }));
    let without_margin = lifetime.reasons.iter().find_map(|reason| match reason {
        Reason::WithoutMargin { value } => Some(*value),
        _ => None,
    });
    assert!(near(without_margin, 150.0));
    assert!(near(input(lifetime, InputName::AverageLifetime), 300.0 / 365.25));

    let retention = method(&panel, Method::RetentionTime);
    assert!(near(input(retention, InputName::RetentionTime), 2.0));
    assert!(near(input(retention, InputName::TransactionsPerYear), 3.0));
    // One point of churn: 48 x 0.5 / 0.49 and 48 x 0.5 / 0.51.
    let revenue = method(&panel, Method::RevenueOverChurn);
    let point = revenue.reasons.iter().find_map(|reason| match reason {
        Reason::OnePointOfChurn { lower_churn, higher_churn } => Some((*lower_churn, *higher_churn)),
        _ => None,
    });
    assert!(point.is_some_and(|(lower, higher)| near(lower, 24.0 / 0.49) && near(higher, 24.0 / 0.51)));
}

/// By hand for one customer: 60 earned, less 4 of refunds, plus one order of 50 x 0.4 = 20; at 10 % a year an even flow
/// over one year is worth (1 - 1 / 1.1) / ln 1.1 of itself; the rest to 72 is the spend.
#[test]
fn the_way_from_method_1_by_hand() {
    let totals = totals(0.4);
    let panel = panel(&base(), &activity(), Margin::Given(0.4), Some(&totals));
    let way: Vec<&BridgeStep> =
        panel.bridge.iter().filter(|step| step.from == Method::LifetimeValue).collect();
    let discounted = 20.0 * (1.0 - 1.0 / 1.1) / 1.1f64.ln();
    let expected = [
        (Difference::UnlinkedRefunds { share: 1.0 / 15.0 }, 56.0),
        (Difference::FutureOrders { orders_per_customer: 1.0, horizon_days: 365.25 }, 76.0),
        (Difference::Discounting { discount: 0.1 }, 56.0 + discounted),
        (Difference::FutureSpend, 72.0),
    ];
    assert_eq!(way.len(), expected.len());
    for (step, (difference, after)) in way.into_iter().zip(expected) {
        assert_eq!(step.difference, difference);
        assert!(near(Some(step.after), after), "{step:?}");
    }
}

/// By hand: half the customers leave in a year, so half of the endless 48 falls into the first year; half the customers
/// are active; the model expects 16; 56 have been earned.
#[test]
fn the_way_from_method_2_by_hand() {
    let totals = totals(0.4);
    let definitions = definitions(365.25, 0.0);
    let panel = MethodPanel::new(&base(), &activity(), Margin::Given(0.4), &definitions, Some(&totals));
    let way: Vec<&BridgeStep> =
        panel.bridge.iter().filter(|step| step.from == Method::RevenueOverChurn).collect();
    let after: Vec<f64> = way.iter().map(|step| step.after).collect();
    for (after, expected) in after.iter().zip([24.0, 12.0, 16.0, 72.0]) {
        assert!(near(Some(*after), expected), "{way:?}");
    }
    assert!(matches!(way[0].difference, Difference::EndlessSum { share, .. } if (share - 0.5).abs() < 1e-12));
    assert_eq!(way[1].difference, Difference::InactiveCustomers { active_now: 500, customers: 1000 });
    assert_eq!(way[2].difference, Difference::Heterogeneity);
    assert_eq!(way[3].difference, Difference::HistoryEarned);

    // Method 3 takes 3 orders of 50 where 60 were spent, and goes on as method 2.
    let first = panel.bridge.iter().find(|step| step.from == Method::RetentionTime);
    let first = first.expect("method 3 has a value");
    assert!(near(Some(first.before), 120.0) && near(Some(first.after), 48.0));
    assert_eq!(first.difference, Difference::SpendOfRetained { assumed: 150.0, measured: 60.0 });
}

#[test]
fn nothing_is_divided_by_zero_churn() {
    let kept = Activity { lost: 0, ..activity() };
    let panel = panel(&base(), &kept, Margin::Revenue, Some(&totals(1.0)));
    for name in [Method::RevenueOverChurn, Method::RetentionTime] {
        let without = method(&panel, name);
        assert_eq!((without.value, without.supported), (None, false));
        assert!(without.reasons.contains(&Reason::NoChurn { active: 400 }));
        assert!(!panel.bridge.iter().any(|step| step.from == name));
    }
}

#[test]
fn a_period_without_customers_has_no_churn() {
    let nobody = Activity { active: 0, lost: 0, revenue: 0.0, ..activity() };
    let panel = panel(&base(), &nobody, Margin::Revenue, None);
    let revenue = method(&panel, Method::RevenueOverChurn);
    assert_eq!(revenue.value, None);
    assert_eq!(revenue.reasons, [Reason::NobodyActive { period_days: 365.25 }]);

    let gone = Activity { active_now: 0, transactions_now: 0, revenue: 0.0, lost: 400, ..activity() };
    let panel = self::panel(&base(), &gone, Margin::Revenue, None);
    assert_eq!(method(&panel, Method::RetentionTime).reasons, [Reason::EverybodyLost { active: 400 }]);
    assert_eq!(method(&panel, Method::RevenueOverChurn).reasons[0], Reason::EverybodyLost { active: 400 });
    assert_eq!(panel.advised, Some(Method::LifetimeValue));
}

#[test]
fn the_data_have_to_support_a_churn() {
    let obstacles = |base: &Base, activity: &Activity| -> Vec<Reason> {
        let panel = panel(base, activity, Margin::Revenue, None);
        let revenue = method(&panel, Method::RevenueOverChurn).clone();
        assert_eq!(revenue.supported, revenue.reasons.iter().all(|reason| !reason.is_obstacle()));
        revenue.reasons.into_iter().filter(Reason::is_obstacle).collect()
    };
    assert_eq!(obstacles(&base(), &activity()), []);
    let few = Activity { active: 99, lost: 40, ..activity() };
    assert_eq!(obstacles(&base(), &few), [Reason::TooFewActive { active: 99, needed: 100 }]);
    // From 2025-10-03 to 2025-12-31 are 90 days: two periods of 45, but not half a year.
    let young = Base { first_day: date(2025, 10, 3), span_days: 20_000.0, ..base() };
    let short = Activity { period_days: 45.0, ..activity() };
    let too_short = Reason::HistoryTooShort { history_days: 90.0, needed_days: 180.0 };
    assert_eq!(obstacles(&young, &short), [too_short]);
    // Intervals of 400 days cannot be told from churn in a year.
    let slow = Base { span_days: 800_000.0, ..base() };
    let pause = Reason::PeriodShorterThanInterval { period_days: 365.25, interval_days: 400.0 };
    assert_eq!(obstacles(&slow, &activity()), [pause]);
}

#[test]
fn without_repeat_customers_there_is_no_lifetime() {
    let once = Base {
        transactions: 1000,
        repeat_transactions: 0,
        repeat_customers: 0,
        span_days: 0.0,
        order_value: 50_000.0,
        ..base()
    };
    let panel = panel(&once, &Activity { lost: 400, ..activity() }, Margin::Revenue, None);
    let lifetime = method(&panel, Method::LifetimeValue);
    assert_eq!(lifetime.value, None);
    assert_eq!(lifetime.reasons, [Reason::OnlyOneTimeBuyers { customers: 1000 }]);
    assert_eq!(method(&panel, Method::Predictive).reasons, [Reason::NotFitted]);
    assert_eq!(panel.advised, None);
    assert!(panel.bridge.is_empty());
}

#[test]
fn without_customers_there_is_nothing_to_say() {
    let nobody = Base {
        customers: 0,
        transactions: 0,
        repeat_transactions: 0,
        repeat_customers: 0,
        order_value: 0.0,
        unlinked_refunds: 0.0,
        span_days: 0.0,
        ..base()
    };
    let silence =
        Activity { period_days: 1.0, active: 0, lost: 0, revenue: 0.0, active_now: 0, transactions_now: 0 };
    let panel = panel(&nobody, &silence, Margin::Revenue, None);
    assert!(
        panel.methods.iter().all(|value| value.value.is_none() && value.reasons[0] == Reason::NoCustomers)
    );
    assert_eq!(method(&panel, Method::LifetimeValue).reasons, [Reason::NoCustomers]);
    assert_eq!(panel.advised, None);
}

#[test]
fn without_amounts_no_method_has_a_value() {
    let base = Base { has_amounts: false, order_value: 0.0, net_revenue: 0.0, ..base() };
    let panel = panel(&base, &Activity { revenue: 0.0, ..activity() }, Margin::Revenue, None);
    for value in &panel.methods {
        assert_eq!((value.value, value.supported), (None, false));
        assert_eq!(value.reasons[0], Reason::NoAmounts);
        assert_eq!(input(value, InputName::AverageOrderValue), None);
    }
    assert_eq!(method(&panel, Method::Predictive).reasons, [Reason::NoAmounts]);
    // What needs no money is shown.
    assert!(input(method(&panel, Method::LifetimeValue), InputName::OrderFrequency).is_some());
    assert_eq!(panel.advised, None);
}

#[test]
fn the_advice_goes_from_the_future_to_the_past() {
    let few = Base { customers: 499, ..base() };
    let totals = totals(1.0);
    let predicted = panel(&few, &activity(), Margin::Revenue, Some(&totals));
    assert_eq!(predicted.advised, Some(Method::Predictive));
    let note = Reason::FewCustomers { customers: 499, recommended: 500 };
    assert!(method(&predicted, Method::Predictive).reasons.contains(&note));
    assert_eq!(panel(&base(), &activity(), Margin::Revenue, None).advised, Some(Method::RevenueOverChurn));
    let kept = Activity { lost: 0, ..activity() };
    assert_eq!(panel(&base(), &kept, Margin::Revenue, None).advised, Some(Method::LifetimeValue));
}

#[test]
fn reasons_and_steps_are_codes_and_numbers_in_json() {
    let step = BridgeStep {
        from: Method::LifetimeValue,
        number: 1,
        before: 60.0,
        after: 56.0,
        difference: Difference::UnlinkedRefunds { share: 0.0625 },
    };
    let json = serde_json::to_string(&step).unwrap();
    assert_eq!(
        json,
        r#"{"from":"lifetime_value","number":1,"before":60.0,"after":56.0,"code":"unlinked_refunds","share":0.0625}"#
    );
    assert_eq!(serde_json::from_str::<BridgeStep>(&json).unwrap(), step);
    let json = serde_json::to_string(&Reason::NoChurn { active: 400 }).unwrap();
    assert_eq!(json, r#"{"code":"no_churn","active":400}"#);
}

prop_compose! {
    fn any_base()(
        customers in 0u64..5000,
        repeats in 0u64..20_000,
        order_value in -1e4..1e7,
        unlinked_refunds in prop_oneof![Just(0.0), 0.0..1e5],
        interval in 0.1..1000.0,
        has_amounts in prop::bool::weighted(0.9),
    ) -> Base {
        Base {
            customers,
            transactions: customers + repeats,
            repeat_transactions: repeats,
            order_value,
            unlinked_refunds,
            net_revenue: order_value - unlinked_refunds,
            span_days: repeats as f64 * interval,
            has_amounts,
            ..base()
        }
    }
}

prop_compose! {
    fn any_activity()(
        period_days in 1.0..366.0,
        active in 0u64..1000,
        lost_share in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0],
        revenue in -1e3..1e6,
        active_now in 0u64..1000,
        repeats_now in 0u64..1000,
    ) -> Activity {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of fewer than 1,000")]
        let lost = (active as f64 * lost_share) as u64;
        let transactions_now = if active_now == 0 { 0 } else { active_now + repeats_now };
        Activity { period_days, active, lost, revenue, active_now, transactions_now }
    }
}

proptest! {
    /// Whatever the data, the steps lead from each value to the predictive one without a gap, and a method without a
    /// value says why.
    #[test]
    fn the_bridge_adds_up_and_every_gap_has_a_reason(
        base in any_base(),
        activity in any_activity(),
        margin in -1.0..1.0,
        (horizon_days, discount) in (1.0..3650.0, 0.0..1.0),
        fitted in prop::bool::weighted(0.8),
        (historic, predicted, orders) in (-1e4..1e6, 0.0..1e6, prop::option::of(0.0..1e5)),
    ) {
        let mut totals = totals(1.0);
        totals.historic_clv = Some(historic);
        totals.predicted_clv = Some(Estimate { point: predicted, lower: 0.0, upper: 2e6, level: 0.8 });
        totals.predicted_number_of_orders = orders.map(|point| Estimate { point, lower: 0.0, upper: 2e5, level: 0.8 });
        let definitions = definitions(horizon_days, discount);
        let panel =
            MethodPanel::new(&base, &activity, Margin::Given(margin), &definitions, fitted.then_some(&totals));

        let predictive = method(&panel, Method::Predictive).value;
        for value in &panel.methods {
            prop_assert!(value.value.is_some() || !value.supported);
            prop_assert!(value.value.is_none_or(f64::is_finite));
            prop_assert!(value.inputs.iter().all(|input| input.value.is_finite()));
            prop_assert_eq!(value.supported, !value.reasons.iter().any(Reason::is_obstacle));
            let way: Vec<&BridgeStep> = panel.bridge.iter().filter(|step| step.from == value.method).collect();
            let (Some(start), Some(end)) = (value.value, predictive) else {
                prop_assert!(way.is_empty());
                continue;
            };
            if value.method == Method::Predictive {
                prop_assert!(way.is_empty());
                continue;
            }
            prop_assert_eq!(way.first().map(|step| step.before.to_bits()), Some(start.to_bits()));
            prop_assert_eq!(way.last().map(|step| step.after.to_bits()), Some(end.to_bits()));
            prop_assert!(way.windows(2).all(|pair| pair[0].after.to_bits() == pair[1].before.to_bits()));
            let numbers: Vec<u32> = way.iter().map(|step| step.number).collect();
            prop_assert_eq!(numbers, (1..=u32::try_from(way.len()).unwrap()).collect::<Vec<_>>());
        }
        // What is written is read back: no NaN, no infinity.
        let json = serde_json::to_string(&panel).unwrap();
        prop_assert_eq!(serde_json::from_str::<MethodPanel>(&json).is_ok(), true);
    }

    /// Method 1 is what the average customer has spent so far.
    #[test]
    fn lifetime_value_is_order_value_per_customer(base in any_base(), margin in 0.0..1.0) {
        let panel = panel(&base, &activity(), Margin::Given(margin), None);
        if let Some(value) = method(&panel, Method::LifetimeValue).value {
            let spent = base.order_value * margin / base.customers as f64;
            prop_assert!((value - spent).abs() <= 1e-9 * spent.abs().max(1.0));
        }
    }
}
