//! What is wrong with a mapping is said before a row is read, all at once, each with the column and a fix.

use perennial_lake::CanonicalTable::{Orders, Refunds, Responses, Spend};
use perennial_lake::{ColumnOverrides, Mapping, Role};

use crate::shop::TestShop;

const ROWS: &str = "Order ID,buyer,when,total\n1,ann,2025-03-02,5\n";

fn orders(sql: &str) -> TestShop {
    TestShop::new().select("shop", Orders, "orders.csv", ROWS, sql)
}

#[test]
fn all_problems_of_a_source_are_told_at_once() {
    let message = orders(
        "select buyer as custmer_id, 1741000000 as placed_at, true as total, cast(1 as double) as refunded_amount from source",
    )
    .refusal();
    assert_eq!(
        message,
        "source \"shop\": its mapping onto \"orders\" has 4 problems:\n  \
         - `customer_id` is missing (text: the customer); add `NAME AS customer_id` to the select; the source has `Order ID`, \
         `buyer`, `when`, `total`\n  \
         - `orders` has no column `custmer_id` (did you mean `customer_id`?); its columns are customer_id, placed_at, order_id, net, \
         total, subtotal, discount, shipping, tax, currency, refunded_amount, cost, status, cancelled_at, paid_at, coupon, channel\n  \
         - `placed_at` is a whole number, and time is needed; write `to_timestamp(placed_at) AT TIME ZONE 'UTC' AS placed_at` for seconds since 1970, or \
         to_timestamp_millis or to_timestamp_micros\n  \
         - `total` is true or false, and money is needed; write `CASE WHEN total THEN 1 ELSE 0 END AS total`"
    );
}

#[test]
fn a_column_that_is_near_is_proposed() {
    let message = orders("select \"Order ID\" as order_id, buyer as customer_id from source").refusal();
    assert_eq!(
        message,
        "source \"shop\": `placed_at` is missing (time: when the order was placed); add `NAME AS placed_at` to the select; the source \
         has `Order ID`, `buyer`, `when`, `total`"
    );
    let message = TestShop::new()
        .select(
            "back",
            Refunds,
            "refunds.csv",
            "Refund Date,sum\n2025-01-01,5\n",
            "select sum as amount from source",
        )
        .refusal();
    assert!(message.contains("add `\"Refund Date\" AS refunded_at` to the select"), "{message}");
    let message =
        TestShop::new().with("ads", Spend, "ads.csv", "day,chanel,amount\n2025-01-01,a,5\n").refusal();
    assert_eq!(
        message,
        "source \"ads\": `channel` is missing (text: the channel); map the source with an SQL select such as \
         `SELECT chanel AS channel, ... FROM source`; the source has `day`, `chanel`, `amount`"
    );
}

#[test]
fn a_select_that_cannot_be_planned_says_why() {
    let message = orders("select buyr as customer_id from source").refusal();
    assert!(message.starts_with("source \"shop\": the select is not valid: "), "{message}");
    assert!(message.contains("buyr") && message.contains("buyer"), "{message}");
    for sql in ["drop table source", "select", "select 1; select 2", ""] {
        let message = orders(sql).refusal();
        assert!(message.contains("the select is not valid"), "{sql}: {message}");
    }
}

#[test]
fn types_without_one_meaning_come_with_a_fix() {
    let responses = |value: &str| {
        let sql = format!("select 'ann' as customer_id, now() as answered_at, {value} from source");
        TestShop::new().select("nps", Responses, "nps.csv", "a\n1\n", &sql).refusal()
    };
    let message = responses("true as score");
    assert!(
        message.contains("`score` is true or false, and number is needed; write `CASE WHEN score THEN"),
        "{message}"
    );
    let message = responses("date '2025-01-01' as score");
    assert!(
        message.contains("`score` is a date, and number is needed")
            && message.contains("`cast(x AS double)`"),
        "{message}"
    );
    let message = responses("struct(1, 2) as comment");
    assert!(message.contains("`comment` is a structure of several values, and text is needed"), "{message}");
}

#[test]
fn texts_that_are_something_else_are_told_when_they_are_read() {
    let shop = TestShop::new()
        .with("orders", Orders, "orders.csv", "customer,date,amount\nann,2025-01-01,1\n")
        .select(
            "ads",
            Spend,
            "ads.csv",
            "a,b\nsearch,2025-01-01\npost,2025-01-02\n",
            "select a as date, a as channel, '5' as amount from source",
        );
    let error = shop.try_read().unwrap_err().to_string();
    assert_eq!(
        error,
        "source \"ads\": `date` is text, and most of its values cannot be read as date; select the column that holds it"
    );
}

#[test]
fn roles_are_for_orders() {
    let mut shop = TestShop::new().with("ads", Spend, "ads.csv", "date,channel,amount\n2025-01-01,a,5\n");
    shop.sources[0].mapping = Mapping::Recognised(ColumnOverrides::default().with(Role::Amount, "amount"));
    assert!(
        shop.refusal().contains("columns can be chosen by their role for `orders` only"),
        "{}",
        shop.refusal()
    );
}

#[test]
fn a_check_shows_what_a_source_holds() {
    let shop = orders(
        "select \"Order ID\" as order_id, buyer as customer_id, \"when\" as placed_at, total -- all of it\nfrom source;",
    );
    let check = shop.session.check_source(&shop.sources[0], &shop.settings).unwrap();
    let row: Vec<String> =
        check.first_row.iter().map(|(column, value)| format!("{column}={value}")).collect();
    assert_eq!(row, ["order_id=1", "customer_id=ann", "placed_at=2025-03-02", "total=5"]);
    assert_eq!(check.columns[3], ("total".to_owned(), "text".to_owned()));

    let files =
        TestShop::new().with("shop", Orders, "orders.csv", "customer,date,amount\nann,2025-03-02,5\n");
    let check = files.session.check_source(&files.sources[0], &files.settings).unwrap();
    assert_eq!(check.first_row[0], ("customer".to_owned(), "ann".to_owned()));
    assert!(files.session.query("select * from purchases").is_err(), "a check reads nothing in");

    let nowhere = TestShop::new().with("shop", Orders, "orders.csv", "");
    std::fs::remove_file(nowhere.folder.path().join("orders.csv")).unwrap();
    assert!(nowhere.session.check_source(&nowhere.sources[0], &nowhere.settings).is_err());
}
