//! The messages of all languages, and the functions by which they write their variables.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::{FluentResource, FluentValue};
use fluent_templates::{FluentBundle, Loader, static_loader};
use perennial_models::catalogue::CATALOGUE;
use serde_json::Value;

use crate::Language;
use crate::format::MISSING;

static_loader! {
    static MESSAGES = {
        locales: "./locales",
        fallback_language: "en",
        customise: |bundle| { add_functions(bundle); },
    };
}

/// The variables of a message by name.
pub(crate) type Variables = HashMap<Cow<'static, str>, FluentValue<'static>>;

/// A message with its variables.
pub(crate) fn look_up(language: Language, key: &str, variables: &Variables) -> String {
    MESSAGES.lookup_complete(&language.identifier(), key, Some(variables))
}

/// A field of a code as a variable.
pub(crate) fn variable(value: Value) -> FluentValue<'static> {
    match value {
        Value::String(text) => text.into(),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN).into(),
        Value::Bool(flag) => if flag { "true" } else { "false" }.into(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .into_iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            items.join(", ").into()
        }
        Value::Null | Value::Object(_) => MISSING.into(),
    }
}

fn add_functions(bundle: &mut FluentBundle<&'static FluentResource>) {
    let language = Language::ALL
        .into_iter()
        .find(|language| bundle.locales.contains(&language.identifier()))
        .unwrap_or_default();
    // Both languages run from left to right: no marks are needed around what stands in a sentence.
    bundle.set_use_isolating(false);
    add_function(bundle, "COUNT", move |value, _| language.number(value, 0));
    add_function(bundle, "DECIMAL", move |value, decimals| language.number(value, decimals_or(decimals, 1)));
    add_function(bundle, "PERCENT", move |value, decimals| language.percent(value, decimals_or(decimals, 0)));
    add_function(bundle, "MONEY", move |value, currency| match currency {
        Some(FluentValue::String(code)) if !code.is_empty() => language.money_rounded(value, Some(code)),
        _ => language.money_rounded(value, None),
    });
    let added = bundle.add_function("MODEL", |values, _| match values.first() {
        Some(FluentValue::String(code)) => model_title(code).to_owned().into(),
        _ => MISSING.into(),
    });
    debug_assert!(added.is_ok(), "each function is added to a bundle once");
    let added = bundle.add_function("DATE", move |values, _| match values.first() {
        Some(FluentValue::String(day)) => {
            day.parse().map_or(day.clone().into_owned(), |day| language.date(day)).into()
        }
        _ => MISSING.into(),
    });
    debug_assert!(added.is_ok(), "each function is added to a bundle once");
}

/// Adds a function of a number and one more argument; what is no number reads as missing.
fn add_function(
    bundle: &mut FluentBundle<&'static FluentResource>,
    name: &str,
    write: impl Fn(f64, Option<&FluentValue<'_>>) -> String + Send + Sync + 'static,
) {
    let added = bundle.add_function(name, move |values, _| match values.first().and_then(number) {
        Some(value) => write(value, values.get(1)).into(),
        None => MISSING.into(),
    });
    debug_assert!(added.is_ok(), "each function is added to a bundle once");
}

/// How many decimals a message asks for.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn decimals_or(asked: Option<&FluentValue<'_>>, default: usize) -> usize {
    asked.and_then(number).map_or(default, |count| count.clamp(0.0, 9.0) as usize)
}

/// The title of a model, or the code itself where there is none.
pub(crate) fn model_title(code: &str) -> &str {
    CATALOGUE.iter().find(|entry| entry.name == code).map_or(code, |entry| entry.title)
}

fn number(value: &FluentValue<'_>) -> Option<f64> {
    match value {
        FluentValue::Number(number) => Some(number.value),
        _ => None,
    }
}
