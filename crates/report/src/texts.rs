//! Sentences for the codes that a valuation speaks in.
//!
//! A warning, a reason or a bridge step is a code with fields and holds no prose. Here the code becomes the key of a
//! Fluent message and the fields its variables; how a variable reads (money, share, count, day) is said in the
//! message, by a function of its own: `{ MONEY($amount, $currency) }`, `{ PERCENT($share) }`, `{ COUNT($customers) }`,
//! `{ DECIMAL($years, 1) }`, `{ DATE($day) }`, `{ MODEL($model) }`. Every message also sees `$currency` and `$basis`,
//! which is `revenue` where costs are not known and `margin` elsewhere.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use jiff::civil::Date;
use perennial_valuation::figures::Estimate;
use perennial_valuation::hold_out::SpendSelection;
use perennial_valuation::methods::{BridgeStep, Input, Reason};
use perennial_valuation::{Definitions, Margin, Warning, WarningKind};
use serde::Serialize;
use serde_json::Value;

use crate::Language;
use crate::format::MISSING;
use crate::messages::{self, Variables};

/// What a person reads about a valuation, in one language.
#[derive(Debug, Clone)]
pub struct Texts {
    language: Language,
    currency: Option<String>,
    revenue_only: bool,
}

/// A warning in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningText {
    /// What is the matter, in a few words.
    pub title: String,
    /// What it means for the figures.
    pub text: String,
    /// What can be done.
    pub remedy: String,
}

/// The name of a thing and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Its name as it stands over a column or beside a number.
    pub name: String,
    /// What it means, with its unit.
    pub meaning: String,
}

impl Texts {
    /// Texts about a valuation, in its currency and under its margin.
    #[must_use]
    pub fn new(language: Language, definitions: &Definitions) -> Self {
        Self {
            language,
            currency: definitions.currency.clone(),
            revenue_only: definitions.margin == Margin::Revenue,
        }
    }

    /// Texts about purchases alone, without a currency.
    #[must_use]
    pub const fn plain(language: Language) -> Self {
        Self { language, currency: None, revenue_only: true }
    }

    /// The language of the texts.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// A message without variables of its own.
    #[must_use]
    pub fn text(&self, key: &str) -> String {
        self.text_with(key, &[])
    }

    /// A message with variables; numbers and texts as they are.
    #[must_use]
    pub fn text_with(&self, key: &str, variables: &[(&'static str, FluentValue<'static>)]) -> String {
        let mut all = self.shared_variables();
        all.extend(variables.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())));
        self.look_up(key, &all)
    }

    /// The sentence for a code: the message `<kind>-<code>`, its variables the fields beside the code.
    ///
    /// The code is what `value` serialises to: a string, or an object with the field `code`.
    #[must_use]
    pub fn code(&self, kind: &str, value: &(impl Serialize + ?Sized)) -> String {
        let (code, variables) = self.code_and_variables(value);
        self.look_up(&format!("{kind}-{code}"), &variables)
    }

    /// A warning in words.
    #[must_use]
    pub fn warning(&self, warning: &Warning) -> WarningText {
        let (code, mut variables) = self.code_and_variables(warning);
        variables.extend(self.derived(&warning.kind));
        let text = |part: &str| self.look_up(&format!("warning-{code}{part}"), &variables);
        WarningText { title: text(""), text: text(".text"), remedy: text(".remedy") }
    }

    /// The name and the definition of a figure, for example `historic_clv`.
    #[must_use]
    pub fn figure(&self, name: &str) -> Term {
        self.term("figure", name)
    }

    /// The name of a code and what it means: the message `<kind>-<code>` and its attribute `meaning`.
    #[must_use]
    pub fn term(&self, kind: &str, value: &(impl Serialize + ?Sized)) -> Term {
        Term { name: self.code(kind, value), meaning: self.attribute(kind, value, "meaning") }
    }

    /// An attribute of the message for a code.
    #[must_use]
    pub fn attribute(&self, kind: &str, value: &(impl Serialize + ?Sized), attribute: &str) -> String {
        let (code, variables) = self.code_and_variables(value);
        self.look_up(&format!("{kind}-{code}.{attribute}"), &variables)
    }

    /// Why a method is not supported, or what to keep in mind of it.
    #[must_use]
    pub fn reason(&self, reason: &Reason) -> String {
        let (code, mut variables) = self.code_and_variables(reason);
        match reason {
            Reason::InputOutOfRange { input } => {
                variables.insert("input".into(), self.code("input", input).into());
            }
            Reason::OnePointOfChurn { lower_churn, higher_churn } => {
                let value = |amount: &Option<f64>| self.money(amount.unwrap_or(f64::NAN));
                variables.insert("lower".into(), value(lower_churn).into());
                variables.insert("higher".into(), value(higher_churn).into());
            }
            _ => {}
        }
        self.look_up(&format!("reason-{code}"), &variables)
    }

    /// An input of a formula: its name, and its value with the unit.
    #[must_use]
    pub fn input(&self, input: &Input) -> (String, String) {
        let (code, mut variables) = self.code_and_variables(&input.name);
        variables.insert("value".into(), input.value.into());
        variables.insert("amount".into(), self.money(input.value).into());
        let key = format!("input-{code}");
        (self.look_up(&key, &variables), self.look_up(&format!("{key}.value"), &variables))
    }

    /// What a step of the bridge between two methods stands for.
    #[must_use]
    pub fn bridge_step(&self, step: &BridgeStep) -> String {
        self.code("difference", &step.difference)
    }

    /// The title of a model that is named by its code: `BG/NBD` for `bg-nbd`.
    #[must_use]
    pub fn model(&self, code: &str) -> String {
        messages::model_title(code).to_owned()
    }

    /// Why a spend model was chosen, in words.
    #[must_use]
    pub fn spend_selection(&self, selection: &SpendSelection) -> String {
        let other = selection.candidates.iter().find(|candidate| candidate.model != selection.chosen);
        let variables = [
            ("model", selection.chosen.clone().into()),
            ("other", other.map_or_else(|| MISSING.to_owned(), |candidate| candidate.model.clone()).into()),
            ("days", selection.hold_out_days.into()),
            ("until", selection.until.map_or_else(|| MISSING.to_owned(), |day| day.to_string()).into()),
        ];
        let (code, mut all) = self.code_and_variables(&selection.reason);
        all.extend(variables.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)));
        self.look_up(&format!("spend-selection-{code}"), &all)
    }

    /// How far a prediction lies from what came, as a share of what came, in words.
    #[must_use]
    pub fn deviation(&self, predicted: f64, actual: f64) -> String {
        let off = (predicted - actual) / actual;
        let share = self.percent(off.abs());
        match off {
            off if !off.is_finite() => MISSING.to_owned(),
            off if off > 0.0005 => self.text_with("deviation-more", &[("share", share.into())]),
            off if off < -0.0005 => self.text_with("deviation-less", &[("share", share.into())]),
            _ => self.text("deviation-none"),
        }
    }

    /// An amount with a sign, for a change.
    #[must_use]
    pub fn money_signed(&self, amount: f64) -> String {
        let text = self.money(amount);
        if amount > 0.0 { format!("+{text}") } else { text }
    }

    /// An amount to the currency's smallest unit.
    #[must_use]
    pub fn money(&self, amount: f64) -> String {
        self.language.money(amount, self.currency.as_deref())
    }

    /// An amount in whole units when it is whole or has four digits.
    #[must_use]
    pub fn money_rounded(&self, amount: f64) -> String {
        self.language.money_rounded(amount, self.currency.as_deref())
    }

    /// A whole number.
    #[must_use]
    pub fn count(&self, count: impl Into<Count>) -> String {
        self.language.number(count.into().0, 0)
    }

    /// A number with a fixed count of decimals.
    #[must_use]
    pub fn decimal(&self, value: f64, decimals: usize) -> String {
        self.language.number(value, decimals)
    }

    /// A share with one decimal.
    #[must_use]
    pub fn percent(&self, share: f64) -> String {
        self.language.percent(share, 1)
    }

    /// A share without decimals, for a level or a rate that someone chose.
    #[must_use]
    pub fn percent_rounded(&self, share: f64) -> String {
        // A rate such as 7.5 % keeps its decimal.
        let decimals = usize::from(((share * 100.0) - (share * 100.0).round()).abs() > 1e-9);
        self.language.percent(share, decimals)
    }

    /// A day.
    #[must_use]
    pub fn date(&self, date: Date) -> String {
        self.language.date(date)
    }

    /// The interval of an amount: `80%: from to`.
    #[must_use]
    pub fn money_interval(&self, estimate: &Estimate) -> String {
        self.interval(estimate, |amount| self.money_rounded(amount))
    }

    /// The interval of a count.
    #[must_use]
    pub fn count_interval(&self, estimate: &Estimate) -> String {
        self.interval(estimate, |count| self.count(count))
    }

    fn interval(&self, estimate: &Estimate, write: impl Fn(f64) -> String) -> String {
        self.text_with(
            "interval",
            &[
                ("level", self.percent_rounded(estimate.level).into()),
                ("lower", write(estimate.lower).into()),
                ("upper", write(estimate.upper).into()),
            ],
        )
    }

    fn shared_variables(&self) -> Variables {
        let basis = if self.revenue_only { "revenue" } else { "margin" };
        HashMap::from([
            (Cow::Borrowed("currency"), FluentValue::from(self.currency.clone().unwrap_or_default())),
            (Cow::Borrowed("basis"), FluentValue::from(basis)),
        ])
    }

    fn code_and_variables(&self, value: &(impl Serialize + ?Sized)) -> (String, Variables) {
        let mut variables = self.shared_variables();
        match serde_json::to_value(value) {
            Ok(Value::String(code)) => (code, variables),
            Ok(Value::Object(mut fields)) => {
                let code = match fields.remove("code") {
                    Some(Value::String(code)) => code,
                    _ => String::new(),
                };
                variables.extend(
                    fields.into_iter().map(|(name, value)| (Cow::Owned(name), messages::variable(value))),
                );
                (code, variables)
            }
            _ => (String::new(), variables),
        }
    }

    /// What a warning's sentences need beside its fields.
    fn derived(&self, kind: &WarningKind) -> Variables {
        let mut variables = Variables::new();
        let mut add = |name: &'static str, value: FluentValue<'static>| {
            variables.insert(Cow::Borrowed(name), value);
        };
        match kind {
            WarningKind::Trend { per_year } => {
                add("off", per_year.abs().into());
                add("direction", if *per_year > 0.0 { "up" } else { "down" }.into());
            }
            WarningKind::HoldOutBias { bias, .. } => add("off", bias.map_or(f64::NAN, f64::abs).into()),
            WarningKind::IntervalCoverage { coverage, level, .. } => {
                add("direction", if coverage < level { "narrow" } else { "wide" }.into());
            }
            WarningKind::SpendDependsOnFrequency { correlation } => {
                add("direction", if *correlation > 0.0 { "more" } else { "less" }.into());
            }
            WarningKind::TransactionModelNotFitted { why } | WarningKind::SpendModelNotFitted { why } => {
                add("why", self.code("why", why).into());
            }
            _ => {}
        }
        variables
    }

    fn look_up(&self, key: &str, variables: &Variables) -> String {
        messages::look_up(self.language, key, variables)
    }
}

/// A count as a float: beyond 2^53 only the digits that nobody reads are lost.
#[derive(Debug, Clone, Copy)]
pub struct Count(f64);

impl From<f64> for Count {
    fn from(count: f64) -> Self {
        Self(count)
    }
}

impl From<u64> for Count {
    fn from(count: u64) -> Self {
        Self(count as f64)
    }
}

impl From<u32> for Count {
    fn from(count: u32) -> Self {
        Self(f64::from(count))
    }
}

impl From<usize> for Count {
    fn from(count: usize) -> Self {
        Self(count as f64)
    }
}
