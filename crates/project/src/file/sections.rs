//! The sections of `perennial.toml` with their keys, as they stand there.
//!
//! `docs/book/src/project-file.md` documents each key for people; a test holds it against these.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use perennial_handoff::crm::hubspot::{ConsentScope, HubSpotSettings};
use perennial_handoff::webhooks::WebhookSettings;
use perennial_lake::DateOrder;
use perennial_models::TimeUnit;
use perennial_store::{IdentityRules, JoinByEmail, LeapDay, NetRule};
use perennial_valuation::{ModelChoice, Uncertainty};
use serde::Deserialize;

use super::address::Address;
use super::written::{self, Margin};
use crate::schedule::Every;

/// The whole file. Every section may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sections {
    /// The shop itself.
    pub shop: Shop,
    /// What is stated before any number.
    pub value: Value,
    /// What an order costs beside its goods.
    pub costs: Costs,
    /// Classes of customers by their value, best first.
    pub tiers: Vec<Tier>,
    /// Where the shop's data lie, by name.
    pub sources: BTreeMap<String, Source>,
    /// What becomes of live events.
    pub events: Events,
    /// The operational store.
    pub store: StoreSection,
    /// When `perennial serve` runs by itself.
    pub schedule: ScheduleSection,
    /// How long personal data are kept.
    pub privacy: Privacy,
    /// Where values go after a run.
    pub exports: Vec<Export>,
    /// Who is told of runs.
    pub webhooks: Vec<WebhookSettings>,
    /// Values written back to the contacts of HubSpot.
    pub hubspot: Option<HubSpotSettings>,
    /// The HTTP server.
    pub server: Server,
}

/// `[shop]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shop {
    /// The name that stands on reports.
    pub name: String,
    /// The currency to value in (ISO 4217).
    #[serde(deserialize_with = "written::currency")]
    pub currency: Option<String>,
    /// Where a business day begins and ends.
    #[serde(deserialize_with = "written::time_zone")]
    pub time_zone: TimeZone,
    /// What one unit of another currency is worth in that of the shop.
    #[serde(deserialize_with = "written::rates")]
    pub rates: BTreeMap<String, f64>,
    /// What becomes of orders of amount zero.
    pub zero_orders: ZeroOrders,
    /// When a 29 February is celebrated in other years.
    pub leap_day: LeapDay,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            name: String::new(),
            currency: None,
            time_zone: TimeZone::UTC,
            rates: BTreeMap::new(),
            zero_orders: ZeroOrders::default(),
            leap_day: LeapDay::default(),
        }
    }
}

/// What becomes of orders of amount zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroOrders {
    /// They are transactions without spend.
    #[default]
    Keep,
    /// They are left out.
    Drop,
}

/// `[value]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Value {
    /// How far the predicted value looks, in days.
    #[serde(deserialize_with = "written::days")]
    pub horizon: f64,
    /// The annual discount rate.
    #[serde(deserialize_with = "written::discount")]
    pub discount: f64,
    /// What counts as value of a unit of revenue; where it is missing, costs in the data are taken, and where there are none
    /// the value is revenue.
    #[serde(deserialize_with = "written::margin")]
    pub margin: Option<Margin>,
    /// When customers buy and leave.
    #[serde(deserialize_with = "written::model")]
    pub model: ModelChoice,
    /// The unit in which the models count time.
    #[serde(deserialize_with = "written::unit")]
    pub unit: TimeUnit,
    /// The probability that an interval is meant to hold.
    #[serde(deserialize_with = "written::level")]
    pub level: f64,
    /// Where the parameters' uncertainty comes from.
    #[serde(deserialize_with = "written::uncertainty")]
    pub uncertainty: Uncertainty,
    /// The seed of everything random.
    pub seed: u64,
    /// The language of reports.
    pub language: Language,
}

impl Default for Value {
    fn default() -> Self {
        Self {
            horizon: 365.0,
            discount: 0.1,
            margin: None,
            model: ModelChoice::Auto,
            unit: TimeUnit::Week,
            level: 0.8,
            uncertainty: Uncertainty::Fast,
            seed: 1,
            language: Language::default(),
        }
    }
}

/// The language of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

/// `[costs]`: what lowers the margin beside the cost of goods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// What an order costs whatever its value: picking, packing, shipping paid by the shop; in the shop's currency.
    #[serde(deserialize_with = "written::money")]
    pub per_order: f64,
    /// The share of revenue that goes to others: payment fees, commissions.
    #[serde(deserialize_with = "written::share")]
    pub share_of_revenue: f64,
}

/// `[[tiers]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// What the tier is called in the column `tier`.
    pub name: String,
    /// The least total value of its customers, in the shop's currency.
    #[serde(default)]
    pub at_least: Option<f64>,
    /// The share of all customers, counted from the most valuable, that is in this tier or a better one.
    #[serde(default, deserialize_with = "written::optional_share")]
    pub share: Option<f64>,
}

/// `[sources.NAME]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The canonical table that it fills.
    #[serde(default = "orders")]
    pub table: String,
    /// Files, folders, globs or object-store URLs.
    #[serde(default)]
    pub files: Option<Files>,
    /// A database: a URL, or where it stands (`env:NAME`, `file:PATH`).
    #[serde(default)]
    pub database: Option<Address>,
    /// The table or view of the database.
    #[serde(default)]
    pub from: Option<String>,
    /// A Delta table: its folder or URL.
    #[serde(default)]
    pub delta: Option<String>,
    /// Which column plays which role, where the recognised one is not the right one.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// A select over the table `source` whose columns are named like the canonical ones.
    #[serde(default)]
    pub sql: Option<String>,
    /// What the source's customers are identified by: `user_id`, `email`, `phone`, ...
    #[serde(default)]
    pub customers_are: Option<String>,
    /// Which of day and month comes first in dates such as 03/04/2025, where their column cannot tell.
    #[serde(default, deserialize_with = "written::date_order")]
    pub date_order: Option<DateOrder>,
}

fn orders() -> String {
    "orders".to_owned()
}

/// One place or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected one path or a list of paths")]
pub enum Files {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Files {
    /// All places.
    #[must_use]
    pub fn paths(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }
}

/// `[events]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Whether orders that came as live events are valued.
    pub orders: bool,
    /// Whether what customers did beside ordering is read beside the sources.
    pub activities: bool,
    /// What an order of a live event is worth.
    pub net: NetRule,
    /// When a shared e-mail address makes one customer of two.
    pub join_by_email: JoinByEmail,
    /// Kinds of further identifiers that tell a customer.
    #[serde(deserialize_with = "written::external_kinds")]
    pub external_kinds: Vec<String>,
}

impl Default for Events {
    fn default() -> Self {
        let IdentityRules { join_by_email, external_kinds } = IdentityRules::default();
        Self { orders: true, activities: true, net: NetRule::default(), join_by_email, external_kinds }
    }
}

/// `[store]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// `sqlite:FILE`, `postgres://...`, `env:NAME` or `file:PATH`; the environment's `DATABASE_URL` wins.
    pub url: Address,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { url: "sqlite:perennial.db".into() }
    }
}

/// `[schedule]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleSection {
    /// When a run begins, in the shop's time zone.
    #[serde(deserialize_with = "written::every")]
    pub every: Option<Every>,
}

/// `[privacy]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Privacy {
    /// How long the content of events is kept, in days; for ever where it is missing.
    #[serde(deserialize_with = "written::optional_days")]
    pub keep_event_payloads: Option<f64>,
}

/// `[[exports]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// A file or an object-store URL, ending in `.parquet`, `.csv` or `.json`; or a database, with `table`.
    pub to: Address,
    /// The table of the database.
    #[serde(default)]
    pub table: Option<String>,
    /// The columns to write; all where it is missing.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Whose values may go there.
    pub consent: ConsentRule,
}

/// Whose values an export may hold. It has to be said, so that nobody forgets it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected \"not_needed\" or { purpose = \"...\", channel = \"...\", topic = \"...\" }"
)]
pub enum ConsentRule {
    /// The export stays within the shop's own accounting.
    Word(NotNeeded),
    /// Only those who agreed.
    Asked(ConsentScope),
}

/// The word that says that no consent is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotNeeded {
    /// `not_needed`
    NotNeeded,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The address and port that `perennial serve` listens on.
    pub address: std::net::SocketAddr,
}

impl Default for Server {
    fn default() -> Self {
        Self { address: ([127, 0, 0, 1], 7373).into() }
    }
}
