//! The parts of a saved fit, in the order of the file.

use serde::{Deserialize, Serialize};
use serde_json::{Value, error::Category};

use super::{
    FORMAT, FittedData, SavedFit, SavedFitError, VERSION,
    number::{Number, numbers, rows, values, values_of_rows},
};
use crate::{
    Diagnostics, Estimated, Fingerprint, Fit, InvalidParameters, ModelKind, Name, Outcome, Sample,
    SampleOrigin, Scale, SpendFit, SpendKind, TimeUnit, TransactionFit,
};

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    format: String,
    version: u64,
    unit: TimeUnit,
    data: DataPart,
    transactions: FitPart,
    #[serde(deserialize_with = "present")]
    spend: Option<FitPart>,
    checksum: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataPart {
    fingerprint: Fingerprint,
    customers: Number,
    first_day: String,
    until: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FitPart {
    model: String,
    /// The model's parameters that were chosen and not estimated, which come first.
    fixed: Vec<FixedPart>,
    /// The estimated ones.
    parameters: Vec<ParameterPart>,
    covariance: Vec<Vec<Number>>,
    #[serde(deserialize_with = "present")]
    sample: Option<SamplePart>,
    log_likelihood: Number,
    outcome: OutcomePart,
    customers: Number,
    evaluations: usize,
}

/// A parameter that was chosen and not estimated.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedPart {
    name: String,
    value: Number,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterPart {
    name: String,
    value: Number,
    #[serde(deserialize_with = "present")]
    standard_error: Option<Number>,
    scale: ScalePart,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScalePart {
    Log,
    Identity,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum OutcomePart {
    Converged,
    Edge { parameters: Vec<String> },
    Stalled { gradient: Number },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SamplePart {
    origin: OriginPart,
    values: Vec<Vec<Number>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum OriginPart {
    Posterior {
        chains: usize,
        draws: usize,
        divergences: usize,
        r_hat: Vec<Number>,
        bulk_ess: Vec<Number>,
        tail_ess: Vec<Number>,
    },
    Bootstrap {
        failed: usize,
    },
}

/// A field that may be null but not missing.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

impl File {
    /// # Errors
    /// When a fit is of a model without a name, or not consistent in itself.
    pub(super) fn new(
        transactions: &TransactionFit,
        spend: Option<&SpendFit>,
        unit: TimeUnit,
        data: &FittedData,
    ) -> Result<Self, SavedFitError> {
        let transaction_part =
            FitPart::new(transactions, transactions.model.name(), &transactions.model.parameters())?;
        transaction_kind(&transaction_part.model)?;
        let spend = spend
            .map(|fit| {
                let part = FitPart::new(fit, fit.model.name(), &fit.model.parameters())?;
                spend_kind(&part.model).map(|_| part)
            })
            .transpose()?;
        let mut file = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            unit,
            data: DataPart {
                fingerprint: data.fingerprint,
                customers: Number(data.customers),
                first_day: data.first_day.clone(),
                until: data.until.clone(),
            },
            transactions: transaction_part,
            spend,
            checksum: String::new(),
        };
        file.checksum = file.content_checksum()?.1;
        Ok(file)
    }

    /// The file as text.
    pub(super) fn to_text(&self) -> Result<String, SavedFitError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| SavedFitError::Field { problem: error.to_string() })
    }

    /// Takes the checksum out of the file, and gives that of everything else.
    fn content_checksum(&mut self) -> Result<(String, String), SavedFitError> {
        let found = std::mem::take(&mut self.checksum);
        let content =
            serde_json::to_vec(self).map_err(|error| SavedFitError::Field { problem: error.to_string() })?;
        Ok((found, Fingerprint::of(&content).to_string()))
    }

    /// # Errors
    /// When the text is not a saved fit of this version with exactly its fields.
    pub(super) fn from_text(text: &[u8]) -> Result<Self, SavedFitError> {
        let header: Value = serde_json::from_slice(text).map_err(|error| match error.classify() {
            Category::Eof => SavedFitError::Truncated { line: error.line(), column: error.column() },
            _ => SavedFitError::NotJson { problem: error.to_string() },
        })?;
        check_header(&header)?;
        serde_json::from_slice(text).map_err(|error| SavedFitError::Field { problem: error.to_string() })
    }

    /// # Errors
    /// When a part cannot be, or the content is not the one that was written.
    pub(super) fn into_fit(mut self) -> Result<SavedFit, SavedFitError> {
        let (found, actual) = self.content_checksum()?;
        let transactions = transaction_fit(self.transactions)?;
        let spend = self.spend.map(spend_fit).transpose()?;
        // Last, as what is wrong with a part says more than that something is.
        if found != actual {
            return Err(SavedFitError::Checksum { found, actual });
        }
        let DataPart { fingerprint, customers, first_day, until } = self.data;
        let data = FittedData { fingerprint, customers: customers.0, first_day, until };
        Ok(SavedFit { unit: self.unit, data, transactions, spend })
    }
}

/// # Errors
/// When the JSON is that of another program, or of another version.
fn check_header(json: &Value) -> Result<(), SavedFitError> {
    let shown = |value: Option<&Value>| value.map_or_else(|| "missing".to_owned(), Value::to_string);
    let format = json.get("format");
    if format.and_then(Value::as_str) != Some(FORMAT) {
        return Err(SavedFitError::Format { found: shown(format) });
    }
    let version = json.get("version");
    if version.and_then(Value::as_u64) != Some(VERSION) {
        return Err(SavedFitError::Version { found: shown(version) });
    }
    Ok(())
}

fn transaction_kind(name: &str) -> Result<ModelKind, SavedFitError> {
    name.parse().map_err(|_| unknown(name, &ModelKind::ALL.map(ModelKind::name)))
}

fn spend_kind(name: &str) -> Result<SpendKind, SavedFitError> {
    name.parse().map_err(|_| unknown(name, &SpendKind::ALL.map(SpendKind::name)))
}

fn unknown(name: &str, known: &[&str]) -> SavedFitError {
    SavedFitError::UnknownModel { name: name.to_owned(), known: known.join(", ") }
}

fn transaction_fit(part: FitPart) -> Result<TransactionFit, SavedFitError> {
    let kind = transaction_kind(&part.model)?;
    part.into_fit(kind.parameter_names(), |values| kind.model(values))
}

fn spend_fit(part: FitPart) -> Result<SpendFit, SavedFitError> {
    let kind = spend_kind(&part.model)?;
    part.into_fit(kind.parameter_names(), |values| kind.model(values))
}

impl FitPart {
    /// # Errors
    /// When the fit's parameters are not those of its model, or its covariance or sample is of another size.
    fn new<M>(fit: &Fit<M>, model: &str, parameters: &[(&'static str, f64)]) -> Result<Self, SavedFitError> {
        let same = |(estimated, (name, value)): (&Estimated, &(&'static str, f64))| {
            estimated.name == *name && estimated.value.to_bits() == value.to_bits()
        };
        let inconsistent = || SavedFitError::Inconsistent { model: model.to_owned() };
        let chosen = parameters.len().checked_sub(fit.parameters.len()).ok_or_else(inconsistent)?;
        let (fixed, estimated) = parameters.split_at(chosen);
        if !fit.parameters.iter().zip(estimated).all(same) {
            return Err(inconsistent());
        }
        let part = Self {
            model: model.to_owned(),
            fixed: fixed
                .iter()
                .map(|(name, value)| FixedPart { name: (*name).to_owned(), value: Number(*value) })
                .collect(),
            parameters: fit.parameters.iter().map(ParameterPart::new).collect(),
            covariance: rows(&fit.covariance),
            sample: fit.sample.as_ref().map(SamplePart::new),
            log_likelihood: Number(fit.log_likelihood),
            outcome: OutcomePart::new(&fit.outcome),
            customers: Number(fit.customers),
            evaluations: fit.evaluations,
        };
        part.check_sizes()?;
        Ok(part)
    }

    /// # Errors
    /// When the covariance is not square in the parameters, or a draw of the sample has another number of values.
    fn check_sizes(&self) -> Result<(), SavedFitError> {
        let expected = self.parameters.len();
        let wrong =
            |what, found| Err(SavedFitError::Size { model: self.model.clone(), what, found, expected });
        if self.covariance.len() != expected {
            return wrong("covariance", self.covariance.len());
        }
        if let Some(row) = self.covariance.iter().find(|row| row.len() != expected) {
            return wrong("covariance", row.len());
        }
        let mut draws = self.sample.iter().flat_map(|sample| &sample.values);
        draws.find(|draw| draw.len() != expected).map_or(Ok(()), |draw| wrong("sample", draw.len()))
    }

    /// # Errors
    /// When the parameters are not those of the model or out of range, or sizes do not agree.
    fn into_fit<M>(
        self,
        names: &[&str],
        make: impl FnOnce(&[f64]) -> Result<M, InvalidParameters>,
    ) -> Result<Fit<M>, SavedFitError> {
        let fixed = self.fixed.iter().map(|parameter| (parameter.name.as_str(), parameter.value.0));
        let estimated = self.parameters.iter().map(|parameter| (parameter.name.as_str(), parameter.value.0));
        let (found, values): (Vec<&str>, Vec<f64>) = fixed.chain(estimated).unzip();
        if found != names {
            return Err(SavedFitError::ParameterNames {
                found: found.join(", "),
                expected: names.join(", "),
                model: self.model,
            });
        }
        self.check_sizes()?;
        let model =
            make(&values).map_err(|source| SavedFitError::Parameters { model: self.model, source })?;
        Ok(Fit {
            model,
            parameters: self.parameters.into_iter().map(ParameterPart::into_estimated).collect(),
            covariance: values_of_rows(&self.covariance),
            sample: self.sample.map(SamplePart::into_sample),
            log_likelihood: self.log_likelihood.0,
            outcome: self.outcome.into_outcome(),
            customers: self.customers.0,
            evaluations: self.evaluations,
        })
    }
}

impl ParameterPart {
    fn new(estimated: &Estimated) -> Self {
        Self {
            name: estimated.name.to_string(),
            value: Number(estimated.value),
            standard_error: estimated.standard_error.map(Number),
            scale: match estimated.scale {
                Scale::Log => ScalePart::Log,
                Scale::Identity => ScalePart::Identity,
            },
        }
    }

    fn into_estimated(self) -> Estimated {
        Estimated {
            name: self.name.into(),
            value: self.value.0,
            standard_error: self.standard_error.map(|number| number.0),
            scale: match self.scale {
                ScalePart::Log => Scale::Log,
                ScalePart::Identity => Scale::Identity,
            },
        }
    }
}

impl OutcomePart {
    fn new(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Converged => Self::Converged,
            Outcome::Edge { parameters } => {
                Self::Edge { parameters: parameters.iter().map(Name::to_string).collect() }
            }
            Outcome::Stalled { gradient } => Self::Stalled { gradient: Number(*gradient) },
        }
    }

    fn into_outcome(self) -> Outcome {
        match self {
            Self::Converged => Outcome::Converged,
            Self::Edge { parameters } => {
                Outcome::Edge { parameters: parameters.into_iter().map(Name::from).collect() }
            }
            Self::Stalled { gradient } => Outcome::Stalled { gradient: gradient.0 },
        }
    }
}

impl SamplePart {
    fn new(sample: &Sample) -> Self {
        let origin = match &sample.origin {
            SampleOrigin::Posterior(diagnostics) => OriginPart::Posterior {
                chains: diagnostics.chains,
                draws: diagnostics.draws,
                divergences: diagnostics.divergences,
                r_hat: numbers(&diagnostics.r_hat),
                bulk_ess: numbers(&diagnostics.bulk_ess),
                tail_ess: numbers(&diagnostics.tail_ess),
            },
            SampleOrigin::Bootstrap { failed } => OriginPart::Bootstrap { failed: *failed },
        };
        Self { origin, values: rows(&sample.values) }
    }

    fn into_sample(self) -> Sample {
        let origin = match self.origin {
            OriginPart::Posterior { chains, draws, divergences, r_hat, bulk_ess, tail_ess } => {
                SampleOrigin::Posterior(Diagnostics {
                    chains,
                    draws,
                    divergences,
                    r_hat: values(&r_hat),
                    bulk_ess: values(&bulk_ess),
                    tail_ess: values(&tail_ess),
                })
            }
            OriginPart::Bootstrap { failed } => SampleOrigin::Bootstrap { failed },
        };
        Sample { values: values_of_rows(&self.values), origin }
    }
}
