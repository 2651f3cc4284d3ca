//! What is found in a shop's data, and how it changes from run to run.

use std::fmt::Write as _;

use perennial_lake::CanonicalTable::Orders;
use perennial_lake::{Change, QualityCode};

use crate::shop::{TestShop, findings};

/// Twelve orders a day for a hundred days but those of `closed`.
fn busy(closed: std::ops::Range<u32>) -> String {
    let mut text = "order_id,customer_id,date,total\n".to_owned();
    for day in (0..100).filter(|day| !closed.contains(day)) {
        for number in 0..12 {
            let (month, day_of_month) = (1 + day / 28, 1 + day % 28);
            writeln!(text, "{day}-{number},c{number},2025-{month:02}-{day_of_month:02},5").unwrap();
        }
    }
    text
}

#[test]
fn days_without_orders_are_found_in_sources_with_and_without_numbers() {
    // The test's months have 28 days, so the last three days of January and March are missing too.
    let gaps =
        "gaps_in_time 9 of 106 [2025-01-29 to 2025-01-31 2025-02-13 to 2025-02-15 2025-03-29 to 2025-03-31]";
    let numbered = busy(40..43);
    let one = TestShop::new().with("shop", Orders, "shop.csv", &numbered);
    assert_eq!(findings(&one.read().sources[0]), [gaps]);
    let two = TestShop::new().with("shop", Orders, "shop.csv", &numbered).with(
        "till",
        Orders,
        "till.csv",
        "order_id,customer_id,date,total\nx,c1,2025-01-01,5\n",
    );
    let read = two.read();
    assert_eq!(findings(&read.sources[0]), [gaps]);
    assert_eq!(findings(&read.sources[1]), [""; 0]);
}

#[test]
fn what_was_found_is_compared_with_the_last_run() {
    let shop = |rows: &str| {
        TestShop::new()
            .with("shop", Orders, "shop.csv", &format!("order_id,customer_id,date,total\n{rows}"))
            .read()
            .sources
    };
    let before = shop("1,ann,2025-01-01,5\n1,ann,2025-01-01,5\n2,,2025-01-02,5\n3,bob,2025-01-03,5\n");
    let now = shop("1,ann,2025-01-01,5\n1,ann,2025-01-01,5\n1,ann,2025-01-01,5\n3,bob,2025-01-03,5\n");
    let trends = now[0].quality.compare(&before[0].quality);
    let found: Vec<_> =
        trends.iter().map(|trend| (trend.code, trend.subject.as_deref(), trend.change)).collect();
    assert_eq!(
        found,
        [
            (QualityCode::Duplicates, None, Change::Worse),
            (QualityCode::RefusedRows, Some("no_customer"), Change::Gone),
        ]
    );
    let counts =
        trends[0].before.zip(trends[0].now).map(|(before, now)| (before.count, now.count, now.share));
    assert_eq!(counts, Some((1, 2, 0.5)));
    assert!(now[0].quality.compare(&now[0].quality).iter().all(|trend| trend.change == Change::Same));
}
