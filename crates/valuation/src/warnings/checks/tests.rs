use jiff::civil::date;
use perennial_models::{FitError, TimeUnit};

use super::*;
use crate::hold_out::ValueHoldOut;

/// A valuation that gives no reason to warn: 1,000 customers over two years, ordering until the day before today.
fn sound_definitions() -> Definitions {
    Definitions {
        as_of: date(2025, 12, 31),
        horizon_days: 365.0,
        discount: 0.1,
        margin: Margin::Given(0.4),
        currency: Some("EUR".to_owned()),
        time_zone: "Europe/Berlin".to_owned(),
        unit: TimeUnit::Week,
        level: 0.8,
    }
}

fn sound_base() -> Base {
    Base {
        customers: 1000,
        transactions: 3000,
        repeat_transactions: 2000,
        repeat_customers: 600,
        paid_transactions: 3000,
        order_value: 150_000.0,
        unlinked_refunds: 0.0,
        orphan_refunds: 0.0,
        net_revenue: 150_000.0,
        first_day: date(2024, 1, 1),
        last_day: date(2025, 12, 30),
        span_days: 200_000.0,
        age_days: 400_000.0,
        has_amounts: true,
    }
}

fn sound_fit() -> FitSummary {
    FitSummary {
        model: "pareto-nbd".to_owned(),
        unit: TimeUnit::Week,
        until: date(2025, 12, 31),
        customers: 1000,
        parameters: serde_json::Map::new(),
        standard_errors: serde_json::Map::new(),
        log_likelihood: -9000.0,
        edge: Vec::new(),
        converged: true,
        sample: None,
        covariates: None,
    }
}

fn sound_hold_out() -> HoldOut {
    HoldOut {
        fit: sound_fit(),
        hold_out_days: 180.0,
        mae: 0.8,
        rmse: 1.6,
        predicted_total: 950.0,
        actual_total: 1000.0,
        log_score: -1.1,
        crps: 0.4,
        calibration_error: Some(0.05),
        order_coverage: 0.85,
        spend_model: Some("gamma-gamma".into()),
        value: Some(ValueHoldOut {
            predicted_total: 50_000.0,
            actual_total: 48_000.0,
            mae: 30.0,
            rmse: 60.0,
            coverage: 0.78,
            level: 0.8,
        }),
        deciles: Vec::new(),
        tracking: Vec::new(),
    }
}

fn sound<'a>(definitions: &'a Definitions, base: &'a Base) -> WarningInputs<'a> {
    WarningInputs {
        definitions,
        base,
        today: date(2026, 1, 1),
        most_transactions: 25,
        top_decile_share: Some(0.45),
        top_customer_share: Some(0.01),
        half_of_future_held_by: Some(120),
        transaction_failure: None,
        spend_failure: None,
        fits: Vec::new(),
        spend_frequency_correlation: Some(0.1),
        rows_read: 10_000,
        rows_refused: 100,
        refunded_share: Some(0.05),
        base_level: None,
        hold_out: None,
    }
}

fn kinds(inputs: &WarningInputs<'_>) -> Vec<(Severity, WarningKind)> {
    warnings(inputs).into_iter().map(|warning| (warning.severity, warning.kind)).collect()
}

/// The warnings of a sound valuation after one change.
fn after(
    definitions: impl FnOnce(&mut Definitions),
    base: impl FnOnce(&mut Base),
    inputs: impl FnOnce(&mut WarningInputs<'_>),
) -> Vec<(Severity, WarningKind)> {
    let (mut d, mut b) = (sound_definitions(), sound_base());
    definitions(&mut d);
    base(&mut b);
    let mut i = sound(&d, &b);
    inputs(&mut i);
    kinds(&i)
}

fn after_definitions(change: impl FnOnce(&mut Definitions)) -> Vec<(Severity, WarningKind)> {
    after(change, |_| {}, |_| {})
}

fn after_base(change: impl FnOnce(&mut Base)) -> Vec<(Severity, WarningKind)> {
    after(|_| {}, change, |_| {})
}

fn after_inputs(change: impl FnOnce(&mut WarningInputs<'_>)) -> Vec<(Severity, WarningKind)> {
    after(|_| {}, |_| {}, change)
}

#[test]
fn a_sound_valuation_has_no_warning() {
    let (definitions, base, fit, hold_out) =
        (sound_definitions(), sound_base(), sound_fit(), sound_hold_out());
    let mut inputs = sound(&definitions, &base);
    inputs.fits = vec![&fit];
    inputs.hold_out = Some(&hold_out);
    assert_eq!(kinds(&inputs), []);
}

#[test]
fn without_costs_the_figure_is_revenue() {
    assert_eq!(
        after_definitions(|d| d.margin = Margin::Revenue),
        [(Severity::Warning, WarningKind::MarginUnknown)]
    );
    assert_eq!(
        after_definitions(|d| d.margin = Margin::Measured(-0.1)),
        [(Severity::Severe, WarningKind::MarginNotPositive { rate: -0.1 })]
    );
    let without_amounts = after(|d| d.margin = Margin::Revenue, |b| b.has_amounts = false, |_| {});
    assert_eq!(without_amounts, [(Severity::Warning, WarningKind::NoAmounts)]);
}

/// From 2024-01-01 to 2025-12-31 are 366 + 365 = 731 days.
#[test]
fn a_horizon_may_be_as_long_as_the_history_and_no_longer() {
    let history_days = 731.0;
    assert_eq!(after_definitions(|d| d.horizon_days = history_days), []);
    for (horizon_days, severity) in [(732.0, Severity::Warning), (1463.0, Severity::Severe)] {
        assert_eq!(
            after_definitions(|d| d.horizon_days = horizon_days),
            [(severity, WarningKind::HorizonExceedsHistory { horizon_days, history_days })]
        );
    }
}

#[test]
fn too_few_customers_by_the_recommended_number() {
    for (customers, severity) in [(499, Severity::Warning), (99, Severity::Severe), (0, Severity::Severe)] {
        assert_eq!(
            after_base(|b| b.customers = customers),
            [(severity, WarningKind::TooFewCustomers { customers, recommended: 500 })]
        );
    }
    assert_eq!(after_base(|b| b.customers = 500), []);
}

#[test]
fn somebody_should_have_come_back_twice() {
    assert_eq!(
        after_inputs(|i| i.most_transactions = 2),
        [(Severity::Warning, WarningKind::NoFrequentCustomers { most_transactions: 2, recommended: 3 })]
    );
    assert_eq!(
        after(|_| {}, |b| b.repeat_customers = 0, |i| i.most_transactions = 1),
        [(Severity::Severe, WarningKind::OnlyOneTimeBuyers { customers: 1000 })]
    );
}

#[test]
fn data_grow_old() {
    let (as_of, last_day) = (date(2025, 12, 31), date(2025, 12, 30));
    let today = date(2026, 1, 31);
    assert_eq!(
        after_inputs(|i| i.today = today),
        [(Severity::Warning, WarningKind::StaleData { as_of, today, days: 31 })]
    );
    assert_eq!(after_inputs(|i| i.today = date(2026, 1, 30)), []);
    let today = date(2025, 12, 30);
    assert_eq!(
        after_inputs(|i| i.today = today),
        [(Severity::Warning, WarningKind::AsOfInFuture { as_of, today })]
    );

    let (as_of, today) = (date(2026, 1, 30), date(2026, 2, 1));
    let late = |day: Date| after(|d| d.as_of = day, |_| {}, |i| i.today = today);
    assert_eq!(late(date(2026, 1, 29)), []);
    assert_eq!(late(as_of), [(Severity::Warning, WarningKind::NoRecentOrders { last_day, as_of, days: 31 })]);
}

#[test]
fn a_short_history_is_named() {
    let first_day = date(2025, 7, 5);
    let found = after(|d| d.horizon_days = 90.0, |b| b.first_day = first_day, |_| {});
    assert_eq!(found, []);
    let found = after(|d| d.horizon_days = 90.0, |b| b.first_day = date(2025, 7, 6), |_| {});
    let kind = WarningKind::ShortHistory { history_days: 179.0, recommended_days: 180.0 };
    assert_eq!(found, [(Severity::Warning, kind)]);
}

#[test]
fn value_that_hangs_on_few_is_named() {
    assert_eq!(
        after_inputs(|i| i.top_decile_share = Some(0.61)),
        [(Severity::Warning, WarningKind::ConcentratedValue { share: 0.61 })]
    );
    for (share, severity) in [(0.06, Severity::Warning), (0.3, Severity::Severe)] {
        assert_eq!(
            after_inputs(|i| i.top_customer_share = Some(share)),
            [(severity, WarningKind::DominantCustomer { share })]
        );
    }
    assert_eq!(
        after_inputs(|i| i.half_of_future_held_by = Some(10)),
        [(Severity::Warning, WarningKind::FewHoldTheFuture { customers: 10 })]
    );
}

#[test]
fn models_that_fail_or_end_badly_are_named() {
    let error = FitError::TooFewRepeatCustomers { repeat_customers: 3, customers: 1000, needed: 10 };
    let why = FitFailure::TooFewRepeatCustomers { repeat_customers: 3, needed: 10 };
    assert_eq!(
        after_inputs(|i| i.transaction_failure = Some((&error).into())),
        [(Severity::Severe, WarningKind::TransactionModelNotFitted { why })]
    );
    assert_eq!(
        after_inputs(|i| i.spend_failure = Some((&FitError::NoMeanSpend { q: 0.8 }).into())),
        [(Severity::Warning, WarningKind::SpendModelNotFitted { why: FitFailure::NoMeanSpend { q: 0.8 } })]
    );
    assert_eq!(
        after_inputs(|i| i.spend_frequency_correlation = Some(-0.4)),
        [(Severity::Warning, WarningKind::SpendDependsOnFrequency { correlation: -0.4 })]
    );

    let (definitions, base) = (sound_definitions(), sound_base());
    let at_edge =
        FitSummary { edge: vec!["s".to_owned(), "beta".to_owned()], converged: false, ..sound_fit() };
    let stalled = FitSummary { converged: false, ..sound_fit() };
    let mut inputs = sound(&definitions, &base);
    inputs.fits = vec![&at_edge, &stalled];
    let model = "pareto-nbd".to_owned();
    assert_eq!(
        kinds(&inputs),
        [
            (
                Severity::Warning,
                WarningKind::FitAtEdge {
                    model: model.clone(),
                    parameters: vec!["s".to_owned(), "beta".to_owned()]
                }
            ),
            (Severity::Warning, WarningKind::SearchStalled { model }),
        ]
    );
}

#[test]
fn dirty_data_is_named() {
    for (refused, severity) in [(501u32, Severity::Warning), (2001, Severity::Severe)] {
        let share = f64::from(refused) / 10_000.0;
        let kind = WarningKind::RowsRefused { refused: u64::from(refused), read: 10_000, share };
        assert_eq!(after_inputs(|i| i.rows_refused = u64::from(refused)), [(severity, kind)]);
    }
    let empty = |i: &mut WarningInputs<'_>| (i.rows_read, i.rows_refused) = (0, 0);
    assert_eq!(after_inputs(empty), []);
    assert_eq!(
        after_inputs(|i| i.refunded_share = Some(0.25)),
        [(Severity::Warning, WarningKind::HighRefunds { share: 0.25 })]
    );
}

#[test]
fn a_model_that_was_wrong_before_is_named() {
    let (definitions, base) = (sound_definitions(), sound_base());
    let judge = |change: &dyn Fn(&mut HoldOut)| {
        let mut hold_out = sound_hold_out();
        change(&mut hold_out);
        let mut inputs = sound(&definitions, &base);
        inputs.hold_out = Some(&hold_out);
        kinds(&inputs)
    };
    let bias = |predicted, bias| WarningKind::HoldOutBias {
        figure: HoldOutFigure::Orders,
        predicted,
        actual: 1000.0,
        bias: Some(bias),
    };
    assert_eq!(judge(&|h| h.predicted_total = 1250.0), [(Severity::Warning, bias(1250.0, 0.25))]);
    assert_eq!(judge(&|h| h.predicted_total = 250.0), [(Severity::Severe, bias(250.0, -0.75))]);
    let nothing_came = |h: &mut HoldOut| h.actual_total = 0.0;
    let kind =
        WarningKind::HoldOutBias { figure: HoldOutFigure::Orders, predicted: 950.0, actual: 0.0, bias: None };
    assert_eq!(judge(&nothing_came), [(Severity::Severe, kind)]);

    let coverage = |figure, coverage| WarningKind::IntervalCoverage { figure, coverage, level: 0.8 };
    let orders = HoldOutFigure::Orders;
    assert_eq!(judge(&|h| h.order_coverage = 0.65), [(Severity::Warning, coverage(orders, 0.65))]);
    assert_eq!(judge(&|h| h.order_coverage = 0.45), [(Severity::Severe, coverage(orders, 0.45))]);
    assert_eq!(judge(&|h| h.order_coverage = 0.95), [(Severity::Info, coverage(orders, 0.95))]);
    let narrow_value = |h: &mut HoldOut| {
        if let Some(value) = &mut h.value {
            value.coverage = 0.6;
        }
    };
    assert_eq!(judge(&narrow_value), [(Severity::Warning, coverage(HoldOutFigure::Value, 0.6))]);
}

#[test]
fn the_worst_comes_first() {
    let hold_out = HoldOut { order_coverage: 0.95, ..sound_hold_out() };
    let (definitions, base) = (
        Definitions { margin: Margin::Revenue, ..sound_definitions() },
        Base { customers: 50, ..sound_base() },
    );
    let mut inputs = sound(&definitions, &base);
    inputs.hold_out = Some(&hold_out);
    let severities: Vec<Severity> = warnings(&inputs).into_iter().map(|warning| warning.severity).collect();
    assert_eq!(severities, [Severity::Severe, Severity::Warning, Severity::Info]);
}

#[test]
fn a_warning_is_a_code_and_numbers_in_json() {
    let why = FitFailure::NoMeanSpend { q: 0.8 };
    let warning = Warning { severity: Severity::Severe, kind: WarningKind::SpendModelNotFitted { why } };
    let json = serde_json::to_string(&warning).unwrap();
    assert_eq!(
        json,
        r#"{"severity":"severe","code":"spend_model_not_fitted","why":{"code":"no_mean_spend","q":0.8}}"#
    );
    assert_eq!(serde_json::from_str::<Warning>(&json).unwrap(), warning);
}
