//! Reading orders: recognise, profile, and make the canonical tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;
use serde::Serialize;

use crate::canonical::columnar;
use crate::canonical::extent::Extent;
use crate::canonical::interpret::Interpreter;
use crate::canonical::tables::Tables;
use crate::canonical::walk::Walk;
use crate::columns::Role;
use crate::currency;
use crate::error::{Error, choose};
use crate::format::{Format, Grain, Recipe, no_such_column, recognise};
use crate::input::Input;
use crate::profile::amounts::SPEND_LIMIT;
use crate::profile::columns::{Binding, Profile};
use crate::profile::dates::{AssumedOrder, DateOrder};
use crate::profile::zone::ZoneTable;
use crate::quality::{Examples, Quality, Treatment};
use crate::quarantine::Quarantine;
use crate::session::Session;
use crate::source::{OrderSource, Progress};
use crate::sources::Ledger;
use crate::text::{Encoding, Row};

/// One file that was read.
#[derive(Clone, Debug, Serialize)]
pub struct FileRead {
    /// Where it lies.
    pub path: PathBuf,
    /// Its structure in words, such as "text in UTF-8, fields divided by commas".
    pub structure: String,
    /// Its rows, without a header.
    pub rows: u64,
}

/// How one column was understood.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnRead {
    /// What it is for.
    pub role: Role,
    /// Its name; the names of those that stand in for it follow after commas.
    pub column: String,
    /// Why this column, and how its values were read, in words.
    pub how: String,
    /// Other columns that could have been meant; `--columns ROLE=NAME` chooses one.
    pub alternatives: Vec<String>,
}

/// What was read: how it was understood, what became of its rows, and what the canonical tables hold.
///
/// The tables of the session after a reading:
///
/// - `purchases(customer, day, spend, refunded[, cost])`: one row per customer and business day with at least one valid
///   order, that is, one transaction. `spend` is net of the refunds of these orders, `refunded` what was paid back.
///   `cost` exists when [`Reading::has_costs`].
/// - `refunds(customer, day, amount)`: what was paid back without a known order, per customer and day.
/// - `linked_refunds(customer, order_day, day, amount)`: the part of the refunds in `purchases` that was paid back on a
///   later day than the order's. For figures as of a day before `day`, add `amount` to `spend` of the customer's
///   `order_day` (a transaction of its own when `purchases` has none, because it was refunded in full later).
///
/// Amounts are 64-bit integers in units of 10^-[`Reading::scale`]; `day` is a `Date32`; `customer` is a 64-bit integer
/// when it is an integer column of a Parquet file without order numbers, else text.
#[derive(Clone, Debug, Serialize)]
pub struct Reading {
    /// The format that was recognised.
    pub format: Format,
    /// The files, in the order in which they were read.
    pub files: Vec<FileRead>,
    /// The columns that were taken.
    pub columns: Vec<ColumnRead>,
    /// What became of the rows.
    pub quality: Quality,
    /// The currency of all amounts, where it is known (ISO 4217).
    pub currency: Option<String>,
    /// The IANA name of the zone in which a business day begins and ends.
    pub time_zone: String,
    /// Decimals of the integer amounts.
    pub scale: u32,
    /// Whether the source has amounts; without them every `spend` is 0.
    pub has_amounts: bool,
    /// Whether the source has costs of goods.
    pub has_costs: bool,
    /// Rows of `purchases`.
    pub transactions: u64,
    /// Different customers in `purchases`.
    pub customers: u64,
    /// The first day with a purchase.
    #[serde(serialize_with = "as_text")]
    pub first_day: Date,
    /// The last day with a purchase or an unlinked refund.
    #[serde(serialize_with = "as_text")]
    pub last_day: Date,
}

// The signature is serde's.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn as_text<S: serde::Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}

impl Session {
    /// Recognises the files of a source, reads them and registers the canonical tables (see [`Reading`]).
    ///
    /// # Errors
    /// When no file is found, a file cannot be read or recognised, amounts are in several currencies without rates, or
    /// not a single row can be used.
    pub fn read_orders(&self, source: &OrderSource) -> Result<Reading, Error> {
        let inputs = find_inputs(self, source)?;
        let (recipe, bindings) = understand(&inputs, source)?;
        let quarantine = Quarantine::create(source.quarantine.as_deref())?;
        conclude(self, read_inputs(self, source, inputs, recipe, &bindings, quarantine, None)?)
    }
}

/// The files of a source with their headers.
pub(crate) fn find_inputs(session: &Session, source: &OrderSource) -> Result<Vec<Input>, Error> {
    let files = session.find_files(&source.paths, source.on_progress.as_ref())?;
    let inputs = files.into_iter().map(Input::inspect).collect::<Result<Vec<_>, _>>()?;
    spare_sources(&inputs, source.quarantine.as_deref())?;
    Ok(inputs)
}

/// Reads files under a recipe, registers the canonical tables and completes the quarantine file. Where there is a ledger, orders with a
/// number go there, as those of the source of that rank, and only the others into the tables.
pub(crate) fn read_inputs(
    session: &Session,
    source: &OrderSource,
    mut inputs: Vec<Input>,
    recipe: Recipe,
    bindings: &[Binding],
    mut quarantine: Quarantine,
    ledger: Option<(usize, &mut Ledger)>,
) -> Result<OrdersRead, Error> {
    if let Some(mut read) = columnar::read(session, source, &inputs, &recipe, bindings, &mut quarantine)? {
        quarantine.finish(&mut read.quality)?;
        return Ok(read);
    }
    let mut profile = Profile::default();
    let passed = pass("profiling", &inputs, bindings, source, |_, row, binding| {
        profile.see(row, binding, &recipe);
        Ok(())
    })?;
    for (input, passed) in inputs.iter_mut().zip(passed) {
        input.set_encoding(passed.encoding);
    }
    check_plausible(&inputs, &recipe, &profile)?;
    check_date_order(&recipe, &profile, source)?;
    let (rules, how) = profile.decide(&source.columns);
    let (date_order, assumed) = profile.date_order(source.columns.date_order, rules.date.order);
    let mut currencies = profile.currencies(&recipe);
    let target = currency::target(currencies.clone(), source, recipe.currency_hint)?;
    currencies.retain(|code, _| target.rates.is_empty() || target.rates.contains_key(code));
    let has_amounts = recipe.get(Role::Amount).or(recipe.get(Role::Price)).is_some();
    let has_costs = recipe.get(Role::Cost).is_some() && has_amounts;
    let interpreter = Interpreter {
        utc: recipe.is_utc(),
        zone: ZoneTable::new(&source.zone()),
        today: today(source),
        rates: target.rates.clone(),
        has_amounts,
        rules,
        recipe,
    };
    let mut quality = Quality::default();
    let tables = Tables::new(session, has_costs);
    let mut walk = Walk::new(&interpreter, source.zero_orders, tables, ledger.is_some());
    let passed = pass("reading", &inputs, bindings, source, |number, row, binding| {
        walk.see(row, binding, number, inputs[number].path(), &mut quality, &mut quarantine)
    })?;
    let (tables, repeated) = walk.close(ledger, &mut quality)?;
    let scale = interpreter.rules.scale;
    if !tables.fits() {
        return Err(Error::AmountsOverflow { column: amount_column(&interpreter.recipe), scale });
    }
    let equal = tables.register(session, interpreter.recipe.grain == Grain::Rows)?;
    quality.treat(Treatment::EqualRows, equal);
    quarantine.finish(&mut quality)?;
    let understood = Understood {
        format: interpreter.recipe.format,
        columns: columns_read(&interpreter.recipe, |role| how.get(&role).cloned()),
        currency: target.currency,
        currencies,
        currency_examples: profile.currency_examples(&interpreter.recipe),
        time_zone: source.zone_name(),
        scale,
        has_amounts,
        has_costs,
        date_order,
        assumed,
    };
    let rows: Vec<u64> = passed.iter().map(|passed| passed.rows).collect();
    Ok(OrdersRead::new(&inputs, &rows, quality, understood, None, repeated))
}

/// Refuses to write refused rows over the file they come from.
fn spare_sources(inputs: &[Input], quarantine: Option<&Path>) -> Result<(), Error> {
    let Some(quarantine) = quarantine.and_then(|path| path.canonicalize().ok()) else { return Ok(()) };
    let same = inputs.iter().any(|input| input.path().canonicalize().is_ok_and(|path| path == quarantine));
    if same { Err(Error::OverwritesSource { path: quarantine }) } else { Ok(()) }
}

/// The recipe for all files, and the places of its columns in each.
pub(crate) fn understand(inputs: &[Input], source: &OrderSource) -> Result<(Recipe, Vec<Binding>), Error> {
    let mut first: Option<(Recipe, &Input)> = None;
    let mut bindings = Vec::with_capacity(inputs.len());
    for input in inputs {
        let own = recognise(&input.header, &source.columns, input.path())?;
        let (recipe, begun) = first.get_or_insert((own.clone(), input));
        if recipe.format != own.format {
            return Err(Error::MixedFormats {
                file: begun.path().to_path_buf(),
                first: recipe.format.title().to_owned(),
                other: input.path().to_path_buf(),
                second: own.format.title().to_owned(),
            });
        }
        bindings.push(bind(recipe, input)?);
    }
    match first {
        Some((recipe, _)) => Ok((recipe, bindings)),
        None => Err(Error::NoFile { path: source.paths.join(", "), problem: "nothing to read".to_owned() }),
    }
}

pub(crate) fn bind(recipe: &Recipe, input: &Input) -> Result<Binding, Error> {
    let mut binding = Binding::default();
    for assignment in &recipe.assignments {
        let places = assignment.columns.iter().map(|name| {
            let column = input.header.find(name).and_then(|column| input.header.index(column));
            column.ok_or_else(|| no_such_column(&input.header, name, input.path()))
        });
        binding.insert(assignment.role, places.collect::<Result<_, _>>()?);
    }
    Ok(binding)
}

/// What a pass over a file has found.
pub(crate) struct Passed {
    rows: u64,
    encoding: Encoding,
}

/// Hands every row of every file to `see`.
pub(crate) fn pass(
    stage: &'static str,
    inputs: &[Input],
    bindings: &[Binding],
    source: &OrderSource,
    mut see: impl FnMut(usize, &Row, &Binding) -> Result<(), Error>,
) -> Result<Vec<Passed>, Error> {
    const ROWS_BETWEEN_REPORTS: u64 = 1 << 14;
    let counter = Arc::new(AtomicU64::new(0));
    let total = inputs.iter().map(|input| input.file.bytes).sum();
    let report = || {
        if let Some(on_progress) = &source.on_progress {
            on_progress(Progress { stage, done: counter.load(Ordering::Relaxed).min(total), total });
        }
    };
    let mut passed = Vec::with_capacity(inputs.len());
    let mut row = Row::default();
    for (number, (input, binding)) in inputs.iter().zip(bindings).enumerate() {
        let mut reader = input.rows(&binding.needed(), &counter)?;
        let mut read = 0;
        while reader.read(&mut row)? {
            see(number, &row, binding)?;
            read += 1;
            if read % ROWS_BETWEEN_REPORTS == 0 {
                report();
            }
        }
        report();
        passed.push(Passed { rows: read, encoding: reader.encoding() });
    }
    Ok(passed)
}

/// Half of a column read wrongly is worse than no reading.
pub(crate) fn check_date_order(
    recipe: &Recipe,
    profile: &Profile,
    source: &OrderSource,
) -> Result<(), Error> {
    match (source.columns.date_order, profile.mixed_date_order()) {
        (None, Some((day_first, month_first))) => {
            let column = recipe.get(Role::Date).map(|found| found.columns.join(", ")).unwrap_or_default();
            Err(Error::MixedDateOrder { column, day_first, month_first })
        }
        _ => Ok(()),
    }
}

/// A column whose values are not what its name promises is an error that names it, rather than a file of refusals.
pub(crate) fn check_plausible(inputs: &[Input], recipe: &Recipe, profile: &Profile) -> Result<(), Error> {
    let Some(input) = inputs.first() else { return Ok(()) };
    let column = |role| recipe.get(role).map(|found| found.columns.join(", ")).unwrap_or_default();
    let wrong = if profile.has_dates() {
        profile.without_numbers().map(|role| (role, "numbers"))
    } else {
        Some((Role::Date, "dates"))
    };
    let Some((role, kind)) = wrong.filter(|_| profile.rows > 0) else { return Ok(()) };
    let column = column(role);
    let remedy = match recipe.format {
        Format::Canonical => format!("select the column that holds them AS {column}"),
        _ => format!("name the right one with {}", choose(role.name(), "NAME")),
    };
    let problem = format!(
        "the column {column:?}, taken for the {}, holds no {kind} that can be read; {remedy} (the columns are {})",
        role.name(),
        input.header.columns.join(", ")
    );
    Err(Error::broken(input.path(), 1, problem))
}

/// The day of the present in the shop's zone, in days since 1970-01-01.
pub(crate) fn today(source: &OrderSource) -> i32 {
    let day = ZoneTable::new(&source.zone()).day_of(source.now.as_second());
    i32::try_from(day).unwrap_or(i32::MAX)
}

pub(crate) fn amount_column(recipe: &Recipe) -> String {
    let amount = recipe.get(Role::Amount).or(recipe.get(Role::Price));
    amount.map(|amount| amount.columns.join(", ")).unwrap_or_default()
}

/// The columns of a recipe with what was found out about their values.
pub(crate) fn columns_read(recipe: &Recipe, values: impl Fn(Role) -> Option<String>) -> Vec<ColumnRead> {
    let read = |assignment: &crate::format::Assignment| {
        let mut how = assignment.how.clone();
        if let Some(values) = values(assignment.role) {
            how = format!("{how}; {values}");
        }
        ColumnRead {
            role: assignment.role,
            column: assignment.columns.join(", "),
            how,
            alternatives: assignment.alternatives.clone(),
        }
    };
    recipe.assignments.iter().map(read).collect()
}

/// What is known of a source when its tables are made.
pub(crate) struct Understood {
    pub(crate) format: Format,
    pub(crate) columns: Vec<ColumnRead>,
    pub(crate) currency: Option<String>,
    /// Rows by the currency of their amounts, before any conversion.
    pub(crate) currencies: BTreeMap<String, u64>,
    /// Orders in each currency, or customers where orders have no number; none where all are in one.
    pub(crate) currency_examples: BTreeMap<String, Examples>,
    pub(crate) time_zone: String,
    pub(crate) scale: u32,
    pub(crate) has_amounts: bool,
    pub(crate) has_costs: bool,
    /// Which of day and month comes first, where that was asked for or some dates tell.
    pub(crate) date_order: Option<DateOrder>,
    /// What was assumed where no date tells.
    pub(crate) assumed: Option<AssumedOrder>,
}

/// A source whose rows are in the tables.
pub(crate) struct OrdersRead {
    pub(crate) files: Vec<FileRead>,
    pub(crate) quality: Quality,
    pub(crate) understood: Understood,
    /// Different customers, where counting them cost nothing.
    pub(crate) customers: Option<u64>,
    /// Numbers of some orders that came again.
    pub(crate) repeated: Examples,
}

impl OrdersRead {
    /// Closes the account of the rows, which are given by file.
    pub(crate) fn new(
        inputs: &[Input],
        rows: &[u64],
        mut quality: Quality,
        understood: Understood,
        customers: Option<u64>,
        repeated: Examples,
    ) -> Self {
        let file = |(input, rows): (&Input, &u64)| FileRead {
            path: input.path().to_path_buf(),
            structure: input.structure(),
            rows: *rows,
        };
        quality.rows_read = rows.iter().sum();
        quality.close();
        let files = inputs.iter().zip(rows).map(file).collect();
        Self { files, quality, understood, customers, repeated }
    }
}

/// Looks the extent of the tables up; the customers only when they are not known.
pub(crate) fn conclude(session: &Session, read: OrdersRead) -> Result<Reading, Error> {
    let OrdersRead { files, quality, understood, customers, .. } = read;
    let extent = Extent::of(session, customers)?;
    if extent.most_spend >= SPEND_LIMIT {
        return Err(Error::DayOverflow { scale: understood.scale });
    }
    let (Some(first_day), Some(last_day), true) =
        (extent.first_day, extent.last_day, extent.transactions > 0)
    else {
        return Err(Error::NothingUsable { rows: quality.rows_read, reasons: quality.reasons() });
    };
    Ok(Reading {
        format: understood.format,
        files,
        columns: understood.columns,
        quality,
        currency: understood.currency,
        time_zone: understood.time_zone,
        scale: understood.scale,
        has_amounts: understood.has_amounts,
        has_costs: understood.has_costs,
        transactions: extent.transactions,
        customers: extent.customers,
        first_day,
        last_day,
    })
}
