//! Sources of several kinds as one shop: the tables that they make together, computed by hand.

use std::collections::BTreeMap;

use perennial_lake::CanonicalTable::{Costs, Customers, OrderLines, Orders, Products, Refunds, Spend};
use perennial_lake::{DateOrder, Error, Format, Treatment, ZeroOrders};

use crate::data::{counts, linked_refunds, purchases, refunds, rows};
use crate::shop::{TestShop, findings};

const SHOPIFY: &str = "\
Name,Email,Financial Status,Currency,Total,Created at,Lineitem name,Refunded Amount
#1,ann@example.com,paid,EUR,50.00,2025-03-02 10:00:00 +0000,Cup,0
#2,bob@example.com,paid,EUR,20.00,2025-03-03 10:00:00 +0000,Cup,0
";

#[test]
fn shopify_parquet_and_mapped_json_lines_are_one_log() {
    let shop = TestShop::new()
        .with("shopify", Orders, "shopify.csv", SHOPIFY)
        .parquet(
            "till",
            Orders,
            "select column1 as order_id, column2 as customer_id, cast(column3 as timestamp) as ordered_at, \
                    cast(column4 as decimal(10, 3)) as total \
             from (values ('#2', 'bob@example.com', '2025-03-03T09:00:00', '99'), \
                          ('P1', 'ann@example.com', '2025-03-02T18:00:00', '5.125'))",
        )
        .select(
            "app",
            Orders,
            "app.jsonl",
            "{\"nr\":\"J1\",\"who\":\"ANN@example.com\",\"at\":\"2025-03-05T23:30:00-02:00\",\"sum\":\"7,50\",\"state\":\"paid\"}\n\
             {\"nr\":\"J2\",\"who\":\"cat@example.com\",\"at\":\"2025-03-05T08:00:00Z\",\"sum\":\"1,00\",\"state\":\"failed\"}\n\
             {\"nr\":\"J3\",\"who\":\"cat@example.com\",\"at\":\"soon\",\"sum\":\"1,00\",\"state\":\"paid\"}\n\
             {\"nr\":\"J1\",\"who\":\"ANN@example.com\",\"at\":\"2025-03-05T23:30:00-02:00\",\"sum\":\"7,50\",\"state\":\"paid\"}\n",
            "select nr as order_id, who as customer_id, at as placed_at, sum as net, state as status from source",
        );
    let read = shop.read();
    // Two orders of Ann's on 2 March are one transaction; #2 counts as Shopify has it; J1 falls on 6 March in UTC.
    assert_eq!(
        purchases(&shop.session),
        [
            "ann@example.com 2025-03-02 55125 0",
            "ann@example.com 2025-03-06 7500 0",
            "bob@example.com 2025-03-03 20000 0",
        ]
    );
    assert!(refunds(&shop.session).is_empty() && linked_refunds(&shop.session).is_empty());
    let reading = &read.reading;
    assert_eq!(
        (reading.format, reading.scale, reading.currency.as_deref()),
        (Format::Several, 3, Some("EUR"))
    );
    assert_eq!((reading.transactions, reading.customers, reading.files.len()), (3, 2, 3));
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (8, 5));
    assert_eq!(counts(&reading.quality.refused), ["bad_date 1", "payment_failed 1"]);
    assert_eq!(counts(&reading.quality.treated), ["exact_duplicate 1", "other_source 1"]);
    assert!(reading.columns.iter().any(|read| read.column == "app: net"), "{:?}", reading.columns);
    assert_eq!(findings(&read.sources[0]), [""; 0]);
    assert_eq!(findings(&read.sources[1]), ["duplicates_across_sources 1 of 2 [#2]"]);
    assert_eq!(
        findings(&read.sources[2]),
        [
            "duplicates 1 of 4 [J1]",
            "refused_rows bad_date 1 of 4 [app.jsonl:3]",
            "refused_rows payment_failed 1 of 4 [app.jsonl:2]"
        ]
    );
    assert_eq!((read.sources[2].rows, read.sources[2].used), (4, 1));
    assert!(read.tables.is_empty());
    // Nothing of how it was done is left.
    let left = rows(
        &shop.session,
        "select table_name from information_schema.tables where table_schema = 'public' order by table_name",
    );
    assert_eq!(left, ["linked_refunds", "purchases", "refunds"]);
}

#[test]
fn one_source_of_orders_is_read_as_ever() {
    let shop = TestShop::new().with("shopify", Orders, "shopify.csv", SHOPIFY);
    let read = shop.read();
    let mut source =
        crate::data::source(&[shop.folder.path().join("shopify.csv").to_string_lossy().into_owned()]);
    source.now = shop.settings.now;
    let tables = purchases(&shop.session);
    let alone = shop.session.read_orders(&source).unwrap();
    assert_eq!(tables, purchases(&shop.session));
    assert_eq!(serde_json::to_string(&read.reading).unwrap(), serde_json::to_string(&alone).unwrap());
}

#[test]
fn a_select_gives_types_or_text() {
    // As the operational store keeps orders: exact amounts as text, times as microseconds.
    let stored = TestShop::new().parquet(
        "store",
        Orders,
        "select 'o1' as order_id, 'ann' as who, 1740960000000000 as at, '12.50' as net, 'completed' as status, null as cancelled \
         union all select 'o2', 'bob', 1740960000000000, '1', 'cancelled', 1741132800000000",
    );
    let select = |sql: &str| {
        let mut shop = TestShop::new();
        shop.sources.clone_from(&stored.sources);
        shop.settings.time_zone = Some(jiff::tz::TimeZone::get("America/New_York").unwrap());
        shop.sources[0].mapping = perennial_lake::Mapping::Select(sql.to_owned());
        let read = shop.read();
        assert_eq!(read.reading.format, Format::Canonical);
        assert_eq!(read.reading.files[0].structure, "selected rows");
        (purchases(&shop.session), linked_refunds(&shop.session))
    };
    let (bought, back) = select(
        "select order_id, who as customer_id, to_timestamp_micros(at) at time zone 'UTC' as placed_at, net, status, \
                to_timestamp_micros(cancelled) at time zone 'UTC' as cancelled_at from source",
    );
    assert_eq!(bought, ["ann 2025-03-02 1250 0"]);
    assert_eq!(back, ["bob 2025-03-02 2025-03-04 100"]);
    // Typed and without numbers, rows never become text.
    let (bought, _) = select(
        "select who as customer_id, to_timestamp_micros(at) at time zone 'UTC' as placed_at, cast(net as decimal(12, 2)) as total \
         from source where status = 'completed'",
    );
    assert_eq!(bought, ["ann 2025-03-02 1250 0"]);
}

#[test]
fn orders_without_numbers_are_taken_as_they_are() {
    let log = "customer,date,amount\nann,2025-03-02,5\nann,2025-03-02,5\n";
    let shop = TestShop::new()
        .with("one", Orders, "one.csv", log)
        .with("two", Orders, "two.csv", log)
        .parquet("three", Orders, "select 7 as customer_id, date '2025-03-04' as date, 2.5 as amount");
    let read = shop.read();
    assert_eq!(purchases(&shop.session), ["7 2025-03-04 250 0", "ann 2025-03-02 2000 0"]);
    assert_eq!(read.reading.transactions, 2);
}

#[test]
fn refunds_lower_their_order_on_their_day_and_others_stand_alone() {
    let orders = "\
order_id,customer_id,date,total,refunded_amount,status
1,ann,2025-03-02,50,0,paid
2,bob,2025-03-03,20,20,refunded
3,cat,2025-03-04,30,12,partially_refunded
4,dan,2025-03-05,10,0,paid
5,eve,2025-03-06,40,0,paid
6,fay,2025-03-07,10,10,refunded
";
    let refund_rows = "\
refund_id,order_id,customer_id,refunded_at,amount
r1,1,,2025-03-10T12:00:00Z,5
r2,2,,2025-03-11,20
r3,3,,2025-03-12,10
r4,4,,2025-03-13,15
r5,5,,2025-03-14,
r6,99,gus,2025-03-15,3
r7,98,,2025-03-15,3
r1,1,,2025-03-10T12:00:00Z,5
r8,,hal,2025-03-16,\"1,50\"
r9,1,,soon,4
";
    let shop = TestShop::new().with("orders", Orders, "orders.csv", orders).with(
        "refunds",
        Refunds,
        "refunds.csv",
        &refund_rows.replace("\"1,50\"", "1.50"),
    );
    let read = shop.read();
    // Order 3: the refund of 10 is dated, and the 2 beyond it that the order speaks of were paid back at once.
    assert_eq!(purchases(&shop.session), ["ann 2025-03-02 4500 500", "cat 2025-03-04 1800 1200"]);
    // Order 2 is now known to have stood for eight days; order 6 keeps its own word; of order 5 all was paid back.
    assert_eq!(
        linked_refunds(&shop.session),
        [
            "ann 2025-03-02 2025-03-10 500",
            "bob 2025-03-03 2025-03-11 2000",
            "cat 2025-03-04 2025-03-12 1000",
            "dan 2025-03-05 2025-03-13 1000",
            "eve 2025-03-06 2025-03-14 4000",
        ]
    );
    // Dan was paid back 5 more than his order was worth; the refund of 99 has a customer, that of 98 has none.
    assert_eq!(refunds(&shop.session), ["dan 2025-03-13 500", "gus 2025-03-15 300", "hal 2025-03-16 150"]);
    assert_eq!(
        findings(&read.sources[1]),
        [
            "refused_rows no_customer 1 of 10 [refunds.csv:7]",
            "refused_rows bad_date 1 of 10 [refunds.csv:10]",
            "duplicates 1 of 10 [r1]",
            "unmatched_refunds 3 of 8 [hal 98 99]",
            "refunds_above_order 1 of 7 [4]",
        ]
    );
    assert_eq!(
        counts(&read.reading.quality.treated),
        ["wholly_refunded_order 4", "linked_refund 5", "unlinked_refund 2"]
    );
    assert_eq!(rows(&shop.session, "select count(*), sum(amount) from shop.refunds"), ["9 62.500000"]);
}

#[test]
fn credit_notes_of_one_source_lower_orders_of_another() {
    let shop = TestShop::new()
        .with("shop", Orders, "shop.csv", "order_id,customer_id,date,total\n1,ann,2025-03-02,50\n2,bob,2025-03-02,9\n")
        .with(
            "payments",
            Orders,
            "payments.csv",
            "order_id,customer_id,date,total\n1,ann,2025-03-05,-20\n2,bob,2025-03-02,9\n2,bob,2025-03-04,-9\n3,cat,2025-03-04,-1\n",
        );
    let read = shop.read();
    // The payments hold order 2 themselves: with their copy of the order their copy of its credit note is left out.
    assert_eq!(purchases(&shop.session), ["ann 2025-03-02 3000 2000", "bob 2025-03-02 900 0"]);
    assert_eq!(linked_refunds(&shop.session), ["ann 2025-03-02 2025-03-05 2000"]);
    assert_eq!(refunds(&shop.session), ["cat 2025-03-04 100"]);
    assert_eq!(findings(&read.sources[1]), ["duplicates_across_sources 1 of 1 [2]"]);
}

#[test]
fn costs_come_from_lines_products_and_rules() {
    let shop = TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total\n1,ann,2025-03-02,50\n2,bob,2025-03-03,20\n3,cat,2025-03-04,30\n4,dan,2025-03-05,0\n",
        )
        .with(
            "lines",
            OrderLines,
            "lines.csv",
            "order_id,product_id,quantity,cost\n1,a,2,\n1,b,1,3.50\n2,a,1,\n3,c,1,\n4,b,1,1\n77,a,1,\n",
        )
        .with("products", Products, "products.csv", "product_id,name,cost\na,Cup,4\nb,Pot,9\n")
        .with(
            "costs",
            Costs,
            "costs.csv",
            "kind,order_id,product_id,date,basis,amount,share\n\
             goods,,a,2025-03-03,,5,\n\
             shipping,,,,order,4.00,\n\
             fee,,,,paid_order,0.30,\n\
             fee,,,,total,,0.01\n\
             gift wrap,2,,,,1.25,\n\
             gift wrap,88,,,,1.25,\n",
        );
    let read = shop.read();
    assert!(read.reading.has_costs);
    // 1: 2 x 4 (the price of then) + 3.50 + 4 + 0.30 + 0.50; 2: 5 (the price since that day) + 1.25 + 4 + 0.30 + 0.20;
    // 3: a product without a cost; 4: a gift, without fees on its amount.
    assert_eq!(
        rows(&shop.session, "select customer, spend, cost from purchases order by customer"),
        ["ann 5000 1630", "bob 2000 1075", "cat 3000 0", "dan 0 500"]
    );
    assert_eq!(findings(&read.sources[0]), ["missing_costs 1 of 4 [3]"]);
    assert_eq!(findings(&read.sources[1]), ["orphans 1 of 6 [77]"]);
    assert_eq!(findings(&read.sources[3]), ["orphans 1 of 2 [88]"]);
    assert_eq!(read.tables, [OrderLines, Products, Costs]);
}

#[test]
fn a_cost_that_no_amount_can_hold_is_not_known() {
    let shop = TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total\n1,ann,2025-03-02,50\n2,bob,2025-03-03,20\n3,cat,2025-03-04,30\n",
        )
        .with(
            "lines",
            OrderLines,
            "lines.csv",
            "order_id,product_id,quantity\n1,a,1e15\n1,a,1\n2,a,1e300\n3,a,2.5\n",
        )
        .with("products", Products, "products.csv", "product_id,cost\na,400000\n");
    let read = shop.read();
    assert_eq!(
        rows(&shop.session, "select customer, cost from purchases order by customer"),
        ["ann 0", "bob 0", "cat 100000000"]
    );
    assert_eq!(findings(&read.sources[0]), ["missing_costs 2 of 3 [1 2]"]);
}

#[test]
fn a_day_that_holds_too_much_ends_a_reading_only_where_the_shop_wrote_it() {
    let orders = "order_id,customer_id,date,total\n1,ann,2025-03-02,90000000000.00\n2,ann,2025-03-02,90000000000.00\n\
                  3,ann,2025-03-03,5.00\n4,bob,2025-03-02,20.00\n";
    let refunds = "order_id,refunded_at,amount\n1,2025-04-01,10\n4,2025-04-02,1\n";
    let shop = || TestShop::new().with("web", Orders, "web.csv", orders);
    let error = shop().try_read().unwrap_err();
    assert!(matches!(error, Error::DayOverflow { .. }), "{error}");
    let anybody = shop().written_by_anybody().with("refunds", Refunds, "refunds.csv", refunds);
    let read = anybody.read();
    assert_eq!(purchases(&anybody.session), ["ann 2025-03-03 500 0", "bob 2025-03-02 1900 100"]);
    assert_eq!(linked_refunds(&anybody.session), ["bob 2025-03-02 2025-04-02 100"]);
    assert_eq!(findings(&read.sources[0]), ["refused_rows amount_too_large 2 of 4 [web.csv:1 web.csv:2]"]);
    assert_eq!((read.sources[0].used, read.sources[1].used), (2, 1));
    // The shop's own orders of that day stay, and so does what the shop has to mend.
    let with_own = |text: &str| shop().written_by_anybody().with("till", Orders, "till.csv", text);
    let own = with_own("order_id,customer_id,date,total\nt1,ann,2025-03-02,7\n");
    own.read();
    assert_eq!(
        purchases(&own.session),
        ["ann 2025-03-02 700 0", "ann 2025-03-03 500 0", "bob 2025-03-02 2000 0"]
    );
    let wrong =
        "order_id,customer_id,date,total\nt1,zoe,2025-03-02,90000000000\nt2,zoe,2025-03-02,90000000000\n";
    assert!(matches!(with_own(wrong).try_read().unwrap_err(), Error::DayOverflow { .. }));
}

#[test]
fn very_many_very_large_orders_of_anybody_are_refused_when_no_more_fit() {
    let orders = "select concat('L', value) as order_id, concat('c', value) as customer_id, \
                  timestamp '2025-03-02T10:00:00' as placed_at, cast(90000000000.25 as decimal(18, 2)) as total \
                  from generate_series(1, 300000)";
    let own = "order_id,customer_id,date,total\n1,ann,2025-03-02,50\n2,bob,2025-03-03,20\n";
    let shop = TestShop::new()
        .with("till", Orders, "till.csv", own)
        .parquet("web", Orders, orders)
        .written_by_anybody();
    let read = shop.read();
    assert_eq!(rows(&shop.session, "select count(*) from purchases where customer in ('ann', 'bob')"), ["2"]);
    let refused = read.sources[1].refused.values().sum::<u64>();
    assert!(refused > 1000 && read.sources[1].used + refused == 300_000, "{refused}");
}

#[test]
fn anybody_has_no_say_in_the_currency_and_in_what_the_shops_own_orders_cost() {
    let own = "order_id,customer_id,date,total,currency\n1,ann,2025-03-02,50,EUR\n";
    let web = "order_id,customer_id,date,total,currency\n2,bob,2025-03-02,10,XXQ\n3,cat,2025-03-02,20,EUR\n4,eve,2025-03-02,10,EUR\n";
    let lines = "order_id,product_id,quantity,currency\n1,P,9,EUR\n3,P,2,EUR\n4,P,1000000,EUR\n";
    let shop = TestShop::new()
        .with("own", Orders, "own.csv", own)
        .with("web", Orders, "web.csv", web)
        .written_by_anybody()
        .with("lines", OrderLines, "lines.csv", lines)
        .written_by_anybody()
        .with("products", Products, "products.csv", "product_id,cost\nP,4\n");
    let read = shop.read();
    assert_eq!(read.reading.currency.as_deref(), Some("EUR"));
    assert_eq!(
        rows(&shop.session, "select customer, spend, cost from purchases order by customer"),
        ["ann 5000 0", "cat 2000 800", "eve 1000 0"]
    );
    assert_eq!(read.sources[1].refused.values().sum::<u64>(), 1);
}

#[test]
fn a_rule_for_costs_that_says_too_little_is_refused() {
    let mut shop = TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total,cost\n1,ann,2025-03-02,50,20\n",
        )
        .with(
            "costs",
            Costs,
            "costs.csv",
            "kind,order_id,product_id,basis,amount,share\n\
             shipping,,,,4,\n\
             fee,,,Paid Order,0.30,\n\
             fee,,,TOTAL,,0.01\n\
             fee,,,turnover,1,\n\
             fee,,,total,2,\n\
             fee,,,,,0.02\n\
             fee,,,order,,\n\
             fee,,,paid_order,1,0.5\n\
             fee,,,total,1,0.5\n\
             wrap,1,,,,\n\
             goods,,P,,,\n",
        );
    shop.settings.quarantine = Some(shop.folder.path().to_path_buf());
    let read = shop.read();
    // 20 + 4 + 0.30 + 0.50
    assert_eq!(rows(&shop.session, "select cost from purchases"), ["2480"]);
    assert_eq!(counts(&read.sources[1].refused), ["bad_amount 4", "bad_value 4"]);
    assert_eq!((read.sources[1].rows, read.sources[1].used), (11, 3));
    let text = std::fs::read_to_string(shop.folder.path().join("costs.quarantine.csv")).unwrap();
    for part in [
        "bad_value,\"basis: \"\"turnover\"\" is none of order, paid_order, total\"",
        "bad_amount,share is empty; the basis total needs it",
        "bad_amount,amount is empty; the basis order needs it",
        "\"share is 0.5; it belongs to the basis total, and this is paid_order\"",
        "bad_amount,amount is empty",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

/// Orders of one piece of the product P, one before and one after March began.
fn one_piece_each() -> TestShop {
    TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total\n1,ann,2025-02-10,50\n2,bob,2025-03-10,50\n",
        )
        .with("lines", OrderLines, "lines.csv", "order_id,product_id,quantity\n1,P,1\n2,P,1\n")
}

fn costs_of(shop: &TestShop) -> Vec<String> {
    shop.read();
    rows(&shop.session, "select customer, cost from purchases order by customer")
}

#[test]
fn the_costs_of_a_product_add_up_over_their_kinds() {
    let kinds = |text: &str| one_piece_each().with("costs", Costs, "costs.csv", text);
    let both = "kind,product_id,amount\ngoods,P,10\npackaging,P,1\n";
    assert_eq!(costs_of(&kinds(both)), ["ann 1100", "bob 1100"]);
    let later =
        "kind,product_id,date,amount\nGoods,P,,10\npackaging,P,2025-03-01,1.5\ngoods,P,2025-03-05,12\n";
    assert_eq!(costs_of(&kinds(later)), ["ann 1000", "bob 1350"]);
    // Of two on one day the higher counts, whatever their order.
    for text in
        ["kind,product_id,amount\ngoods,P,9\ngoods,P,10\n", "kind,product_id,amount\ngoods,P,10\ngoods,P,9\n"]
    {
        assert_eq!(costs_of(&kinds(text)), ["ann 1000", "bob 1000"]);
    }
    // The table of products tells what the goods cost until the costs say otherwise.
    let products = "product_id,cost\nP,8\n";
    let shop = kinds("kind,product_id,date,amount\npackaging,P,,1\ngoods,P,2025-03-01,10\n").with(
        "products",
        Products,
        "products.csv",
        products,
    );
    assert_eq!(costs_of(&shop), ["ann 900", "bob 1100"]);
}

#[test]
fn the_first_source_that_knows_a_products_cost_counts() {
    let shop = one_piece_each()
        .with("erp", Products, "erp.csv", "product_id,cost\nP,\n")
        .with("pim", Products, "pim.csv", "product_id,cost\nP,8\n")
        .with("old", Products, "old.csv", "product_id,cost\nP,7\n");
    assert_eq!(costs_of(&shop), ["ann 800", "bob 800"]);
    let shop = shop.with("packing", Costs, "packing.csv", "kind,product_id,amount\npackaging,P,1\n").with(
        "goods",
        Costs,
        "goods.csv",
        "kind,product_id,date,amount\ngoods,P,2025-03-01,9\npackaging,P,2025-03-01,3\n",
    );
    assert_eq!(costs_of(&shop), ["ann 900", "bob 1000"]);
}

#[test]
fn a_cost_is_in_the_currency_of_the_row_that_tells_it() {
    let mut shop = TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total,currency\n1,ann,2025-03-02,50,EUR\n2,bob,2025-03-03,50,EUR\n3,cat,2025-03-04,50,EUR\n",
        )
        .with(
            "lines",
            OrderLines,
            "lines.csv",
            // The price's currency; a cost of its own without one; a cost of its own in pounds.
            "order_id,product_id,unit_price,cost,currency\n1,P,25,,EUR\n2,P,25,7,\n3,P,25,5,GBP\n",
        )
        .with("products", Products, "products.csv", "product_id,cost,currency\nP,10,USD\n");
    shop.settings.currency = Some("EUR".to_owned());
    shop.settings.rates = BTreeMap::from([("USD".to_owned(), 0.9), ("GBP".to_owned(), 1.2)]);
    assert_eq!(costs_of(&shop), ["ann 900", "bob 700", "cat 600"]);
    // Also where kinds are in different currencies.
    let shop = shop.with("costs", Costs, "costs.csv", "kind,product_id,amount,currency\npackaging,P,1,GBP\n");
    assert_eq!(costs_of(&shop), ["ann 1020", "bob 700", "cat 600"]);
}

#[test]
fn customers_are_found_by_what_a_source_calls_them() {
    let shop = TestShop::new()
        .with("shop", Orders, "shop.csv", "order_id,customer_id,date,total\n1,c1,2025-03-02,50\n2,c2,2025-03-02,8\n")
        .with(
            "till",
            Orders,
            "till.csv",
            "order_id,customer_id,date,total\n3,Ann@Example.com,2025-03-02,5\n4,new@example.com,2025-03-03,6\n",
        )
        .customers_are("email")
        .with("old", Orders, "old.csv", "customer,date,amount\nann@example.com,2024-01-01,1\n")
        .customers_are("email")
        .with("customers", Customers, "customers.csv", "email,customer_id\nann@example.com,ann@example.com\n")
        .customers_are("email")
        .with("ads", Spend, "ads.csv", "date,channel,amount\n2025-03-01,search,12.50\n");
    shop.session
        .materialise("identities", "select 'email' as kind, 'ann@example.com' as value, 'c1' as customer")
        .unwrap();
    let read = shop.read();
    assert_eq!(
        purchases(&shop.session),
        [
            "c1 2024-01-01 100 0",
            "c1 2025-03-02 5500 0",
            "c2 2025-03-02 800 0",
            "new@example.com 2025-03-03 600 0",
        ]
    );
    assert_eq!(
        rows(&shop.session, "select customer_id, email, phone is null from shop.customers"),
        ["c1 ann@example.com true"]
    );
    assert_eq!(findings(&read.sources[3]), ["unknown_customers 2 of 3 [c2 new@example.com]"]);
    assert_eq!(
        rows(&shop.session, "select date, channel, amount, clicks is null from shop.spend"),
        ["2025-03-01 search 12.500000 true"]
    );
}

#[test]
fn telephone_numbers_and_addresses_are_compared_as_the_store_writes_them() {
    let shop = TestShop::new()
        .with(
            "till",
            Orders,
            "till.csv",
            "order_id,customer_id,date,total\n1,+49 (151) 23-45,2025-03-02,5\n2,+49 40/99.99,2025-03-03,6\n3,+49 40 9999,2025-03-03,1\n",
        )
        .customers_are("phone")
        .with("log", Orders, "log.csv", "customer,date,amount\n+4915 1 2345,2024-01-01,1\n")
        .customers_are("phone")
        .parquet(
            "app",
            Orders,
            "select 'Ann@Example.com' as customer_id, date '2025-03-04' as date, 2.5 as amount",
        )
        .customers_are("email")
        .with("refunds", Refunds, "r.csv", "customer_id,refunded_at,amount\n+49 151 2345,2025-03-09,1\n")
        .customers_are("phone");
    shop.session
        .materialise(
            "identities",
            "select column1 as kind, column2 as value, 'c1' as customer \
             from (values ('phone', '+491512345'), ('email', 'ann@example.com'))",
        )
        .unwrap();
    shop.read();
    assert_eq!(
        purchases(&shop.session),
        ["+49409999 2025-03-03 700 0", "c1 2024-01-01 100 0", "c1 2025-03-02 500 0", "c1 2025-03-04 250 0",]
    );
    assert_eq!(refunds(&shop.session), ["c1 2025-03-09 100"]);
}

/// An American shop: the orders tell that the month comes first, the refunds leave it open.
fn american(refund_rows: &str) -> TestShop {
    TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total\n1,ann,02/13/2025,50\n2,bob,02/03/2025,20\n",
        )
        .with("refunds", Refunds, "refunds.csv", &format!("order_id,refunded_at,amount\n{refund_rows}"))
}

#[test]
fn dates_that_leave_their_order_open_are_read_as_those_of_the_orders_and_told() {
    let shop = american("1,03/04/2025,10\n2,03/05/2025,1\n");
    let read = shop.read();
    assert_eq!(
        linked_refunds(&shop.session),
        ["ann 2025-02-13 2025-03-04 1000", "bob 2025-02-03 2025-03-05 100"]
    );
    assert_eq!(
        findings(&read.sources[1]),
        ["assumed_date_order refunded_at 2 of 2 [03/04/2025 as month/day/year]"]
    );
    // A source may say it, and its own dates may.
    let mut asked = american("1,03/04/2025,10\n");
    asked.sources[1].date_order = Some(DateOrder::DayFirst);
    let read = asked.read();
    assert_eq!(linked_refunds(&asked.session), ["ann 2025-02-13 2025-04-03 1000"]);
    assert_eq!(findings(&read.sources[1]), [""; 0]);
    let telling = american("1,03/04/2025,10\n2,31/03/2025,1\n");
    let read = telling.read();
    assert_eq!(
        linked_refunds(&telling.session),
        ["ann 2025-02-13 2025-04-03 1000", "bob 2025-02-03 2025-03-31 100"]
    );
    assert_eq!(findings(&read.sources[1]), [""; 0]);
    // Orders that leave it open are told too, and a select's dates can be asked for.
    let mut open = TestShop::new().select(
        "orders",
        Orders,
        "orders.csv",
        "who,at,sum\nann,03/04/2025,5\n",
        "select who as customer_id, at as placed_at, sum as net from source",
    );
    let read = open.read();
    assert_eq!(purchases(&open.session), ["ann 2025-04-03 500 0"]);
    assert_eq!(
        findings(&read.sources[0]),
        ["assumed_date_order placed_at 1 of 1 [03/04/2025 as day/month/year]"]
    );
    open.sources[0].date_order = Some(DateOrder::MonthFirst);
    open.read();
    assert_eq!(purchases(&open.session), ["ann 2025-03-04 500 0"]);
}

#[test]
fn dates_of_a_mapped_table_in_two_orders_are_not_guessed() {
    let day_first = (13..=20).map(|day| format!("1,{day}/03/2025,1\n"));
    let month_first = (13..=20).map(|day| format!("2,03/{day}/2025,1\n"));
    let rows: String = day_first.chain(month_first).collect();
    let mut shop = american(&rows);
    let error = shop.try_read().unwrap_err().to_string();
    assert!(
        error.starts_with("source \"refunds\": the date column \"refunded_at\" mixes two orders: 8 dates"),
        "{error}"
    );
    assert!(error.contains("date_order=day_first"), "{error}");
    shop.sources[1].date_order = Some(DateOrder::MonthFirst);
    assert_eq!(counts(&shop.read().sources[1].refused), ["bad_date 8"]);
}

#[test]
fn currencies_meet_in_one_and_never_silently() {
    let shop = || {
        TestShop::new()
            .with("uk", Orders, "uk.csv", "order_id,customer_id,date,total,currency\n1,ann,2025-03-02,50,GBP\n2,bob,2025-03-02,10,GBP\n")
            .with("de", Orders, "de.csv", "order_id,customer_id,date,total,currency\n3,cat,2025-03-02,20,EUR\n4,dan,2025-03-02,1,GBP\n")
            .with("refunds", Refunds, "r.csv", "order_id,refunded_at,amount,currency\n1,2025-03-09,10,USD\n2,2025-03-09,1,\n")
    };
    let mut converted = shop();
    converted.settings.currency = Some("GBP".to_owned());
    converted.settings.rates = BTreeMap::from([("EUR".to_owned(), 0.85), ("USD".to_owned(), 0.8)]);
    let read = converted.read();
    assert_eq!(
        purchases(&converted.session),
        [
            "ann 2025-03-02 4200 800",
            "bob 2025-03-02 900 100",
            "cat 2025-03-02 1700 0",
            "dan 2025-03-02 100 0"
        ]
    );
    assert_eq!(findings(&read.sources[0]), [""; 0]);
    assert_eq!(findings(&read.sources[1]), ["currency_mix EUR 1 of 2 [3]", "currency_mix GBP 1 of 2 [4]"]);

    // A source that mixes currencies is named; sources that differ are told together.
    let error = shop().try_read().unwrap_err().to_string();
    assert!(error.contains("source \"de\": ") && error.contains("EUR (1 rows), GBP (1 rows)"), "{error}");
    let two = TestShop::new()
        .with("uk", Orders, "uk.csv", "customer,date,amount,currency\nann,2025-03-02,5,GBP\n")
        .with("de", Orders, "de.csv", "customer,date,amount,currency\nann,2025-03-02,5,EUR\n");
    let error = two.try_read().unwrap_err();
    assert!(matches!(error, Error::MixedCurrencies { .. }), "{error}");
    // A refund in a currency without a rate is no small thing either.
    let mut no_rate = shop();
    no_rate.settings.currency = Some("GBP".to_owned());
    no_rate.settings.rates = BTreeMap::from([("EUR".to_owned(), 0.85)]);
    assert!(no_rate.try_read().unwrap_err().to_string().contains("USD"));
}

#[test]
fn business_days_and_gifts_are_the_shops() {
    let mut shop = TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "order_id,customer_id,date,total\n1,ann,2025-03-02T23:30:00Z,50\n2,ann,2025-03-04,0\n",
        )
        .with(
            "refunds",
            Refunds,
            "refunds.csv",
            "order_id,refunded_at,amount\n1,2025-03-03T22:59:00Z,10\n1,2025-03-03T23:01:00Z,5\n",
        );
    shop.settings.time_zone = Some(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
    shop.settings.zero_orders = ZeroOrders::Drop;
    let read = shop.read();
    // In Berlin the order fell on 3 March, the first refund on the same day and the second on the next.
    assert_eq!(purchases(&shop.session), ["ann 2025-03-03 3500 1500"]);
    assert_eq!(linked_refunds(&shop.session), ["ann 2025-03-03 2025-03-04 500"]);
    assert_eq!(read.reading.quality.treated.get(&Treatment::ZeroDropped), Some(&1));
    assert_eq!(read.reading.time_zone, "Europe/Berlin");
}

#[test]
fn refused_rows_stand_in_a_file_of_each_source() {
    let mut shop = TestShop::new()
        .with(
            "orders",
            Orders,
            "orders.csv",
            "customer,date,amount\nann,2025-03-02,5\nbob,2025-13-02,5\ncat,2025-03-02,5\n",
        )
        .with(
            "ads",
            Spend,
            "ads.csv",
            "date,channel,amount\n2025-03-01,search,12.50\n2025-03-02,,1\n2025-03-03,post,much\n",
        );
    shop.settings.quarantine = Some(shop.folder.path().to_path_buf());
    let read = shop.read();
    let text = |name: &str| std::fs::read_to_string(shop.folder.path().join(name)).unwrap();
    assert!(text("orders.quarantine.csv").contains("bad_date"), "{}", text("orders.quarantine.csv"));
    let ads = text("ads.quarantine.csv");
    assert!(ads.contains("missing_value,channel is empty") && ads.contains("bad_amount"), "{ads}");
    assert!(ads.contains("much"), "{ads}");
    assert_eq!((read.sources[1].rows, read.sources[1].used), (3, 1));
    assert_eq!(counts(&read.sources[1].refused), ["bad_amount 1", "missing_value 1"]);
}

#[test]
fn a_list_of_sources_has_orders_and_names_of_their_own() {
    let ads = "date,channel,amount\n2025-03-01,search,12.50\n";
    let error = TestShop::new().with("ads", Spend, "ads.csv", ads).try_read().unwrap_err().to_string();
    assert!(error.contains("no source has the table \"orders\""), "{error}");
    let twice = TestShop::new().with("x", Orders, "a.csv", SHOPIFY).with("x", Orders, "b.csv", SHOPIFY);
    assert!(twice.try_read().unwrap_err().to_string().contains("two sources are named \"x\""));
    let missing = TestShop::new().with("x", Orders, "a.csv", SHOPIFY).with("y", Orders, "b.csv", "");
    std::fs::remove_file(missing.folder.path().join("b.csv")).unwrap();
    let error = missing.try_read().unwrap_err().to_string();
    assert!(error.starts_with("source \"y\": ") && error.contains("b.csv"), "{error}");
}
