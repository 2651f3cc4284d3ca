//! Plain tables: columns by their names, readings by the column as a whole, dirt by its stated treatment.

use std::fmt::Write as _;

use perennial_lake::{Format, Role};

use crate::data::{
    counts, linked_refunds, purchases, read, read_text, read_with, refunds, rows, sample, session, source,
    try_read,
};

fn how(reading: &perennial_lake::Reading, role: Role) -> String {
    reading
        .columns
        .iter()
        .find(|column| column.role == role)
        .map(|column| column.how.clone())
        .unwrap_or_default()
}

#[test]
fn every_kind_of_dirt_has_its_treatment() {
    let (session, reading) = read(&[sample("dirty.csv")]);
    assert_eq!(reading.format, Format::Plain);
    assert_eq!(
        purchases(&session),
        [
            "c1 2024-01-05 1000 0",
            // Order 2 came again with 12.00, which replaced the 10.00.
            "c1 2024-01-06 1200 0",
            "c2 2024-01-10 0 0",
            "c2 2024-01-11 1200 800",
            // A row without an order number, and c4's own order 2.
            "c4 2024-01-17 600 0",
            "c4 2024-01-18 700 0",
        ]
    );
    // Order 14 has no sale; order 15 was refunded 1.50 more than it was worth.
    assert_eq!(refunds(&session), ["c3 2024-01-13 400", "c3 2024-01-16 150"]);
    assert_eq!(
        linked_refunds(&session),
        ["c2 2024-01-11 2024-01-15 800", "c3 2024-01-12 2024-01-20 3000", "c3 2024-01-14 2024-01-16 900"]
    );
    assert_eq!(
        counts(&reading.quality.refused),
        [
            "broken_row 1",
            "no_customer 1",
            "no_date 1",
            "bad_date 1",
            "future_date 1",
            "bad_amount 2",
            "amount_too_large 1"
        ]
    );
    assert_eq!(
        counts(&reading.quality.treated),
        [
            "exact_duplicate 1",
            "replaced_order 1",
            "wholly_refunded_order 2",
            "linked_refund 3",
            "unlinked_refund 1",
            "zero_amount 1",
            "blank_row 1"
        ]
    );
    let quality = &reading.quality;
    assert_eq!(quality.rows_read, quality.rows_used + quality.rows_refused() + quality.rows_dropped());
    assert_eq!((quality.rows_read, quality.rows_used), (23, 12));
}

#[test]
fn a_day_before_a_refund_is_found_again_with_the_linked_refunds() {
    let (session, _) = read(&[sample("dirty.csv")]);
    let as_of = "with known as (
            select customer, day, spend from purchases
            union all
            select customer, order_day as day, amount as spend from linked_refunds where day > date '2024-01-14'
        )
        select customer, day, sum(spend) from known where customer <> 'c1' and day <= date '2024-01-14'
        group by customer, day order by customer, day";
    assert_eq!(
        rows(&session, as_of),
        ["c2 2024-01-10 0", "c2 2024-01-11 2000", "c3 2024-01-12 3000", "c3 2024-01-14 900"]
    );
}

#[test]
fn german_names_commas_and_windows_1252() {
    let (session, reading) = read(&[sample("german.csv")]);
    assert_eq!(reading.currency.as_deref(), Some("EUR"));
    assert_eq!(
        purchases(&session),
        ["10 2024-02-01 123450 0", "10 2024-02-13 750 0", "11 2024-02-14 500 300"]
    );
    assert_eq!(refunds(&session), ["Müller 2024-02-16 200"]);
    assert!(reading.files[0].structure.contains("Windows-1252"), "{}", reading.files[0].structure);
    assert!(reading.files[0].structure.contains("semicolons"), "{}", reading.files[0].structure);
    assert!(how(&reading, Role::Amount).contains("decimal comma"), "{}", how(&reading, Role::Amount));
    assert!(how(&reading, Role::Date).contains("day/month/year"), "{}", how(&reading, Role::Date));
}

#[test]
fn what_a_column_cannot_tell_is_assumed_and_said() {
    let text = b"customer,date,amount\na,01/02/2024,\"1,000\"\n";
    let (session, reading) = read_text("t.csv", text, |_| {}).unwrap();
    assert_eq!(purchases(&session), ["a 2024-02-01 100000 0"]);
    assert!(how(&reading, Role::Date).contains("date_order=month_first"));
    assert!(how(&reading, Role::Amount).contains("decimal=comma"));
    let (session, _) = read_text("t.csv", text, |source| {
        source.columns = "date_order=month_first,decimal=comma".parse().unwrap();
    })
    .unwrap();
    assert_eq!(purchases(&session), ["a 2024-01-02 100 0"]);
}

#[test]
fn json_lines_with_nested_customers_and_offsets() {
    let (session, reading) = read(&[sample("events.jsonl")]);
    assert_eq!(purchases(&session), ["c1 2024-01-05 1450 0", "c2 2024-01-07 800 199"]);
    assert_eq!(counts(&reading.quality.refused), ["broken_row 1", "no_customer 1"]);
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let (session, _) = read_with(&[sample("events.jsonl")], |source| source.time_zone = Some(zone));
    assert_eq!(purchases(&session)[0], "c1 2024-01-06 1450 0");
}

#[test]
fn lines_are_summed_with_their_exact_price() {
    let (session, reading) = read(&[sample("lines.csv")]);
    assert_eq!(reading.scale, 3);
    // 1704412800 is 2024-01-05T00:00Z: 2 x 1.50 + 0.333.
    assert_eq!(purchases(&session), ["c1 2024-01-05 3333 0", "c1 2024-01-06 1500 0"]);
    assert!(how(&reading, Role::Price).contains("quantity x price"), "{}", how(&reading, Role::Price));
    assert!(how(&reading, Role::Date).contains("seconds since 1970"), "{}", how(&reading, Role::Date));
}

#[test]
fn rows_without_order_numbers_may_be_equal() {
    let text = b"customer,date,amount\na,2024-01-01,5\na,2024-01-01,5\na,2024-01-01,-2\n";
    let (session, reading) = read_text("t.csv", text, |_| {}).unwrap();
    assert_eq!(purchases(&session), ["a 2024-01-01 1000 0"]);
    assert_eq!(refunds(&session), ["a 2024-01-01 200"]);
    assert_eq!(counts(&reading.quality.treated), ["equal_rows 1", "unlinked_refund 1"]);
}

#[test]
fn a_table_without_amounts_has_purchases_only() {
    let (session, reading) =
        read_text("t.tsv", b"Kunde\tDatum\nA\t1. M\xc3\xa4rz 2024\nA\t02.03.24\n", |_| {}).unwrap();
    assert!(!reading.has_amounts);
    assert_eq!(purchases(&session), ["A 2024-03-01 0 0", "A 2024-03-02 0 0"]);
    assert!(reading.quality.treated.is_empty());
}

#[test]
fn costs_are_summed_where_there_are_some() {
    let (session, reading) =
        read_text("t.csv", b"customer,date,amount,cost\na,2024-01-01,5,2.5\n", |_| {}).unwrap();
    assert!(reading.has_costs);
    assert_eq!(rows(&session, "select spend, cost from purchases"), ["500 250"]);
}

#[test]
fn columns_can_be_chosen_and_misspelt_ones_are_explained() {
    let text = b"master_customer_id,customer_id,order_date,ship_date,amount\n7,1,2024-01-01,2024-01-02,5\n";
    let (session, reading) = read_text("t.csv", text, |_| {}).unwrap();
    assert_eq!(purchases(&session), ["1 2024-01-01 500 0"]);
    assert_eq!(reading.columns[0].alternatives, ["master_customer_id"]);
    let (session, reading) = read_text("t.csv", text, |source| {
        source.columns = "customer=Master Customer ID,date=ship_date".parse().unwrap();
    })
    .unwrap();
    assert_eq!(purchases(&session), ["7 2024-01-02 500 0"]);
    assert_eq!(reading.columns[0].alternatives, ["customer_id"]);
    let error =
        read_text("t.csv", text, |source| source.columns = "amount=amuont".parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains("did you mean \"amount\"?"), "{error}");
    let error = read_text("t.csv", b"colour,size\nred,3\n", |_| {}).unwrap_err().to_string();
    assert!(error.contains("--columns customer=NAME") && error.contains("\"colour\", \"size\""), "{error}");
    let error = read_text("t.csv", b"customer,date\n1,abc\n2,def\n", |_| {}).unwrap_err().to_string();
    assert!(error.contains("holds no dates"), "{error}");
}

#[test]
fn mixed_currencies_say_what_to_do() {
    let text =
        b"customer,date,amount,currency\na,2024-01-01,10,GBP\na,2024-01-02,10,eur\nb,2024-01-02,10,GBP\n";
    let error = read_text("t.csv", text, |_| {}).unwrap_err().to_string();
    assert!(error.contains("--currency GBP --rate EUR=RATE"), "{error}");
    let (session, reading) = read_text("t.csv", text, |source| {
        source.currency = Some("GBP".to_owned());
        source.rates.insert("EUR".to_owned(), 0.86);
    })
    .unwrap();
    assert_eq!(purchases(&session), ["a 2024-01-01 1000 0", "a 2024-01-02 860 0", "b 2024-01-02 1000 0"]);
    assert_eq!(reading.currency.as_deref(), Some("GBP"));
    let cells = "customer,date,amount\na,2024-01-01,€10\na,2024-01-02,£5\n".as_bytes();
    assert!(read_text("t.csv", cells, |_| {}).is_err());
}

#[test]
fn compressed_files_and_folders_are_read() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let text = b"customer,date,amount\na,2024-01-01,5\n";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    std::fs::write(folder.path().join("a.csv.gz"), gzip.finish().unwrap()).unwrap();
    std::fs::write(folder.path().join("b.csv.zst"), zstd::encode_all(&text[..], 0).unwrap()).unwrap();
    std::fs::write(folder.path().join("c.csv"), "sep=;\ncustomer;date;amount\na;2024-01-01;5\n").unwrap();
    std::fs::write(folder.path().join("notes.md"), "nothing").unwrap();
    let (session, reading) = read(&[folder.path().to_string_lossy().into_owned()]);
    assert_eq!(purchases(&session), ["a 2024-01-01 1500 0"]);
    assert_eq!(reading.files.len(), 3);
    let glob = folder.path().join("*.csv.*").to_string_lossy().into_owned();
    let (session, _) = read(&[glob]);
    assert_eq!(purchases(&session), ["a 2024-01-01 1000 0"]);
}

#[test]
fn a_damaged_archive_is_an_error_with_its_line() {
    use std::io::Write;
    let mut text = String::from("customer,date,amount\n");
    for day in 0..5_000 {
        writeln!(text, "{day},2024-01-01,{}", day * 7919 % 1009).unwrap();
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let error = read_text("t.csv.gz", &bytes, |_| {}).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn files_that_hold_nothing_usable_say_why() {
    let error = read_text("t.csv", b"customer,date\n,2024-01-01\n", |_| {}).unwrap_err().to_string();
    assert!(error.contains("none of the 1 rows could be used: 1 no_customer"), "{error}");
    assert!(read_text("t.csv", b"", |_| {}).unwrap_err().to_string().contains("empty"));
    let error = try_read(&session(), &["nowhere/*.csv".to_owned()], |_| {}).unwrap_err().to_string();
    assert!(error.contains("nowhere/*.csv"), "{error}");
}

#[test]
fn progress_is_told_in_bytes_of_the_files() {
    use std::sync::{Arc, Mutex};
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    read_with(&[sample("dirty.csv")], |source| {
        source.on_progress = Some(Arc::new(move |progress| sink.lock().unwrap().push(progress)));
    });
    let seen = seen.lock().unwrap();
    let bytes = std::fs::metadata(sample("dirty.csv")).unwrap().len();
    assert_eq!(seen.last().map(|last| (last.stage, last.done, last.total)), Some(("reading", bytes, bytes)));
}

/// What reading a file with this text fails with.
fn failure(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    session().read_orders(&source(&[path.to_string_lossy().into_owned()])).unwrap_err().to_string()
}

#[test]
fn dates_in_two_orders_are_not_guessed() {
    let day_first = (13..=20).map(|day| format!("a,{day}/01/2024,5\n"));
    let month_first = (13..=20).map(|day| format!("b,01/{day}/2024,5\n"));
    let text: String =
        std::iter::once("customer,date,amount\n".to_owned()).chain(day_first).chain(month_first).collect();
    let error = failure("orders.csv", &text);
    assert!(error.contains("8 dates can only be day/month/year and 8 only month/day/year"), "{error}");
    assert!(error.contains("date_order=day_first"), "{error}");
}

#[test]
fn json_is_known_by_its_first_byte() {
    let line = "{\"customer\": \"a\", \"date\": \"2024-01-01\", \"amount\": 5}";
    let error = failure("orders.json", &format!("[{line}]"));
    assert!(error.contains("a JSON array; JSON lines are needed"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.json");
    std::fs::write(&path, line).unwrap();
    let (session, _) = read(&[path.to_string_lossy().into_owned()]);
    assert_eq!(purchases(&session), ["a 2024-01-01 500 0"]);
}

#[test]
fn refused_rows_never_overwrite_orders_and_are_no_orders_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.csv");
    std::fs::write(&path, "customer,date,amount\na,2024-01-01,5\n").unwrap();
    std::fs::write(folder.path().join("orders.quarantine.csv"), "file,line,reason,detail,row\n").unwrap();
    let orders = path.to_string_lossy().into_owned();
    let mut over = source(std::slice::from_ref(&orders));
    over.quarantine = Some(path.clone());
    let error = session().read_orders(&over).unwrap_err().to_string();
    assert!(error.contains("is one of the order files"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "customer,date,amount\na,2024-01-01,5\n");
    let (_, reading) = read(&[folder.path().to_string_lossy().into_owned()]);
    assert_eq!(reading.files.len(), 1);
}
