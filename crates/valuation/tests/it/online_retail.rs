//! Online Retail II, both years, from raw files to values.

use perennial_valuation::Request;

use crate::data::{date, file, only_cdnow, read, value};

#[test]
fn both_years_are_valued() {
    if only_cdnow() {
        println!("skipped: only CDNOW is here (PERENNIAL_DATA_ONLY)");
        return;
    }
    let (session, reading) = read(&[
        file("online_retail_ii/online_retail_2009_2010.csv.gz"),
        file("online_retail_ii/online_retail_2010_2011.csv.gz"),
    ]);
    let request = Request { margin: Some(0.35), ..Request::new(date("2011-12-10")) };
    let valuation = value(&session, &reading, &request);
    let total = valuation.totals.total_clv.expect("a value");
    assert!(total.lower < total.point && total.point < total.upper);
    assert!(valuation.models.is_some_and(|m| m.selection.by_hold_out && m.selection.candidates.len() == 3));
    let hold_out = valuation.hold_out.expect("two years can hold something out");
    assert!((hold_out.predicted_total / hold_out.actual_total - 1.0).abs() < 0.3);
}
