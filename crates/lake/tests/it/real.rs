//! Real data from raw file to canonical tables. The expected figures were computed apart from this crate, by a script of
//! forty lines over Python's csv, gzip and decimal modules that follows the rules of the book's page on formats.

use perennial_lake::{Format, Role};

use crate::data::{counts, only_cdnow, read, real, rows};

#[test]
fn cdnow_sample() {
    let (session, reading) = read(&[real("cdnow/cdnow_sample.csv.gz")]);
    assert_eq!(reading.format, Format::Cdnow);
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (6_919, 6_919));
    assert_eq!((reading.customers, reading.transactions, reading.scale), (2_357, 6_696, 2));
    assert_eq!(counts(&reading.quality.treated), ["equal_rows 21", "zero_amount 8"]);
    assert!(reading.quality.refused.is_empty());
    assert_eq!(rows(&session, "select sum(spend) from purchases"), ["24409194"]);
    assert_eq!(
        (reading.first_day.to_string(), reading.last_day.to_string()),
        ("1997-01-01".into(), "1998-06-30".into())
    );
    let customer = reading.columns.iter().find(|column| column.role == Role::Customer).unwrap();
    assert_eq!(
        (customer.column.as_str(), customer.alternatives.as_slice()),
        ("customer_id", &["master_customer_id".to_owned()][..])
    );
}

#[test]
fn cdnow_master() {
    let (session, reading) = read(&[real("cdnow/cdnow_master.csv.gz")]);
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (69_659, 69_659));
    assert_eq!((reading.customers, reading.transactions), (23_570, 67_591));
    assert_eq!(counts(&reading.quality.treated), ["equal_rows 255", "zero_amount 80"]);
    assert_eq!(rows(&session, "select sum(spend) from purchases"), ["250031563"]);
}

#[test]
fn online_retail_both_years_without_their_overlap() {
    if only_cdnow() {
        return;
    }
    let files = [
        "online_retail_ii/online_retail_2009_2010.csv.gz",
        "online_retail_ii/online_retail_2010_2011.csv.gz",
    ];
    let (session, reading) = read(&files.map(real));
    assert_eq!((reading.format, reading.scale), (Format::OnlineRetail, 3));
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (1_067_370, 809_560));
    assert_eq!(counts(&reading.quality.refused), ["no_customer 235287"]);
    let treated = counts(&reading.quality.treated);
    for expected in ["overlapping_file 22523", "unlinked_refund 7901", "zero_amount 6"] {
        assert!(treated.contains(&expected.to_owned()), "{expected}: {treated:?}");
    }
    assert_eq!((reading.customers, reading.transactions), (5_881, 33_112));
    assert_eq!(rows(&session, "select sum(spend) from purchases"), ["17431533178"]);
    assert_eq!(rows(&session, "select count(*), sum(amount) from refunds"), ["7512 1087882140"]);
}

#[test]
fn online_retail_each_year() {
    if only_cdnow() {
        return;
    }
    let (session, reading) = read(&[real("online_retail_ii/online_retail_2009_2010.csv.gz")]);
    assert_eq!((reading.customers, reading.transactions), (4_314, 17_001));
    assert_eq!(counts(&reading.quality.refused), ["no_customer 107927"]);
    assert_eq!(rows(&session, "select sum(spend) from purchases"), ["8832003274"]);
    assert_eq!(rows(&session, "select count(*), sum(amount) from refunds"), ["4145 483794700"]);

    let (session, reading) = read(&[real("online_retail_ii/online_retail_2010_2011.csv.gz")]);
    assert_eq!((reading.customers, reading.transactions), (4_339, 16_766));
    assert_eq!(counts(&reading.quality.refused), ["no_customer 135080"]);
    assert_eq!(rows(&session, "select sum(spend) from purchases"), ["8911407904"]);
    assert_eq!(rows(&session, "select count(*), sum(amount) from refunds"), ["3489 611342090"]);
}
