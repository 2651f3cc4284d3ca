//! One date: valued, and kept as a snapshot.

use jiff::civil::Date;
use perennial_lake::OutputFormat;
use perennial_report::Language as ReportLanguage;
use perennial_valuation::{CUSTOMER_VALUES, Estimating, OtherCosts, Request, Valuation, value};

use super::reading::Read;
use super::{DateOutcome, Dates, RunRequest, backfill, tiers};
use crate::file::{Language, Margin};
use crate::snapshot::{FORMAT, Fingerprint, Lock, Manifest, REPORT, Snapshots, VALUES, figures_sum};
use crate::{Error, Project};

/// Values dates of one reading.
pub(crate) struct Valuer<'a> {
    pub(crate) project: &'a Project,
    pub(crate) read: &'a Read,
    pub(crate) snapshots: &'a Snapshots,
    pub(crate) lock: &'a Lock,
    pub(crate) request: &'a RunRequest<'a>,
}

/// The table of a snapshot's values in the session.
const SNAPSHOT_VALUES: &str = "snapshot_values";

impl Valuer<'_> {
    /// The dates to value, in order.
    pub(crate) fn dates(&self) -> Vec<Date> {
        let over = self.last_day_over();
        match &self.request.dates {
            Dates::Last => vec![over],
            Dates::One(date) => vec![*date],
            Dates::Every(period, since) => backfill::period_ends(*period, *since, over),
        }
    }

    /// The last day of the data, or yesterday where the shop is, if the data reach into today.
    fn last_day_over(&self) -> Date {
        let today = self.today();
        self.read.reading.last_day.min(today.yesterday().unwrap_or(today))
    }

    fn today(&self) -> Date {
        self.request.now.to_zoned(self.project.sections.shop.time_zone.clone()).date()
    }

    /// Values a date and keeps the result, unless a snapshot says the same already; also the table of its values.
    pub(crate) fn date(&self, as_of: Date) -> Result<(DateOutcome, Option<&'static str>), Error> {
        let reading = &self.read.reading;
        let history = matches!(self.request.dates, Dates::Every(..));
        if history && as_of < reading.first_day {
            return Ok((DateOutcome::TooEarly { as_of }, None));
        }
        let fingerprint = self.read.fingerprints.up_to(as_of);
        let before = self.snapshots.last_of(as_of)?;
        if history && let Some(same) = before.as_ref().filter(|before| before.fingerprint == fingerprint) {
            return Ok((DateOutcome::Unchanged { as_of, snapshot: same.name.clone() }, None));
        }
        let valuation = self.value(as_of)?;
        let manifest = self.manifest(&valuation, fingerprint, before.as_ref())?;
        // A refund of an order that was known is data that changed, and may still change nothing before it.
        let same = before.filter(|before| history && before.figures == manifest.figures);
        if let Some(same) = same.filter(|same| same.fingerprint.settings == manifest.fingerprint.settings) {
            return Ok((DateOutcome::Unchanged { as_of, snapshot: same.name }, None));
        }
        let unfinished = self.snapshots.begin(self.lock)?;
        let session = &self.read.session;
        let values = unfinished.folder().join(VALUES);
        session.write(
            &format!("SELECT * FROM {SNAPSHOT_VALUES} ORDER BY customer_id"),
            &values,
            OutputFormat::Parquet,
        )?;
        let report = unfinished.folder().join(REPORT);
        perennial_report::write_html(&report, &valuation, reading, self.language())?;
        let folder = unfinished.finish(&manifest)?;
        let made = DateOutcome::Made { as_of, folder, manifest: Box::new(manifest) };
        Ok((made, Some(SNAPSHOT_VALUES)))
    }

    /// Values every customer and leaves the figures, with their tier, in [`SNAPSHOT_VALUES`].
    fn value(&self, as_of: Date) -> Result<Valuation, Error> {
        let (session, reading, sections) = (&self.read.session, &self.read.reading, &self.project.sections);
        let settings = &sections.value;
        if settings.margin == Some(Margin::Measured) && !reading.has_costs {
            return Err(Error::NoCosts);
        }
        let request = Request {
            as_of: Some(as_of),
            horizon_days: settings.horizon,
            discount: settings.discount,
            // The valuation measures it where none is given.
            margin: match settings.margin {
                Some(Margin::Given(rate)) => Some(rate),
                Some(Margin::Measured) | None => None,
            },
            other_costs: OtherCosts {
                per_order: sections.costs.per_order,
                share_of_revenue: sections.costs.share_of_revenue,
            },
            model: settings.model,
            unit: settings.unit,
            estimating: Estimating { uncertainty: settings.uncertainty, ..Estimating::default() },
            level: settings.level,
            seed: settings.seed,
            ..Request::new(self.today())
        };
        let valuation = value(session, reading, &request, self.request.on_stage)?;
        Ok(valuation)
    }

    fn manifest(
        &self,
        valuation: &Valuation,
        fingerprint: Fingerprint,
        before: Option<&Manifest>,
    ) -> Result<Manifest, Error> {
        let (session, sections) = (&self.read.session, &self.project.sections);
        let (tier, bounds) = tiers::column(session, CUSTOMER_VALUES, &sections.tiers)?;
        // Computed once: written, checksummed, published and exported from here.
        session.materialise(
            SNAPSHOT_VALUES,
            &format!(
                "SELECT CAST(customer_id AS VARCHAR) AS customer_id, * EXCLUDE (customer_id), {tier} FROM {CUSTOMER_VALUES}"
            ),
        )?;
        let as_of = valuation.definitions.as_of;
        Ok(Manifest {
            format: FORMAT,
            name: self.snapshots.next_name(as_of)?,
            as_of,
            made_at: self.request.now,
            perennial: env!("CARGO_PKG_VERSION").to_owned(),
            shop: sections.shop.name.clone(),
            restates: before.map(|before| before.name.clone()),
            fingerprint,
            figures: figures_sum(session, SNAPSHOT_VALUES)?.to_string(),
            // Customers are named in their own file only.
            valuation: Valuation { top_customers: Vec::new(), ..valuation.clone() },
            tiers: tiers::totals(session, SNAPSHOT_VALUES, bounds)?,
            sources: self.read.account.clone(),
            trends: self.read.trends.clone(),
            redactions: Vec::new(),
        })
    }

    fn language(&self) -> ReportLanguage {
        match self.project.sections.value.language {
            Language::En => ReportLanguage::English,
            Language::De => ReportLanguage::German,
        }
    }
}
