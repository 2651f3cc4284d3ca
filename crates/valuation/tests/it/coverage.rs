//! How often the 80 % intervals held what happened.
//!
//! Counts are discrete and most customers make none, so an interval that holds at least 80 % holds more; the tests know the
//! figure that came out, so that a change of it is seen.

use perennial_models::ModelKind;
use perennial_valuation::Request;

use crate::data::{date, file, hold_out, online_retail, read, value};

#[test]
fn on_cdnow() {
    let (session, reading) = read(&[file("cdnow/cdnow_sample.csv.gz")]);
    let judged = hold_out(&session, &reading, ModelKind::BgNbd, "1997-09-30");
    let value = judged.value.expect("CDNOW has amounts");
    assert!((judged.order_coverage - 0.928).abs() < 0.005, "orders {}", judged.order_coverage);
    // 0.887 with Gamma-Gamma.
    assert_eq!(judged.spend_model.as_deref(), Some("log-normal"));
    assert!((value.coverage - 0.892).abs() < 0.005, "value {}", value.coverage);
}

#[test]
fn on_online_retail() {
    let Some((session, reading)) = online_retail() else { return };
    let judged = hold_out(&session, &reading, ModelKind::BgNbd, "2011-06-09");
    let value = judged.value.expect("Online Retail has amounts");
    assert!((judged.order_coverage - 0.938).abs() < 0.005, "orders {}", judged.order_coverage);
    assert!((value.coverage - 0.910).abs() < 0.005, "value {}", value.coverage);
}

/// The total of the hold-out, predicted as a valuation of the last calibration day would have done.
#[test]
fn the_interval_of_the_total_holds_cdnows_hold_out() {
    let (session, reading) = read(&[file("cdnow/cdnow_sample.csv.gz")]);
    let request = Request {
        as_of: Some(date("1997-09-30")),
        horizon_days: 273.0,
        discount: 0.0,
        ..Request::new(date("1997-10-01"))
    };
    let totals = value(&session, &reading, &request).totals;
    let orders = totals.predicted_number_of_orders.expect("orders are predicted");
    assert!((orders.lower..=orders.upper).contains(&1_882.0), "{orders:?}");
    let spend = totals.predicted_clv.expect("CDNOW has amounts");
    assert!((spend.lower..=spend.upper).contains(&70_976.39), "{spend:?}");
}
