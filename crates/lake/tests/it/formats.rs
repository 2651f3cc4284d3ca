//! Samples of the known formats, with tables computed by hand.

use perennial_lake::{Format, Role, ZeroOrders};

use crate::data::{
    counts, linked_refunds, purchases, read, read_text, read_with, refunds, sample, session, try_read,
};

#[test]
fn shopify_totals_stand_once_per_order() {
    let (session, reading) = read(&[sample("shopify.csv")]);
    assert_eq!(reading.format, Format::Shopify);
    assert_eq!(reading.currency.as_deref(), Some("EUR"));
    // Order 1001 was placed on 2 March in UTC; with 1002 (40.00 - 15.00) it is one transaction of that day.
    assert_eq!(
        purchases(&session),
        [
            "'+49 30 123 2025-03-05 1250 0",
            "ann@example.com 2025-03-02 5000 1500",
            "bob@example.com 2025-03-07 0 0"
        ]
    );
    assert!(refunds(&session).is_empty());
    // Order 1008 was cancelled four days later; until then it was a purchase.
    assert_eq!(linked_refunds(&session), ["bob@example.com 2025-03-06 2025-03-10 1800"]);
    assert_eq!(
        counts(&reading.quality.refused),
        ["broken_row 1", "no_customer 2", "future_date 1", "not_paid 1"]
    );
    assert_eq!(
        counts(&reading.quality.treated),
        ["cancelled_order 2", "wholly_refunded_order 1", "linked_refund 1", "zero_amount 1"]
    );
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (13, 8));
}

#[test]
fn shopify_days_are_those_of_the_shop() {
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let (session, reading) = read_with(&[sample("shopify.csv")], |source| source.time_zone = Some(zone));
    assert_eq!(
        purchases(&session)[1..3],
        ["ann@example.com 2025-03-01 2500 0", "ann@example.com 2025-03-02 2500 1500"]
    );
    assert_eq!(reading.time_zone, "America/New_York");
}

#[test]
fn shopify_refused_rows_stand_in_the_quarantine_with_line_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("refused.csv");
    let (_, reading) = read_with(&[sample("shopify.csv")], |source| source.quarantine = Some(path.clone()));
    assert_eq!(reading.quality.quarantine.as_deref(), Some(path.as_path()));
    let mut quarantine = csv::Reader::from_path(&path).unwrap();
    let lines: Vec<String> = quarantine
        .records()
        .map(|record| {
            let record = record.unwrap();
            format!("{} {} {}", &record[1], &record[2], record[4].split(',').next().unwrap())
        })
        .collect();
    // The note of order 1001 runs over two lines, so line and row numbers differ by one more than the header.
    assert_eq!(
        lines,
        [
            "7 no_customer #1004",
            "8 no_customer #1004",
            "10 not_paid #1006",
            "14 future_date #1010",
            "15 broken_row #0999"
        ]
    );
}

#[test]
fn zero_orders_are_dropped_when_asked() {
    let (session, reading) =
        read_with(&[sample("shopify.csv")], |source| source.zero_orders = ZeroOrders::Drop);
    assert_eq!(purchases(&session).len(), 2);
    assert!(counts(&reading.quality.treated).contains(&"zero_dropped 1".to_owned()));
}

#[test]
fn stripe_of_the_older_generation() {
    let (session, reading) = read(&[sample("stripe_old.csv")]);
    assert_eq!(reading.format, Format::Stripe);
    assert_eq!(reading.currency.as_deref(), Some("USD"));
    assert_eq!(
        purchases(&session),
        ["cus_A 2019-05-01 100000 0", "cus_A 2019-05-02 1450 550", "guest@example.com 2019-05-06 725 0"]
    );
    assert_eq!(counts(&reading.quality.refused), ["no_customer 1", "payment_failed 1", "not_paid 1"]);
    assert_eq!(counts(&reading.quality.treated), ["wholly_refunded_order 1", "linked_refund 1"]);
}

#[test]
fn stripe_times_are_utc_whatever_the_shops_zone() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let (session, _) = read_with(&[sample("stripe_old.csv")], |source| source.time_zone = Some(zone));
    // 22:30 UTC is half past midnight in Berlin: both charges fall on 2 May.
    assert_eq!(purchases(&session)[0], "cus_A 2019-05-02 101450 550");
}

#[test]
fn stripe_of_the_newer_generation_with_two_currencies() {
    let files = [sample("stripe_new.csv")];
    let error = try_read(&session(), &files, |_| {}).unwrap_err().to_string();
    assert!(error.contains("EUR (1 rows), USD (1 rows)") && error.contains("Converted Amount"), "{error}");

    let (session, reading) = read_with(&files, |source| {
        source.currency = Some("USD".to_owned());
        source.rates.insert("EUR".to_owned(), 1.1);
    });
    assert_eq!(purchases(&session), ["cus_A 2024-05-13 1100 0", "cus_A 2024-05-14 2000 0"]);
    assert_eq!(counts(&reading.quality.treated), ["converted 1"]);

    let (session, _) = read_with(&files, |source| {
        source.columns =
            "amount=Converted Amount,refund=Converted Amount Refunded,currency=Converted Currency"
                .parse()
                .unwrap();
    });
    assert_eq!(purchases(&session), ["cus_A 2024-05-13 1080 0", "cus_A 2024-05-14 2000 0"]);
}

#[test]
fn woocommerce_guests_are_known_by_their_address_and_repeated_orders_replaced() {
    let (session, reading) = read(&[sample("woocommerce.csv")]);
    assert_eq!(reading.format, Format::WooCommerce);
    assert_eq!(reading.currency.as_deref(), Some("GBP"));
    // Order 101 comes twice with equal rows; order 102 comes again with another refund, which counts.
    assert_eq!(purchases(&session), ["7 2023-01-05 2300 0", "guest@example.com 2023-01-06 900 400"]);
    assert_eq!(counts(&reading.quality.refused), ["no_customer 1", "payment_failed 1", "not_paid 1"]);
    assert_eq!(
        counts(&reading.quality.treated),
        [
            "exact_duplicate 1",
            "replaced_order 1",
            "cancelled_order 1",
            "wholly_refunded_order 1",
            "linked_refund 1"
        ]
    );
    assert_eq!((reading.quality.rows_read, reading.quality.rows_used), (9, 4));
}

#[test]
fn online_retail_lines_are_summed_and_cancellations_are_refunds() {
    let (session, reading) = read(&[sample("online_retail_1.csv")]);
    assert_eq!((reading.format, reading.scale), (Format::OnlineRetail, 3));
    // 6 x 2.55 + 6 x 3.39 = 35.64; 2 x 6 x 1.85 = 22.20; 4 x 1.125 - 2 x 1.125 = 2.25.
    assert_eq!(
        purchases(&session),
        [
            "14527 2010-12-15 0 0",
            "14527 2010-12-16 2250 2250",
            "17850 2010-12-01 35640 0",
            "17850 2010-12-13 22200 0"
        ]
    );
    assert_eq!(refunds(&session), ["14527 2010-12-14 27500"]);
    assert_eq!(counts(&reading.quality.refused), ["no_customer 1"]);
    assert_eq!(
        counts(&reading.quality.treated),
        ["repeated_line 1", "linked_refund 1", "unlinked_refund 1", "zero_amount 1"]
    );
    let date = reading.columns.iter().find(|column| column.role == Role::Date).unwrap();
    assert!(date.how.contains("month/day/year"), "{}", date.how);
}

#[test]
fn online_retail_files_that_overlap_count_once() {
    // The second year in the second file's header and date form, with customers as floating point numbers.
    let (session, reading) = read(&[sample("online_retail_2.csv")]);
    assert_eq!(purchases(&session), ["17850 2010-12-13 2220 0", "17850 2010-12-21 185 0"]);
    assert_eq!(refunds(&session), ["17850 2010-12-20 1110"]);
    assert_eq!(reading.scale, 2);

    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str| {
        std::fs::copy(sample(from), folder.path().join(to)).unwrap();
        folder.path().join(to).to_string_lossy().into_owned()
    };
    let files = [copy("online_retail_2.csv", "first.csv"), copy("online_retail_2.csv", "second.csv")];
    let (session, reading) = read(&files);
    assert_eq!(purchases(&session), ["17850 2010-12-13 2220 0", "17850 2010-12-21 185 0"]);
    assert_eq!(
        counts(&reading.quality.treated),
        ["overlapping_file 5", "repeated_line 1", "unlinked_refund 1"]
    );
    assert_eq!(counts(&reading.quality.refused), ["no_customer 1"]);
}

#[test]
fn cdnow_as_published() {
    let (session, reading) = read(&[sample("cdnow_sample.txt")]);
    assert_eq!(reading.format, Format::Cdnow);
    assert_eq!(
        purchases(&session),
        ["0001 1997-01-01 2933 0", "0001 1997-01-18 2973 0", "0002 1997-01-01 6334 0"]
    );
    let customer = reading.columns.iter().find(|column| column.role == Role::Customer).unwrap();
    assert_eq!(customer.alternatives, ["column 1"]);

    let (session, _) = read(&[sample("cdnow_master.txt")]);
    assert_eq!(purchases(&session), ["00001 1997-01-01 1177 0", "00002 1997-01-12 8900 0"]);
}

#[test]
fn files_of_different_formats_are_not_mixed() {
    let error =
        try_read(&session(), &[sample("shopify.csv"), sample("woocommerce.csv")], |_| {}).unwrap_err();
    assert!(error.to_string().contains("one format at a time"), "{error}");
}

/// An order of 50 with 10 paid back at once stood at 40 until it was cancelled.
#[test]
fn an_order_cancelled_after_a_partial_refund_restores_only_the_rest() {
    let header = "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,\
        Lineitem quantity,Lineitem name,Lineitem price,Cancelled at,Refunded Amount\n";
    let order = "#1,a@example.com,partially_refunded,2025-03-01 10:00:00 +0000,,EUR,50.00,0.00,0.00,50.00,\
        2025-03-01 10:00:00 +0000,1,Mug,50.00,2025-03-09 10:00:00 +0000,10.00\n";
    let other = "#2,b@example.com,paid,2025-03-02 10:00:00 +0000,,EUR,5.00,0.00,0.00,5.00,2025-03-02 10:00:00 +0000,1,Mug,5.00,,0.00\n";
    let text = format!("{header}{order}{other}");
    let (session, _) = read_text("shopify.csv", text.as_bytes(), |_| ()).unwrap();
    assert_eq!(linked_refunds(&session), ["a@example.com 2025-03-01 2025-03-09 4000"]);
}
