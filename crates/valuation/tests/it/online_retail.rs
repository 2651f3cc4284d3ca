//! Online Retail II, both years, from raw files to values.

use perennial_models::ModelKind;
use perennial_valuation::Request;

use crate::data::{date, online_retail, value};

#[test]
fn both_years_are_valued() {
    let Some((session, reading)) = online_retail() else { return };
    let request = Request { margin: Some(0.35), ..Request::new(date("2011-12-10")) };
    let valuation = value(&session, &reading, &request);
    let total = valuation.totals.total_clv.expect("a value");
    assert!(total.lower < total.point && total.point < total.upper);
    assert!(valuation.models.is_some_and(
        |m| m.selection.by_hold_out && m.selection.candidates.len() == ModelKind::CANDIDATES.len()
    ));
    let hold_out = valuation.hold_out.expect("two years can hold something out");
    assert!((hold_out.predicted_total / hold_out.actual_total - 1.0).abs() < 0.3);
}
