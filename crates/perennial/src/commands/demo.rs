//! `perennial demo`: the main job on a simulated shop, and its result against the truth.

use std::sync::Arc;

use anyhow::{Context, Result};
use perennial_lake::arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use perennial_lake::arrow::datatypes::Float64Type;
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_lake::{OrderSource, OutputFormat as FileFormat, Reading, Session};
use perennial_report::Texts;
use perennial_simulate::{FUTURE_DAYS, Format, ShopSettings, Simulation, World, simulate};
use perennial_valuation::{CUSTOMER_VALUES, Request, Valuation, value};
use serde::Serialize;

use super::open;
use crate::arguments::{DemoArguments, OutputFormat};
use crate::json::{self, Files, ValueOutput};
use crate::requests;
use crate::terminal::{Page, Progress, reading, truth, valuation};

/// The session's table with what the customers really do.
const TRUTH: &str = "demo_truth";

/// A figure of the year after the as-of date as it was predicted and as it comes.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// `predicted_number_of_orders` or `predicted_clv`.
    pub(crate) figure: &'static str,
    /// The total over all customers that was predicted.
    pub(crate) predicted_total: f64,
    /// The ends of its interval.
    pub(crate) lower: f64,
    /// See `lower`.
    pub(crate) upper: f64,
    /// The total that the customers' true rates let expect, had they been known.
    pub(crate) expected_total: f64,
    /// The total that comes.
    pub(crate) actual_total: f64,
    /// Whether it lies within the interval.
    pub(crate) total_held: bool,
    /// The share of customers whose own interval holds what comes.
    pub(crate) coverage: f64,
    /// The share that should.
    pub(crate) level: f64,
    /// Mean absolute error per customer.
    pub(crate) mae: f64,
}

/// What `demo --format json` prints.
#[derive(Debug, Serialize)]
struct DemoOutput<'a> {
    #[serde(flatten)]
    value: ValueOutput<'a>,
    /// The predictions against what comes.
    truth: &'a [Check],
    /// Dirty rows put into the orders, by kind.
    dirty: &'a std::collections::BTreeMap<&'static str, u64>,
}

pub(crate) fn run(arguments: &DemoArguments) -> Result<()> {
    let progress = Progress::new(&Texts::plain(arguments.language));
    let settings = requests::shop(&arguments.shop);
    let folder = &arguments.dir;
    let simulation =
        simulate(&settings, folder, Format::Csv, |done, total| progress.show("simulate", done, total))?;

    let mut source = OrderSource::new([folder.join("orders.csv").display().to_string()]);
    source.quarantine = Some(folder.join("orders.quarantine.csv"));
    let (session, read) = open(&source, &progress)?;
    let valued = value(&session, &read, &request(&settings), &|stage, done, total| {
        progress.of_stage(stage, done, total);
    })?;
    let files = write(arguments, &session, &read, &valued)?;
    let checks = check(&session, &settings, &valued)?;
    progress.clear();

    if arguments.format.format == OutputFormat::Json {
        let value = ValueOutput { valuation: &valued, reading: &read, files: &files };
        return json::print(&DemoOutput { value, truth: &checks, dirty: &simulation.dirty });
    }
    show(arguments, &simulation, &read, &valued, &checks, &files)
}

/// The year after the as-of date without discount, so that values and what really comes are the same thing.
fn request(settings: &ShopSettings) -> Request {
    Request {
        as_of: Some(settings.as_of),
        horizon_days: f64::from(FUTURE_DAYS),
        discount: 0.0,
        // The shop's last day is today: its data are fresh, whenever the demo runs.
        ..Request::new(settings.as_of)
    }
}

fn write(arguments: &DemoArguments, session: &Session, read: &Reading, valued: &Valuation) -> Result<Files> {
    let out = arguments.dir.join("values.csv");
    let report = arguments.dir.join("report.html");
    session
        .write(
            &format!("SELECT * FROM {CUSTOMER_VALUES} ORDER BY total_clv DESC, customer_id"),
            &out,
            FileFormat::Csv,
        )
        .with_context(|| format!("cannot write the values to {}", out.display()))?;
    perennial_report::write_html(&report, valued, read, arguments.language)?;
    Ok(Files { out: Some(out), report: Some(report), quarantine: read.quality.quarantine.clone() })
}

fn show(
    arguments: &DemoArguments,
    simulation: &Simulation,
    read: &Reading,
    valued: &Valuation,
    checks: &[Check],
    files: &Files,
) -> Result<()> {
    let texts = Texts::new(arguments.language, &valued.definitions);
    let mut page = Page::new();
    truth::simulation(&mut page, &texts, simulation, &arguments.dir, Format::Csv);
    reading::show(&mut page, &texts, read);
    valuation::show(&mut page, &texts, valued);
    truth::dirt(&mut page, &texts, simulation, read);
    truth::checks(&mut page, &texts, checks);
    reading::files(&mut page, &texts, files);
    page.print()
}

/// Holds each customer's figures against what the customer really does.
fn check(session: &Session, settings: &ShopSettings, valued: &Valuation) -> Result<Vec<Check>> {
    session.register(TRUTH, vec![truth_table(&World::new(settings)?)?])?;
    let totals = &valued.totals;
    let mut checks = Vec::new();
    if let Some(orders) = totals.predicted_number_of_orders {
        checks.push(check_figure(
            session,
            "predicted_number_of_orders",
            ["transactions", "expected_transactions"],
            orders,
        )?);
    }
    if let Some(value) = totals.predicted_clv {
        checks.push(check_figure(session, "predicted_clv", ["revenue", "expected_revenue"], value)?);
    }
    Ok(checks)
}

fn check_figure(
    session: &Session,
    figure: &'static str,
    [actual, expected]: [&str; 2],
    total: perennial_valuation::figures::Estimate,
) -> Result<Check> {
    let sums = session.query(&format!(
        "SELECT CAST(sum({actual}) AS DOUBLE) AS actual, sum({expected}) AS expected, \
                avg(abs({figure} - {actual})) AS mae, \
                avg(CASE WHEN {actual} >= {figure}_lower - 1e-9 AND {actual} <= {figure}_upper + 1e-9 THEN 1.0 ELSE 0.0 END) AS held \
         FROM {CUSTOMER_VALUES} AS v JOIN {TRUTH} AS t ON CAST(v.customer_id AS BIGINT) = t.customer"
    ))?;
    let number = |column: &str| {
        let values = sums
            .first()
            .and_then(|batch| batch.column_by_name(column)?.as_primitive_opt::<Float64Type>().cloned());
        values
            .filter(|values| !values.is_empty())
            .map(|values| values.value(0))
            .context("no customer of the demo was valued")
    };
    let actual_total = number("actual")?;
    Ok(Check {
        figure,
        predicted_total: total.point,
        lower: total.lower,
        upper: total.upper,
        expected_total: number("expected")?,
        actual_total,
        total_held: (total.lower..=total.upper).contains(&actual_total),
        coverage: number("held")?,
        level: total.level,
        mae: number("mae")?,
    })
}

/// What the customers really do in the year after the as-of date: transactions, and revenue in EUR.
fn truth_table(world: &World) -> Result<RecordBatch> {
    let customers = 0..world.settings().customers;
    let truths: Vec<_> = customers
        .map(|index| {
            let customer = world.customer(index);
            (customer.id(), world.outlook(&customer), world.history(&customer, |_, _| ()))
        })
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("customer", Arc::new(truths.iter().map(|(id, ..)| Some(*id)).collect::<Int64Array>())),
        (
            "transactions",
            Arc::new(truths.iter().map(|(.., turn)| Some(turn.transactions)).collect::<Int64Array>()),
        ),
        (
            "revenue",
            Arc::new(
                truths.iter().map(|(.., turn)| Some(turn.revenue as f64 / 100.0)).collect::<Float64Array>(),
            ),
        ),
        (
            "expected_transactions",
            Arc::new(truths.iter().map(|(_, look, _)| Some(look.transactions)).collect::<Float64Array>()),
        ),
        (
            "expected_revenue",
            Arc::new(truths.iter().map(|(_, look, _)| Some(look.revenue)).collect::<Float64Array>()),
        ),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}
