//! What can be typed: the command line, as it stands before it means anything.

pub(crate) mod estimation;
pub(crate) mod project;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use perennial_lake::ColumnOverrides;
use perennial_models::catalogue::CATALOGUE;
use perennial_models::{ModelKind, TimeUnit};
use perennial_project::quantities;
use perennial_report::Language;

use estimation::{CovariateArguments, Period, SubscriptionArguments, UncertaintyArgument};
use project::{
    CheckArguments, DeliveriesCommand, EventsCommand, InitArguments, KeysCommand, OfStore, ProfileCommand,
    RunArguments, ServeArguments, SnapshotsArguments, StoreCommand,
};

/// The open engine for customer lifetime value.
#[derive(Debug, Parser)]
#[command(
    name = "perennial",
    version,
    about = "What every customer of an order log has been worth, will be worth, and how sure that is.",
    after_help = "Try it without data of your own: perennial demo",
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Value every customer: historic, predicted and total, with intervals.
    Value(Box<ValueArguments>),
    /// Fit a model and print its parameters.
    Fit(Box<FitArguments>),
    /// Judge models on a hold-out: fitted up to a day, compared with what came after.
    Validate(Box<ValidateArguments>),
    /// Compare all models on rolling hold-outs: a league table, best first.
    Compare(Box<CompareArguments>),
    /// List the models: what each gives and needs.
    Models(ModelsArguments),
    /// Write the tables of a simulated shop with known truth.
    Simulate(SimulateArguments),
    /// Simulate a shop, value its customers, and check the values against the truth.
    Demo(DemoArguments),
    /// Begin a project: write a commented perennial.toml.
    Init(InitArguments),
    /// Check a project: everything that a run needs is tried, nothing is written.
    Check(CheckArguments),
    /// Run a project: read, value, and keep a dated snapshot.
    Run(RunArguments),
    /// List and compare a project's snapshots.
    Snapshots(SnapshotsArguments),
    /// Take live events, answer the HTTP API, and run by the schedule.
    Serve(ServeArguments),
    /// Make, list and revoke keys of the HTTP API.
    Keys(OfStore<KeysCommand>),
    /// Show, export or erase a customer.
    Profile(OfStore<ProfileCommand>),
    /// Look into live events.
    Events(OfStore<EventsCommand>),
    /// List and replay deliveries to webhooks.
    Deliveries(OfStore<DeliveriesCommand>),
    /// Back the operational store up, or restore it.
    Store(OfStore<StoreCommand>),
}

/// Order files, and how to read them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct SourceArguments {
    /// Order files: CSV, JSON lines (each also .gz or .zst) or Parquet; files, folders or globs.
    #[arg(required = true, value_name = "SOURCE", help_heading = "Arguments")]
    pub(crate) sources: Vec<String>,

    /// Which column plays which role, where the recognised one is not the right one. Roles: customer, date, amount,
    /// order, quantity, price, currency, refund, cost, status; also `date_order=day_first` or
    /// `month_first`, `decimal=point` or `comma`, `rows=orders` or `lines`.
    #[arg(long, value_name = "ROLE=NAME,...", value_parser = parsed::<ColumnOverrides>)]
    pub(crate) columns: Option<ColumnOverrides>,

    /// The currency to value in, needed when the amounts are in several.
    #[arg(long, value_name = "CODE", value_parser = quantities::currency)]
    pub(crate) currency: Option<String>,

    /// What one unit of another currency is worth in that of --currency; can be repeated.
    #[arg(long = "rate", value_name = "CODE=RATE", value_parser = quantities::rate)]
    pub(crate) rates: Vec<(String, f64)>,

    /// The shop's time zone, in which a business day begins and ends [default: UTC].
    #[arg(long, value_name = "ZONE", value_parser = quantities::time_zone)]
    pub(crate) time_zone: Option<TimeZone>,

    /// What becomes of orders of amount zero: `keep` counts them as transactions without spend.
    #[arg(long, value_enum, default_value_t = ZeroOrders::Keep)]
    pub(crate) zero_orders: ZeroOrders,

    /// Where refused rows are written with line number and reason [default for `value`: SOURCE.quarantine.csv in the
    /// current folder, when a row is refused].
    #[arg(long, value_name = "FILE")]
    pub(crate) quarantine: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ZeroOrders {
    Keep,
    Drop,
}

#[derive(Debug, Args)]
pub(crate) struct ValueArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,

    #[command(flatten)]
    pub(crate) definitions: DefinitionArguments,

    /// The last day that counts [default: the last day of the data].
    #[arg(long, value_name = "DATE", value_parser = quantities::date)]
    pub(crate) as_of: Option<Date>,

    /// The margin as a share of revenue, such as 35%; without it the values are revenue.
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, value_parser = quantities::margin)]
    pub(crate) margin: Option<f64>,

    /// When customers buy and leave; `auto` takes the model that does best on rolling hold-outs.
    #[arg(long, default_value = "auto", value_parser = names(transaction_models().chain(["auto"])))]
    pub(crate) model: String,

    #[command(flatten)]
    pub(crate) uncertainty: UncertaintyArgument,

    #[command(flatten)]
    pub(crate) covariates: CovariateArguments,

    /// Score with a fit that `fit --save FILE` saved, instead of fitting anew.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "covariates", "unit", "uncertainty"])]
    pub(crate) fit: Option<PathBuf>,

    /// Write the customers' values to a file: .parquet, .csv (safe to open in a spreadsheet) or .json.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What is stated before any number, with a default for each.
#[derive(Debug, Args)]
#[command(next_help_heading = "Definitions")]
pub(crate) struct DefinitionArguments {
    /// How far the predicted value looks: 365d, 52w, 12m or 1y.
    #[arg(long, value_name = "TIME", default_value = "365d", allow_hyphen_values = true, value_parser = quantities::days)]
    pub(crate) horizon: f64,

    /// The annual discount rate.
    #[arg(long, value_name = "SHARE", default_value = "10%", allow_hyphen_values = true, value_parser = quantities::discount)]
    pub(crate) discount: f64,

    #[command(flatten)]
    pub(crate) unit: UnitArgument,

    /// The probability that an interval is meant to hold.
    #[arg(long, value_name = "SHARE", default_value = "80%", value_parser = quantities::level)]
    pub(crate) level: f64,

    /// The seed of everything random: equal seeds give equal results.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct UnitArgument {
    /// The unit in which the models count time: 7 or 30.4375 days, never counted by the calendar.
    #[arg(long, default_value = "week", value_parser = names(["day", "week", "month"]).map(unit))]
    pub(crate) unit: TimeUnit,
}

/// What is shown and where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// Write one self-contained HTML page.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// The language of texts and numbers: en or de.
    #[arg(long, default_value = "en", value_parser = names(["en", "de"]).map(language))]
    pub(crate) language: Language,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct FormatArgument {
    /// `json` prints JSON to the standard output, and nothing else.
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, help_heading = "Output", global = true)]
    pub(crate) format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct FitArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,

    /// The model to fit; `all` fits each that orders are enough for, but pareto-ggg, which takes a minute for some thousand customers.
    /// `perennial models` lists them.
    #[arg(long, default_value = "all", value_parser = names(all_models().chain(["all"])))]
    pub(crate) model: String,

    /// The last day that the fit sees [default: the last day of the data].
    #[arg(long, value_name = "DATE", value_parser = quantities::date)]
    pub(crate) until: Option<Date>,

    #[command(flatten)]
    pub(crate) unit: UnitArgument,

    #[command(flatten)]
    pub(crate) uncertainty: UncertaintyArgument,

    #[command(flatten)]
    pub(crate) covariates: CovariateArguments,

    /// The calendar period in which a customer buys or not, for bg-bb.
    #[arg(long, value_enum, default_value_t = Period::Month)]
    pub(crate) period: Period,

    #[command(flatten)]
    pub(crate) subscriptions: SubscriptionArguments,

    /// The seed of everything random: equal seeds give equal results.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Save the fit to a file, so that `value --fit FILE` scores customers with it later.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) save: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,

    /// The models to compare, separated by commas; `all` takes each but pareto-ggg (a minute for some thousand customers), `auto` those that `value` chooses from.
    #[arg(long, value_name = "NAME,...", default_value = "all", value_delimiter = ',',
          value_parser = names(transaction_models().chain(["auto", "all"])))]
    pub(crate) model: Vec<String>,

    /// The last day of the last hold-out [default: the last day of the data].
    #[arg(long, value_name = "DATE", value_parser = quantities::date)]
    pub(crate) as_of: Option<Date>,

    /// The length of each hold-out: 39w, 273d [default: a year, or a quarter of a history shorter than three].
    #[arg(long, value_name = "TIME", value_parser = quantities::days)]
    pub(crate) hold_out: Option<f64>,

    /// How many hold-outs; each begins half its length after the one before.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) origins: u32,

    #[command(flatten)]
    pub(crate) unit: UnitArgument,

    #[command(flatten)]
    pub(crate) covariates: CovariateArguments,

    /// The probability that the intervals are meant to hold.
    #[arg(long, value_name = "SHARE", default_value = "80%", value_parser = quantities::level)]
    pub(crate) level: f64,

    /// The seed of everything random: equal seeds give equal results.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArguments {
    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    #[command(flatten)]
    pub(crate) source: SourceArguments,

    /// The models to judge, separated by commas; `all` judges each but pareto-ggg, which takes a minute for some thousand customers.
    #[arg(long, value_name = "NAME,...", default_value = "all", value_delimiter = ',', value_parser = names(transaction_models().chain(["auto", "all"])))]
    pub(crate) model: Vec<String>,

    /// The last day that the fit sees; the hold-out begins the day after.
    #[arg(long, value_name = "DATE", value_parser = quantities::date)]
    pub(crate) until: Date,

    /// The length of the hold-out: 39w, 273d [default: to the last day of the data].
    #[arg(long, value_name = "TIME", value_parser = quantities::days)]
    pub(crate) hold_out: Option<f64>,

    #[command(flatten)]
    pub(crate) unit: UnitArgument,

    #[command(flatten)]
    pub(crate) covariates: CovariateArguments,

    #[command(flatten)]
    pub(crate) uncertainty: UncertaintyArgument,

    /// The probability that the intervals are meant to hold.
    #[arg(long, value_name = "SHARE", default_value = "80%", value_parser = quantities::level)]
    pub(crate) level: f64,

    /// The seed of everything random: equal seeds give equal results.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

/// The simulated shop.
#[derive(Debug, Args)]
pub(crate) struct ShopArguments {
    /// How many customers the shop has.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) customers: u32,

    /// The seed: equal seeds give equal shops.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// The folder for the tables; it is made where it does not exist.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    #[command(flatten)]
    pub(crate) shop: ShopArguments,

    /// How the tables are written.
    #[arg(long, value_enum, default_value_t = TableFormat::Csv)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Csv,
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(crate) shop: ShopArguments,

    /// The folder for the shop's tables, the customers' values and the report.
    #[arg(long, value_name = "DIR", default_value = "perennial-demo")]
    pub(crate) dir: PathBuf,

    /// The language of texts and numbers: en or de.
    #[arg(long, default_value = "en", value_parser = names(["en", "de"]).map(language))]
    pub(crate) language: Language,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

/// One of some names; a misspelt one is answered with the nearest.
fn names(names: impl IntoIterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

/// The names of all models.
fn all_models() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().map(|entry| entry.name)
}

/// The names of the transaction models.
fn transaction_models() -> impl Iterator<Item = &'static str> {
    ModelKind::ALL.iter().map(|kind| kind.name())
}

/// A value that knows how to read itself.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

// The names that reach the next two functions are those that `names` let through.

#[expect(clippy::needless_pass_by_value, reason = "the parser hands names over")]
fn unit(name: String) -> TimeUnit {
    match name.as_str() {
        "day" => TimeUnit::Day,
        "month" => TimeUnit::Month,
        _ => TimeUnit::Week,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands names over")]
fn language(code: String) -> Language {
    code.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
