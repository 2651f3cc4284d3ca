//! An order log means the same however it is cut into sources.

use std::fmt::Write as _;

use perennial_lake::CanonicalTable::Orders;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::data::{linked_refunds, purchases, refunds};
use crate::shop::TestShop;

/// The most sources that the log is cut into.
const SOURCES: usize = 4;
const HEADER: &str = "order_id,customer_id,date,total,refunded\n";

/// A row with the source that it falls to.
type Row = (String, usize);

fn date(day: u32) -> String {
    format!("2025-{:02}-{:02}", 1 + day / 28, 1 + day % 28)
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// What was paid back of an order: nothing, an amount that it tells itself, or credit notes with their sources.
#[derive(Clone, Debug)]
enum Back {
    Own(u32),
    Notes(Vec<(u32, u32, usize)>),
}

fn back() -> impl Strategy<Value = Back> {
    prop_oneof![
        3 => Just(Back::Own(0)),
        1 => (1..4_000_u32).prop_map(Back::Own),
        2 => vec((0..60_u32, 1..3_000_u32, 0..SOURCES), 1..4).prop_map(Back::Notes),
    ]
}

/// The rows of one order; `number` is nothing for orders without one.
fn order_rows(
    number: Option<usize>,
    customer: u32,
    day: u32,
    cents: u32,
    back: &Back,
    source: usize,
) -> Vec<Row> {
    let id = number.map(|number| format!("n{number}")).unwrap_or_default();
    let own = if let Back::Own(cents) = back { *cents } else { 0 };
    let order = format!("{id},c{customer},{},{},{}\n", date(day), money(cents), money(own));
    let mut rows = vec![(order, source)];
    if let Back::Notes(notes) = back {
        rows.extend(notes.iter().map(|(day, cents, source)| {
            (format!("{id},c{customer},{},-{},0.00\n", date(*day), money(*cents)), *source)
        }));
    }
    rows
}

fn log() -> impl Strategy<Value = Vec<Row>> {
    let order = (prop::bool::weighted(0.9), 0..6_u32, 0..60_u32, 0..5_000_u32, back(), 0..SOURCES);
    vec(order, 1..25).prop_map(|orders| {
        let rows = orders.into_iter().enumerate().flat_map(
            |(number, (numbered, customer, day, cents, back, source))| {
                order_rows(numbered.then_some(number), customer, day, cents, &back, source)
            },
        );
        // One order that counts, whatever becomes of the others.
        let sure = order_rows(Some(1_000), 9, 0, 100, &Back::Own(0), 0);
        rows.chain(sure).collect()
    })
}

fn tables(shop: &TestShop) -> [Vec<String>; 3] {
    shop.read();
    let mut tables = [purchases(&shop.session), refunds(&shop.session), linked_refunds(&shop.session)];
    tables[2].sort();
    tables
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_250_302),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_log_cut_into_sources_is_the_whole_log(log in log()) {
        let mut whole = HEADER.to_owned();
        let mut parts = vec![HEADER.to_owned(); SOURCES];
        for (row, source) in &log {
            write!(whole, "{row}").unwrap();
            write!(parts[*source], "{row}").unwrap();
        }
        let shop = TestShop::new().with("all", Orders, "all.csv", &whole);
        let expected = tables(&shop);
        let cut = parts.iter().enumerate().fold(TestShop::new(), |shop, (number, text)| {
            shop.with(&format!("part {number}"), Orders, &format!("{number}.csv"), text)
        });
        prop_assert_eq!(tables(&cut), expected);
    }
}
