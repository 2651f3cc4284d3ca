//! The tables of a simulated shop fit together, and the counts that are reported are those in the files.

#![expect(clippy::unwrap_used, reason = "a test fails where a value is missing")]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use arrow::{
    array::{Array, AsArray},
    datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType},
};
use jiff::{Timestamp, civil::Date};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use perennial_simulate::{DirtKind, Error, Format, ShopSettings, Simulation, World, simulate};

use common::{Rows, cents, table};

fn settings() -> ShopSettings {
    ShopSettings { customers: 3_000, seed: 5, dirty_share: 0.002, ..ShopSettings::default() }
}

fn shop(settings: &ShopSettings, format: Format) -> (tempfile::TempDir, Simulation) {
    let folder = tempfile::tempdir().unwrap();
    let simulation = simulate(settings, folder.path(), format, |_, _| ()).unwrap();
    (folder, simulation)
}

/// Amounts of a column in cents, summed by order.
fn by_order(rows: &Rows, column: &str) -> BTreeMap<i64, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row["order_id"].parse().unwrap()).or_insert(0) += cents(&row[column]);
    }
    sums
}

#[test]
fn lines_refunds_and_orders_reconcile_to_the_cent() {
    let settings = ShopSettings { dirty_share: 0.0, ..settings() };
    let (folder, simulation) = shop(&settings, Format::Csv);
    assert_eq!(simulation.dirty, BTreeMap::new());
    let (orders, lines) = (table(folder.path(), "orders"), table(folder.path(), "order_lines"));
    assert_eq!(orders.len() as u64, simulation.orders);
    assert_eq!(by_order(&orders, "subtotal"), by_order(&lines, "line_total"));
    for line in &lines {
        let quantity: i64 = line["quantity"].parse().unwrap();
        assert_eq!(cents(&line["line_total"]), quantity * cents(&line["unit_price"]));
    }
    let refunds = by_order(&table(folder.path(), "refunds"), "amount");
    let end = Timestamp::from_second(1_782_864_000).unwrap();
    let mut last = Timestamp::MIN;
    for order in &orders {
        let amount = |column: &str| cents(&order[column]);
        let total = amount("total");
        assert_eq!(total, amount("subtotal") - amount("discount") + amount("shipping") + amount("tax"));
        let refunded = refunds.get(&order["order_id"].parse().unwrap()).copied().unwrap_or(0);
        assert_eq!(refunded, amount("refunded_amount"), "{order:?}");
        let status = match refunded {
            0 => "paid",
            _ if refunded == total => "refunded",
            _ => "partially_refunded",
        };
        assert!(order["status"] == status && refunded <= total && total >= 0, "{order:?}");
        let at: Timestamp = order["ordered_at"].parse().unwrap();
        assert!(at >= last && at < end, "{at} is out of order or after the as-of date");
        last = at;
    }
    let zero = orders.iter().filter(|order| order["total"] == "0.00").count();
    assert!(zero > 10 && orders.iter().filter(|order| order["status"] == "refunded").count() > 100);
}

#[test]
fn every_customer_has_an_order_and_a_true_past() {
    let (folder, simulation) = shop(&ShopSettings { dirty_share: 0.0, ..settings() }, Format::Csv);
    let (customers, truth) = (table(folder.path(), "customers"), table(folder.path(), "truth"));
    let mut days: BTreeMap<String, Vec<Date>> = BTreeMap::new();
    for order in table(folder.path(), "orders") {
        days.entry(order["customer_id"].clone())
            .or_default()
            .push(order["ordered_at"][..10].parse().unwrap());
    }
    assert_eq!((customers.len(), truth.len(), days.len()), (3_000, 3_000, 3_000));
    let as_of = simulation.as_of;
    let mut alive = 0;
    for (customer, truth) in customers.iter().zip(&truth) {
        assert_eq!(customer["customer_id"], truth["customer_id"]);
        let days = &days[&customer["customer_id"]];
        assert_eq!(customer["first_seen"].parse::<Date>().unwrap(), days[0]);
        let dropout: Option<Date> = truth["dropped_out_on"].parse().ok();
        assert!(dropout.is_none_or(|day| days.last().unwrap() <= &day), "an order after dropout: {truth:?}");
        let is_alive = truth["alive"] == "true";
        assert_eq!(is_alive, dropout.is_none_or(|day| day > as_of));
        alive += u64::from(is_alive);
        let (expected, actual): (f64, i64) =
            (truth["expected_transactions"].parse().unwrap(), truth["actual_transactions"].parse().unwrap());
        assert_eq!(is_alive, expected > 0.0, "{truth:?}");
        assert!(is_alive || actual == 0, "a purchase after dropout: {truth:?}");
        assert!(actual == 0 || truth["actual_revenue"] != "0.00" || actual < 3, "{truth:?}");
    }
    assert_eq!(alive, simulation.alive);
    assert!(alive > 500 && alive < 2_500, "{alive} of 3,000");
}

/// The dirty rows of an orders file, told apart by what can be seen in it alone.
fn dirt_seen(folder: &Path, clean: u64) -> BTreeMap<&'static str, u64> {
    let mut seen = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for row in table(folder, "orders") {
        let repeated = !ids.insert(row["order_id"].clone());
        let kind = if repeated {
            DirtKind::ExactDuplicate
        } else if row["customer_id"].is_empty() {
            DirtKind::Guest
        } else if row["ordered_at"].parse::<Timestamp>().is_err() {
            DirtKind::BrokenDate
        } else if row["ordered_at"].as_str() > "2026-07" {
            DirtKind::FutureDate
        } else if row["total"].starts_with('-') {
            DirtKind::NegativeRow
        } else if row["status"] == "cancelled" {
            DirtKind::Cancelled
        } else {
            assert!(
                row["order_id"].parse::<u64>().unwrap() <= clean,
                "a clean row beyond the count: {row:?}"
            );
            continue;
        };
        *seen.entry(kind.name()).or_insert(0) += 1;
    }
    seen
}

#[test]
fn dirty_rows_are_as_many_as_reported() {
    let (folder, simulation) = shop(&settings(), Format::Csv);
    assert_eq!(simulation.dirty, dirt_seen(folder.path(), simulation.orders));
    let dirty: u64 = simulation.dirty.values().sum();
    let each = (2 * simulation.orders).div_ceil(1_000);
    assert!(simulation.dirty.len() == 6 && simulation.dirty.values().all(|&n| n == each));
    assert_eq!(simulation.rows["orders"], simulation.orders + dirty);
    // Dirt changes nothing else.
    let (clean_folder, clean) = shop(&ShopSettings { dirty_share: 0.0, ..settings() }, Format::Csv);
    assert_eq!((clean.orders, clean.future), (simulation.orders, simulation.future));
    assert_eq!(table(folder.path(), "order_lines"), table(clean_folder.path(), "order_lines"));
}

/// A table read from Parquet, every value as the text that CSV has for it.
fn parquet_table(folder: &Path, name: &str) -> Rows {
    let file = std::fs::File::open(folder.join(format!("{name}.parquet"))).unwrap();
    let mut rows = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for row in 0..batch.num_rows() {
            let cells = schema.fields().iter().zip(batch.columns());
            rows.push(cells.map(|(field, column)| (field.name().clone(), text(column, row))).collect());
        }
    }
    rows
}

fn text(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Decimal128(12, 2) => {
            let cents = column.as_primitive::<Decimal128Type>().value(row);
            format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
        }
        DataType::Date32 => {
            let day = column.as_primitive::<Date32Type>().value(row);
            Timestamp::from_second(i64::from(day) * 86_400).unwrap().to_string()[..10].to_owned()
        }
        DataType::Timestamp(_, zone) => {
            assert_eq!(zone.as_deref(), Some("UTC"));
            let microsecond = column.as_primitive::<TimestampMicrosecondType>().value(row);
            Timestamp::from_microsecond(microsecond).unwrap().to_string()
        }
        other => panic!("a column of {other}"),
    }
}

#[test]
fn parquet_and_csv_hold_the_same_data() {
    let settings = ShopSettings { customers: 500, dirty_share: 0.0, ..settings() };
    let ((texts, _), (typed, simulation)) = (shop(&settings, Format::Csv), shop(&settings, Format::Parquet));
    for (&name, &rows) in &simulation.rows {
        let (text, typed) = (table(texts.path(), name), parquet_table(typed.path(), name));
        assert_eq!((text.len() as u64, typed.len() as u64), (rows, rows), "{name}");
        assert_eq!(text, typed, "{name}");
    }
}

#[test]
fn parquet_leaves_out_what_has_no_type() {
    let (folder, simulation) = shop(&settings(), Format::Parquet);
    assert!(!simulation.dirty.contains_key("broken_date") && simulation.dirty.len() == 5);
    let orders = parquet_table(folder.path(), "orders");
    assert_eq!(orders.len() as u64, simulation.rows["orders"]);
    assert!(orders.iter().all(|row| !row["ordered_at"].is_empty()));
}

#[test]
fn the_season_moves_purchases_towards_christmas() {
    let (folder, _) = shop(&ShopSettings { customers: 20_000, ..settings() }, Format::Csv);
    let in_month = |month: &str| {
        let orders = table(folder.path(), "orders");
        orders.iter().filter(|row| row["ordered_at"].starts_with(month)).count() as f64
    };
    let ratio = 2.0 * in_month("2025-12") / (in_month("2025-10") + in_month("2026-02"));
    assert!((1.3..2.0).contains(&ratio), "December is {ratio} of October and February");
}

#[test]
fn spend_pays_for_new_customers_at_the_channels_cost() {
    let settings = settings();
    let (folder, simulation) = shop(&settings, Format::Csv);
    let mut spend: BTreeMap<String, i64> = BTreeMap::new();
    for row in table(folder.path(), "spend") {
        *spend.entry(row["channel"].clone()).or_default() += cents(&row["amount"]);
    }
    assert_eq!(
        spend.len(),
        settings.channels.iter().filter(|channel| channel.acquisition_cost > 0.0).count()
    );
    let customers = table(folder.path(), "customers");
    for channel in settings.channels.iter().filter(|channel| channel.acquisition_cost > 0.0) {
        let won = customers.iter().filter(|row| row["channel"] == channel.name).count() as f64;
        let ratio = spend[&channel.name] as f64 / 100.0 / won / channel.acquisition_cost;
        assert!((ratio - 1.0).abs() < 0.2, "{}: {ratio}", channel.name);
    }
    assert_eq!(simulation.rows["spend"], 4 * 1_096);
}

#[test]
fn extreme_settings_are_written_or_refused() {
    let one = ShopSettings { customers: 1, years: 1, ..ShopSettings::default() };
    let (_, simulation) = shop(&one, Format::Csv);
    assert!(simulation.orders >= 1 && simulation.rows["customers"] == 1);
    let mut wild =
        ShopSettings { customers: 20, years: 50, growth: -0.9, season: 5.0, dirty_share: 0.5, ..one.clone() };
    wild.spend.q = 1.01;
    (wild.full_refund_share, wild.zero_order_share) = (0.5, 0.5);
    wild.channels.truncate(1);
    (wild.channels[0].r, wild.channels[0].s) = (1e-3, 1e-3);
    let (_, simulation) = shop(&wild, Format::Parquet);
    assert!(simulation.orders >= 20 && simulation.rows["truth"] == 20);
    let refused = |change: fn(&mut ShopSettings)| {
        let mut settings = ShopSettings::default();
        change(&mut settings);
        match World::new(&settings) {
            Err(Error::Setting { name, .. }) => name,
            other => panic!("accepted: {other:?}"),
        }
    };
    assert_eq!(refused(|settings| settings.customers = 0), "customers");
    assert_eq!(refused(|settings| settings.years = 51), "years");
    assert_eq!(refused(|settings| settings.as_of = Date::MAX), "as_of");
    assert_eq!(refused(|settings| settings.growth = f64::NAN), "growth");
    assert_eq!(refused(|settings| settings.channels.clear()), "channels");
    assert_eq!(refused(|settings| settings.channels[1].alpha = 1e-3), "r / alpha");
    assert!(matches!("xlsx".parse::<Format>(), Err(Error::Format(name)) if name == "xlsx"));
    assert!(matches!("parquet".parse::<Format>(), Ok(Format::Parquet)));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "a file").unwrap();
    let result = simulate(&settings(), &file, Format::Csv, |_, _| ());
    assert!(matches!(result, Err(Error::Write { path, .. }) if path == file));
}
