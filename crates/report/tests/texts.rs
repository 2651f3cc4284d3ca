//! Every code that a valuation or a reading can hold has its sentences in every language.

mod fixture;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use perennial_lake::{Change, Format, QualityCode, Refusal, Role, Treatment};
use perennial_models::TimeUnit;
use perennial_report::{Language, Texts};
use perennial_valuation::figures::CUSTOMER_COLUMNS;
use perennial_valuation::hold_out::SpendReason;
use perennial_valuation::methods::{BridgeStep, Difference, Input, InputName, Method, Reason};
use perennial_valuation::{Severity, Warning, WarningKind};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The codes of an enum, as its deserialiser names them when it is given another.
fn codes<T: DeserializeOwned + std::fmt::Debug>(tagged: bool) -> Vec<String> {
    let wrong = if tagged { json!({ "code": "no such code" }) } else { json!("no such code") };
    let error = serde_json::from_value::<T>(wrong).expect_err("no variant has this code").to_string();
    let codes: Vec<String> = error.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(codes.len() > 1, "no list of codes in {error:?}");
    codes
}

/// A value of every variant of a tagged enum: its fields are found by following the deserialiser's complaints.
fn samples<T: DeserializeOwned + std::fmt::Debug>() -> Vec<T> {
    codes::<T>(true)
        .into_iter()
        .map(|code| sample(Map::from_iter([("code".to_owned(), code.into())])))
        .collect()
}

fn sample<T: DeserializeOwned + std::fmt::Debug>(mut fields: Map<String, Value>) -> T {
    loop {
        let error = match serde_json::from_value(fields.clone().into()) {
            Ok(value) => return value,
            Err(error) => error.to_string(),
        };
        let missing = error.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let name = missing.unwrap_or_else(|| panic!("{error} in {fields:?}")).to_owned();
        let fits = |candidate: &Value| {
            let mut tried = fields.clone();
            tried.insert(name.clone(), candidate.clone());
            match serde_json::from_value::<T>(tried.into()) {
                Ok(_) => true,
                Err(error) => error.to_string().starts_with("missing field"),
            }
        };
        let value = candidates().into_iter().find(fits).unwrap_or_else(|| panic!("no value for {name}"));
        fields.insert(name, value);
    }
}

fn candidates() -> [Value; 7] {
    [
        json!(3),
        json!("2025-10-31"),
        json!("orders"),
        json!("churn"),
        json!(["s", "beta"]),
        json!({ "code": "no_mean_spend", "q": 0.9 }),
        json!("pareto-nbd"),
    ]
}

/// A finished text: nothing is missing in it and no variable was left out.
fn assert_finished(text: &str) {
    assert!(!text.is_empty());
    for mark in ["Unknown localization", "{", "NaN"] {
        assert!(!text.contains(mark), "{mark} in {text:?}");
    }
}

fn in_every_language(check: impl Fn(&Texts)) {
    for language in Language::ALL {
        check(&Texts::new(language, &fixture::valuation().definitions));
        check(&Texts::plain(language));
    }
}

#[test]
fn every_warning_has_title_text_and_remedy() {
    in_every_language(|texts| {
        for kind in samples::<WarningKind>() {
            for severity in [Severity::Info, Severity::Warning, Severity::Severe] {
                assert_finished(&texts.code("severity", &severity));
                let words = texts.warning(&Warning { severity, kind: kind.clone() });
                for text in [&words.title, &words.text, &words.remedy] {
                    assert_finished(text);
                }
            }
        }
    });
}

#[test]
fn every_reason_a_fit_can_fail_for_ends_the_warnings_sentence() {
    use perennial_valuation::warnings::FitFailure;
    in_every_language(|texts| {
        for why in samples::<FitFailure>() {
            let reason = texts.code("why", &why);
            assert_finished(&reason);
            let kind = WarningKind::TransactionModelNotFitted { why };
            assert!(texts.warning(&Warning { severity: Severity::Severe, kind }).text.contains(&reason));
        }
    });
}

#[test]
fn every_method_input_reason_and_difference_has_its_words() {
    in_every_language(|texts| {
        for method in
            [Method::LifetimeValue, Method::RevenueOverChurn, Method::RetentionTime, Method::Predictive]
        {
            let term = texts.term("method", &method);
            assert_finished(&term.name);
            assert_finished(&term.meaning);
            assert_finished(&texts.attribute("method", &method, "formula"));
        }
        for code in codes::<InputName>(false) {
            let name = serde_json::from_value(code.into()).unwrap();
            let (name, value) = texts.input(&Input { name, value: 1.5 });
            assert_finished(&name);
            assert_finished(&value);
        }
        for reason in samples::<Reason>() {
            assert_finished(&texts.reason(&reason));
        }
        for difference in samples::<Difference>() {
            let step =
                BridgeStep { from: Method::LifetimeValue, number: 1, before: 1.0, after: 2.0, difference };
            assert_finished(&texts.bridge_step(&step));
        }
    });
}

#[test]
fn every_reason_for_a_spend_model_names_it() {
    in_every_language(|texts| {
        for code in codes::<SpendReason>(false) {
            let reason = serde_json::from_value(code.into()).unwrap();
            let sentence = texts.spend_selection(&fixture::spend_selection(reason));
            assert_finished(&sentence);
            let model = if reason == SpendReason::OnlyOne { "Log-normal" } else { "Gamma-Gamma" };
            assert!(sentence.starts_with(model), "{sentence}");
        }
    });
}

#[test]
fn everything_about_the_source_has_its_words() {
    let roles = [
        Role::Customer,
        Role::Date,
        Role::Amount,
        Role::Order,
        Role::Quantity,
        Role::Price,
        Role::Currency,
        Role::Refund,
        Role::Cost,
        Role::Status,
        Role::CancelledAt,
        Role::Captured,
    ];
    let formats = [
        Format::Shopify,
        Format::Stripe,
        Format::WooCommerce,
        Format::OnlineRetail,
        Format::Cdnow,
        Format::Plain,
        Format::Canonical,
        Format::Several,
    ];
    let changes = [Change::New, Change::Worse, Change::Same, Change::Better, Change::Gone];
    in_every_language(|texts| {
        for code in Refusal::ALL {
            assert_finished(&texts.code("refusal", code));
        }
        for code in Treatment::ALL {
            assert_finished(&texts.code("treatment", code));
        }
        for code in QualityCode::ALL {
            assert_finished(&texts.code("check", code));
        }
        for code in &changes {
            assert_finished(&texts.code("change", code));
        }
        for code in &roles {
            assert_finished(&texts.code("role", code));
        }
        for code in &formats {
            assert_finished(&texts.code("format", code));
        }
    });
}

#[test]
fn every_column_of_the_output_has_a_name_and_a_definition() {
    in_every_language(|texts| {
        for column in CUSTOMER_COLUMNS {
            let term = texts.figure(column);
            assert_finished(&term.name);
            assert_finished(&term.meaning);
        }
        for unit in [TimeUnit::Day, TimeUnit::Week, TimeUnit::Month, TimeUnit::Year] {
            assert_finished(&texts.code("unit", &unit));
        }
    });
}

#[test]
fn numbers_in_a_sentence_follow_its_language() {
    let kind = WarningKind::RowsRefused { refused: 1_234, read: 12_345, share: 0.1 };
    let warning = Warning { severity: Severity::Warning, kind };
    let text = |language| {
        let texts = Texts::new(language, &fixture::valuation().definitions);
        texts.warning(&warning).text
    };
    assert!(text(Language::English).starts_with("1,234 of 12,345 rows"), "{}", text(Language::English));
    assert!(text(Language::German).starts_with("1.234 von 12.345 Zeilen"), "{}", text(Language::German));
}

#[test]
fn a_sentence_follows_its_numbers() {
    let texts = Texts::plain(Language::English);
    let title = |customers| {
        let kind = WarningKind::TooFewCustomers { customers, recommended: 500 };
        texts.warning(&Warning { severity: Severity::Warning, kind }).title
    };
    assert_eq!(title(1), "Only 1 customer");
    assert_eq!(title(20), "Only 20 customers");
    assert_eq!(texts.deviation(110.0, 100.0), "10.0% too high");
    assert_eq!(texts.deviation(90.0, 100.0), "10.0% too low");
    assert_eq!(texts.deviation(1.0, 0.0), "\u{2013}");
}

#[test]
fn value_without_costs_is_called_revenue() {
    let mut definitions = fixture::valuation().definitions;
    assert_eq!(Texts::new(Language::English, &definitions).figure("total_clv").name, "Total CLV");
    definitions.margin = perennial_valuation::Margin::Revenue;
    assert_eq!(Texts::new(Language::English, &definitions).figure("total_clv").name, "Total revenue CLV");
    assert_eq!(Texts::new(Language::German, &definitions).figure("total_clv").name, "Gesamter Umsatz-CLV");
}

/// The messages of a language with the variables that they use; an attribute counts as a message of its own.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language.code());
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in fs::read_dir(folder).expect("a folder of messages") {
        let text = fs::read_to_string(file.expect("a file of messages").path()).expect("messages");
        let mut message = String::new();
        let mut place = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split_once(" =").map(|(name, _)| name);
            match name {
                Some(name) if !name.starts_with(' ') => {
                    name.clone_into(&mut message);
                    place.clone_from(&message);
                    assert!(!messages.contains_key(name), "{name} stands twice");
                }
                Some(name) if name.trim_start().starts_with('.') => {
                    place = format!("{message}{}", name.trim_start());
                }
                _ => {}
            }
            let variables = line.split('$').skip(1).map(|rest| {
                rest.chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect::<String>()
            });
            messages.entry(place.clone()).or_default().extend(variables);
        }
    }
    messages
}

#[test]
fn all_languages_have_the_same_messages_with_the_same_variables() {
    let (english, german) = (messages(Language::English), messages(Language::German));
    assert!(english.len() > 200, "only {} messages were read", english.len());
    for (key, variables) in &english {
        assert_eq!(german.get(key), Some(variables), "{key}");
    }
    assert_eq!(english.len(), german.len());
}
