//! Rows of mapped sources that cannot be used: each is counted, kept with its reason, and told in the quality report.

use std::fs;

use perennial_lake::CanonicalTable::{Costs, Orders, Refunds, Spend};

use crate::data::{counts, purchases, rows};
use crate::shop::{TestShop, findings};

const ORDERS: &str = "order_id,customer_id,placed_at,total\n1,ann,2025-03-01,50\n";
const ALL_SPEND: &str = "select day as date, channel, cents as amount from source";

/// A shop that keeps what it refuses.
fn shop() -> TestShop {
    let mut shop = TestShop::new().with("orders", Orders, "orders.csv", ORDERS);
    shop.settings.quarantine = Some(shop.folder.path().to_path_buf());
    shop
}

/// The refused rows of a source, without the file that they come from and with line ends shown as bars.
fn kept(shop: &TestShop, source: &str) -> Vec<String> {
    let path = shop.folder.path().join(format!("{source}.quarantine.csv"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    let line =
        |record: csv::StringRecord| record.iter().skip(1).collect::<Vec<_>>().join(" | ").replace('\n', "/");
    reader.records().map(|record| line(record.unwrap())).collect()
}

#[test]
fn a_broken_row_of_a_text_file_is_one_refused_row() {
    let text: &[u8] = b"day,channel,cents\n2025-03-01,search,100\n2025-03-02,post,200,more\n2025-03-03\n2025-03-04,caf\xe9,400\n\
        2025-03-05,\"two\nlines\",500,and,more\n2025-03-06,post,much\n2025-03-07,post,700,\n";
    // Texts are profiled before they are converted; what is typed is converted while the file is read.
    let typed = "select cast(day as date) as date, channel, try_cast(cents as double) as amount from source";
    for sql in [ALL_SPEND, typed] {
        let shop = shop().select("ads", Spend, "ads.csv", "", sql);
        fs::write(shop.folder.path().join("ads.csv"), text).unwrap();
        shop.session.check_source(&shop.sources[1], &shop.settings).unwrap();
        let read = shop.read();
        let ads = &read.sources[1];
        assert_eq!((ads.rows, ads.used), (7, 3), "{sql}");
        assert_eq!(counts(&ads.refused), ["broken_row 2", "bad_amount 1", "missing_value 1"], "{sql}");
        let mut kept = kept(&shop, "ads");
        kept.sort();
        // A broken row by its line in the file, any other by its place among the selected rows. What is missing at a row's end is
        // empty; what is empty beyond the header is nothing; what is no UTF-8 is read as Windows-1252.
        assert_eq!(kept[0], "2 | missing_value | channel is empty | 2025-03-03,,");
        assert_eq!(kept[1], "3 | broken_row | 4 fields where the header has 3 | 2025-03-02,post,200,more");
        assert!(kept[2].starts_with("4 | bad_amount | amount"), "{kept:#?}");
        assert_eq!(
            kept[3],
            "6 | broken_row | 5 fields where the header has 3 | 2025-03-05,\"two/lines\",500,and,more"
        );
        assert_eq!(
            findings(ads),
            [
                "refused_rows broken_row 2 of 7 [ads.csv:3 ads.csv:6]",
                "refused_rows bad_amount 1 of 7 [ads.csv:4]",
                "refused_rows missing_value 1 of 7 [ads.csv:2]",
            ]
        );
        assert_eq!(
            rows(&shop.session, "select channel from shop.spend order by date"),
            ["search", "café", "post"]
        );
    }
}

#[test]
fn a_line_that_is_no_object_is_one_refused_row() {
    let lines = "{\"day\": \"2025-03-01\", \"channel\": \"search\", \"cents\": 100}\n[1, 2]\n{\"day\": \"2025-03-02\", \"chan\n";
    let shop = shop().select("ads", Spend, "ads.jsonl", lines, ALL_SPEND);
    let read = shop.read();
    assert_eq!((read.sources[1].rows, read.sources[1].used), (3, 1));
    let kept = kept(&shop, "ads");
    assert!(
        kept[0].starts_with("2 | broken_row | not a JSON object") && kept[0].contains("[1, 2]"),
        "{kept:#?}"
    );
    assert!(kept[1].starts_with("3 | broken_row | not a JSON object"), "{kept:#?}");
}

#[test]
fn a_row_is_refused_once_however_often_a_select_reads_it() {
    let text = "day,channel,cents\n2025-03-01,search,100\n2025-03-02,post,200,more\n2025-03-03,post,300\n";
    let sql = "select a.day as date, a.channel, a.cents as amount from source as a join source as b on a.day = b.day";
    let shop = shop().select("ads", Spend, "ads.csv", text, sql);
    let read = shop.read();
    assert_eq!(counts(&read.sources[1].refused), ["broken_row 1"]);
    assert_eq!(kept(&shop, "ads").len(), 1);
    assert_eq!((read.sources[1].rows, read.sources[1].used), (3, 2));
}

#[test]
fn selected_orders_are_refused_like_order_files() {
    let text = "no,who,day,sum\n1,ann,2025-03-01,50\n2,bob,2025-03-02,60,x\n3,cat,2025-13-03,70\n4,,2025-03-04,80\n5,eve\n6,fay,2025-03-05,90\n";
    for sql in [
        "select no as order_id, who as customer_id, day as placed_at, sum as net from source",
        // Typed columns are read in batches.
        "select who as customer_id, try_cast(day as date) as placed_at, try_cast(sum as double) as net from source",
    ] {
        let mut shop = TestShop::new().select("till", Orders, "till.csv", text, sql);
        shop.settings.quarantine = Some(shop.folder.path().to_path_buf());
        let read = shop.read();
        let till = &read.sources[0];
        assert_eq!((till.rows, till.used), (6, 2), "{sql}");
        assert_eq!(till.refused.values().sum::<u64>(), 4, "{sql}");
        assert_eq!(till.refused.len(), if sql.contains("order_id") { 4 } else { 3 }, "{:?}", till.refused);
        assert_eq!(read.reading.quality.rows_refused(), 4);
        let kept = kept(&shop, "till");
        assert_eq!(kept.len(), 4, "{kept:#?}");
        assert_eq!(kept[0], "3 | broken_row | 5 fields where the header has 4 | 2,bob,2025-03-02,60,x");
        assert_eq!(purchases(&shop.session), ["ann 2025-03-01 5000 0", "fay 2025-03-05 9000 0"]);
    }
}

#[test]
fn a_cast_that_fails_says_what_to_select_instead() {
    let text = "day,channel,cents\n2025-03-01,search,100\n2025-03-02,post,much\n";
    let sql = "select day as date, channel, cast(cents as double) as amount from source";
    let error = shop().select("ads", Spend, "ads.csv", text, sql).try_read().unwrap_err().to_string();
    for part in ["source \"ads\"", "'much'", "without a cast", "try_cast(...) instead of cast(...)"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_file_that_ends_in_the_middle_is_still_an_error() {
    let text = "day,channel,cents\n2025-03-01,search,100\n2025-03-02,\"post,200\n2025-03-03,post,300\n";
    let error = shop().select("ads", Spend, "ads.csv", text, ALL_SPEND).try_read().unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("never closed"), "{error}");
}

#[test]
fn what_is_refused_when_sources_come_together_is_kept_too() {
    let shop = shop()
        .with(
            "refunds",
            Refunds,
            "refunds.csv",
            "refund_id,order_id,customer_id,refunded_at,amount\n\
             a,1,,2025-03-02,5\n\
             b,7,,2025-03-03,6.50\n\
             ,,,2025-03-04,8\n\
             c,8,bob,2025-03-05,\n\
             d,1,,soon,9\n\
             e,1,,2025-03-06,999999999999\n",
        )
        .with(
            "fees",
            Costs,
            "fees.csv",
            "order_id,kind,amount\n1,goods,2\n1,goods,600000000000\n1,fee,300000000000\n",
        );
    let read = shop.read();
    let refunds = &read.sources[1];
    assert_eq!(
        counts(&refunds.refused),
        ["no_customer 2", "bad_date 1", "bad_amount 1", "amount_too_large 1"]
    );
    assert_eq!((refunds.rows, refunds.used), (6, 1));
    let mut kept_refunds = kept(&shop, "refunds");
    kept_refunds.sort();
    assert_eq!(
        kept_refunds,
        [
            "2 | no_customer | the order is not known, and there is no customer | 7,,6.50",
            "3 | no_customer | the order is not known, and there is no customer | ,,8.00",
            "4 | bad_amount | the order is not known, and there is no amount | 8,bob,",
            "5 | bad_date | refunded_at: \"soon\" cannot be read as time | soon,d,1,,9",
            "6 | amount_too_large | the amount, with all that the source says of this order, has 10^13 units or more | 1,,999999999999.000000",
        ]
    );
    // Three rows of one order are added up; the first stands for all.
    let fees = &read.sources[2];
    assert_eq!(counts(&fees.refused), ["amount_too_large 3"]);
    assert_eq!((fees.rows, fees.used), (3, 0));
    assert_eq!(kept(&shop, "fees").len(), 1);
    assert!(kept(&shop, "fees")[0].starts_with("1 | amount_too_large"), "{:?}", kept(&shop, "fees"));
}

#[test]
fn a_column_that_holds_something_else_comes_with_what_to_write() {
    let text = "no,who,day,sum\n1,ann,2025-03-01,much\n2,bob,2025-03-02,more\n";
    let sql = "select no as order_id, who as customer_id, day as placed_at, sum as net from source";
    let error =
        TestShop::new().select("till", Orders, "till.csv", text, sql).try_read().unwrap_err().to_string();
    assert!(
        error.contains("\"net\"") && error.contains("select the column that holds them AS net"),
        "{error}"
    );
    assert!(!error.contains("--columns"), "{error}");
    let text = "order_id,customer_id,date,amount\n1,ann,2025-03-01,much\n2,bob,2025-03-02,more\n";
    let error = TestShop::new().with("till", Orders, "till.csv", text).try_read().unwrap_err().to_string();
    assert!(error.contains("in perennial.toml: columns = { amount = \"NAME\" } of the source"), "{error}");
}
