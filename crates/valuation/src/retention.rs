//! Models of customers with a contract, fitted on subscriptions: parameters or hazard ratios, and the curve of survival.

use jiff::civil::Date;
use perennial_models::{
    BetaDiscreteWeibull, Cox, CoxData, Fit, KaplanMeier, RetentionModel, Sbg, Tenure, TenureBase, TimeUnit,
};

use crate::Error;
use crate::hold_out::EstimateTable;
use crate::subscriptions::Subscriptions;

/// The retention curve is shown up to this many periods beyond those observed.
const PROJECTED: u32 = 12;

/// How a model of retention is fitted.
#[derive(Debug, Clone, Copy)]
pub struct RetentionRequest {
    /// The length of a period, where durations follow from days.
    pub unit: TimeUnit,
    /// The last day that is known, where contracts go on; `None` takes the last day in the table.
    pub until: Option<Date>,
    /// Fit on so many periods only, and hold the projection against the rest.
    pub periods: Option<u32>,
    /// The probability that an interval is meant to hold.
    pub level: f64,
}

/// A model of customers with a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionKind {
    /// Shifted beta-geometric.
    Sbg,
    /// Beta-discrete-Weibull.
    Bdw,
    /// Kaplan and Meier's product limit.
    KaplanMeier,
    /// Cox's proportional hazards.
    Cox,
}

impl RetentionKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Sbg, Self::Bdw, Self::KaplanMeier, Self::Cox];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sbg => "sbg",
            Self::Bdw => "bdw",
            Self::KaplanMeier => "kaplan-meier",
            Self::Cox => "cox",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a model says of one period.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct RetentionPoint {
    /// The period: renewals since the start.
    pub period: u32,
    /// The share observed to stay this long (Kaplan-Meier), as far as it can be observed.
    pub observed: Option<f64>,
    /// The share that the model says stays this long, or the ends of the interval around what was observed.
    pub survival: Option<f64>,
    /// The share of those up for this renewal who renew.
    pub retention_rate: Option<f64>,
    /// The lower end of the interval of what was observed.
    pub lower: Option<f64>,
    /// Its upper end.
    pub upper: Option<f64>,
}

/// How a covariate moves the hazard of leaving.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Ratio {
    /// The covariate.
    pub name: String,
    /// By what the hazard is multiplied when it rises by one.
    pub ratio: f64,
    /// The ends of the ratio's interval; `None` where the data do not say.
    pub interval: Option<[f64; 2]>,
    /// The probability of as large an effect by chance.
    pub p_value: Option<f64>,
}

/// A fitted model of retention.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Retention {
    /// The model's name.
    pub model: &'static str,
    /// The customers, or what the table counts instead.
    pub customers: f64,
    /// Those whose contract has ended.
    pub ended: f64,
    /// The periods that the fit saw, where it was not all of them.
    pub fitted_periods: Option<u32>,
    /// The parameters; `None` of Kaplan-Meier, which has none.
    pub fit: Option<EstimateTable>,
    /// Survival and retention by period.
    pub curve: Vec<RetentionPoint>,
    /// The expected further renewals of a customer who has just started; infinite where the model has no mean.
    pub expected_residual_lifetime: Option<f64>,
    /// The hazard ratios of Cox.
    pub hazard_ratios: Vec<Ratio>,
    /// How well Cox orders the lifetimes: 0.5 is chance, 1 perfect.
    pub concordance: Option<f64>,
    /// Rows that could not be used.
    pub refused: u64,
}

impl Subscriptions {
    /// Fits a model.
    ///
    /// # Errors
    /// When too few contracts have ended, or Cox has no covariate.
    pub fn fit(&self, kind: RetentionKind, request: &RetentionRequest) -> Result<Retention, Error> {
        let seen = self.seen(request.periods);
        let observed = KaplanMeier::new(&self.lifetimes, &self.customers);
        let failed = |model, source| Error::Fit { model, reason: source };
        let mut retention = Retention {
            model: kind.name(),
            customers: self.customers.iter().sum(),
            ended: self
                .lifetimes
                .iter()
                .zip(&self.customers)
                .filter(|(l, _)| l.ended())
                .map(|(_, n)| n)
                .sum(),
            fitted_periods: request
                .periods
                .filter(|_| matches!(kind, RetentionKind::Sbg | RetentionKind::Bdw)),
            fit: None,
            curve: Vec::new(),
            expected_residual_lifetime: None,
            hazard_ratios: Vec::new(),
            concordance: None,
            refused: self.refused.len() as u64,
        };
        match kind {
            RetentionKind::Sbg => {
                let fit = Sbg::fit(&seen).map_err(|source| failed("sBG", source))?;
                retention.parametric(&fit, &observed, request);
            }
            RetentionKind::Bdw => {
                let fit = BetaDiscreteWeibull::fit(&seen).map_err(|source| failed("BdW", source))?;
                retention.parametric(&fit, &observed, request);
            }
            RetentionKind::KaplanMeier => {
                retention.curve = curve(None, &observed, request);
            }
            RetentionKind::Cox => self.cox(&mut retention, &observed, request)?,
        }
        Ok(retention)
    }

    fn cox(
        &self,
        retention: &mut Retention,
        observed: &KaplanMeier,
        request: &RetentionRequest,
    ) -> Result<(), Error> {
        let failed = |problem: String| Error::Cox { problem };
        if self.covariates.is_empty() {
            return Err(failed(
                "name its covariates, columns of the same file, with --covariate-columns".to_owned(),
            ));
        }
        let mut data = CoxData::new(self.lifetimes.clone());
        for (name, values) in &self.covariates {
            data = data
                .with_covariate(name.clone(), values.clone())
                .map_err(|error| failed(error.to_string()))?;
        }
        let fit = Cox::fit(&data).map_err(|error| failed(error.to_string()))?;
        retention.concordance = fit.model.concordance(&data);
        retention.hazard_ratios = fit
            .hazard_ratios(request.level)
            .into_iter()
            .map(|ratio| Ratio {
                name: ratio.name.to_string(),
                ratio: ratio.ratio,
                interval: ratio.interval,
                p_value: ratio.p_value,
            })
            .collect();
        retention.fit = Some(EstimateTable::of(&fit));
        retention.curve = curve(None, observed, request);
        Ok(())
    }

    /// The tenures, as far as a fit on the first periods sees them.
    fn seen(&self, periods: Option<u32>) -> TenureBase {
        let most = periods.map_or(f64::INFINITY, f64::from);
        let mut base = TenureBase::new();
        for (lifetime, customers) in self.lifetimes.iter().zip(&self.customers) {
            let ended = lifetime.ended() && lifetime.duration().ceil() <= most;
            let periods = if ended {
                lifetime.duration().ceil().max(1.0)
            } else {
                lifetime.duration().min(most).floor()
            };
            if let Ok(tenure) = Tenure::new(periods as u32, ended) {
                base.push_count(tenure, *customers);
            }
        }
        base
    }
}

impl Retention {
    fn parametric<M: RetentionModel>(
        &mut self,
        fit: &Fit<M>,
        observed: &KaplanMeier,
        request: &RetentionRequest,
    ) {
        self.curve = curve(Some(&fit.model), observed, request);
        self.expected_residual_lifetime = Some(fit.model.expected_residual_lifetime(0));
        self.fit = Some(EstimateTable::of(fit));
    }
}

fn curve(
    model: Option<&dyn RetentionModel>,
    observed: &KaplanMeier,
    request: &RetentionRequest,
) -> Vec<RetentionPoint> {
    let last = observed.last_time().unwrap_or(0.0).floor().min(600.0) as u32;
    let end = if model.is_some() { last + PROJECTED } else { last };
    (0..=end)
        .map(|period| {
            let time = f64::from(period);
            let interval = observed.interval(time, request.level).filter(|_| period <= last);
            RetentionPoint {
                period,
                observed: observed.survival(time).filter(|_| period <= last),
                survival: model.map(|model| model.survival(time)),
                retention_rate: model.map(|model| model.retention_rate(period)),
                lower: interval.map(|[lower, _]| lower),
                upper: interval.map(|[_, upper]| upper),
            }
        })
        .collect()
}
