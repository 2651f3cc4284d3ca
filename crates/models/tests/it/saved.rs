//! Saved fits come back as they were, and nothing else is taken for one.

use perennial_math::random::stream;
use perennial_models::{
    CustomerBase, Diagnostics, Estimated, Fingerprint, Fit, FittedData, LogNormal, ModelKind, Outcome,
    ParetoNbd, Purchases, Sample, SampleOrigin, SavedFit, SavedFitError, Scale, SpendFit, SpendKind,
    TimeUnit, TransactionFit,
    saved::{from_json, to_json},
};
use proptest::{collection::vec, prelude::*};

use crate::{log_normal, recovery::simulate};

fn data() -> FittedData {
    let base: CustomerBase = [Purchases::new(2, 10.5, 39.0).expect("a history")].into_iter().collect();
    FittedData::of(&base, "1997-01-01", "1997-09-30")
}

/// Fits of both kinds on simulated customers.
fn fitted() -> (TransactionFit, SpendFit) {
    let truth = ParetoNbd::new(0.6, 10.0, 0.6, 12.0).expect("parameters");
    let transactions = ModelKind::ParetoNbd.fit(&simulate(&truth, 500, 40.0, 3)).expect("a fit");
    let spends = log_normal::simulate(&LogNormal::new(3.0, 0.6, 0.8).expect("parameters"), 200, 1);
    let spend = SpendKind::LogNormal.fit(&spends, &[1.0; 200]).expect("a fit");
    (transactions, spend)
}

fn text() -> String {
    let (transactions, spend) = fitted();
    to_json(&transactions, Some(&spend), TimeUnit::Week, &data()).expect("a text")
}

fn refused(text: &str) -> SavedFitError {
    from_json(text.as_bytes()).expect_err("no fit")
}

/// The text with one piece replaced, which must be there.
fn with(text: &str, piece: &str, replacement: &str) -> String {
    assert!(text.contains(piece), "{piece} is not in {text}");
    text.replacen(piece, replacement, 1)
}

#[test]
fn fits_come_back_and_predict_the_same() {
    let (transactions, spend) = fitted();
    let back = from_json(text().as_bytes()).expect("a fit");
    assert_eq!(format!("{:?}", back.transactions), format!("{transactions:?}"));
    assert_eq!(format!("{:?}", back.spend), format!("{:?}", Some(&spend)));
    assert_eq!((back.unit, &back.data), (TimeUnit::Week, &data()));
    let customer = Purchases::new(3, 20.0, 39.0).expect("a history");
    let forecast = |fit: &TransactionFit| fit.model.expected_purchases(&customer, 39.0).to_bits();
    assert_eq!(forecast(&back.transactions), forecast(&transactions));
    let drawn = |fit: &TransactionFit| fit.draw_values(5, &mut stream(1, 0));
    assert_eq!(drawn(&back.transactions), drawn(&transactions));
    let alone = to_json(&transactions, None, TimeUnit::Day, &data()).expect("a text");
    assert!(from_json(alone.as_bytes()).expect("a fit").spend.is_none());
}

/// A file of version 1 as it was first written: a change of the format that cannot read it needs a new version.
#[test]
fn the_first_version_is_read_for_ever() {
    let SavedFit { transactions, spend, unit, data } =
        from_json(include_bytes!("saved/version_1.json")).expect("a fit");
    assert_eq!(transactions.model.name(), "bg-nbd");
    assert_eq!(transactions.values(), [0.2426, 4.4136, 0.7929, 2.4259]);
    assert_eq!(spend.expect("a spend model").values(), [6.25, 3.74, 15.44]);
    assert_eq!(
        (unit, data.first_day.as_str(), data.until.as_str()),
        (TimeUnit::Week, "1997-01-01", "1997-09-30")
    );
}

#[test]
fn every_damage_of_one_byte_is_an_error_or_no_damage() {
    let text = text();
    let known = format!("{:?}", from_json(text.as_bytes()).expect("a fit"));
    let (mut refused, mut harmless) = (0, 0);
    for position in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[position] ^= 1 << bit;
            match from_json(&bytes) {
                Err(_) => refused += 1,
                Ok(fit) => {
                    assert_eq!(format!("{fit:?}"), known, "byte {position}, bit {bit}");
                    harmless += 1;
                }
            }
        }
    }
    // A space can become another space, and a digit one that means the same number; nearly all else matters.
    assert!(refused > 10 * harmless, "{refused} {harmless}");
}

#[test]
fn a_file_cut_short_is_said_to_be() {
    let text = text();
    for end in [1, 2, 40, text.len() / 2, text.len() - 3] {
        assert!(matches!(refused(&text[..end]), SavedFitError::Truncated { .. }), "{end}");
    }
    assert!(matches!(refused(""), SavedFitError::Truncated { .. }));
    assert!(refused(&text[..100]).to_string().contains("ends at line"));
}

#[test]
fn other_files_are_refused_with_what_they_are() {
    let text = text();
    assert!(matches!(refused("r,alpha,a,b\n1,2,3,4\n"), SavedFitError::NotJson { .. }));
    for other in ["{}", "[1, 2]", "3", "null", r#"{"format": 7}"#, r#"{"model": "bg-nbd", "version": 1}"#] {
        assert!(matches!(refused(other), SavedFitError::Format { .. }), "{other}");
    }
    let other = with(&text, "perennial-fit", "lifetimes");
    assert_eq!(refused(&other), SavedFitError::Format { found: "\"lifetimes\"".to_owned() });
    let later = refused(&with(&text, "\"version\": 1", "\"version\": 2"));
    assert_eq!(later, SavedFitError::Version { found: "2".to_owned() });
    assert!(later.to_string().contains("version 2, this program reads version 1"), "{later}");
    assert!(matches!(refused(&with(&text, "\"version\": 1", "\"v\": 1")), SavedFitError::Version { .. }));
}

#[test]
fn fields_that_are_unknown_missing_or_twice_are_refused() {
    let text = text();
    let cases = [
        ("\"unit\": \"week\"", "\"unit\": \"week\", \"currency\": \"EUR\"", "unknown field `currency`"),
        ("\"unit\": \"week\",", "", "missing field `unit`"),
        ("\"unit\": \"week\",", "\"unit\": \"week\", \"unit\": \"week\",", "duplicate field `unit`"),
        ("\"unit\": \"week\"", "\"unit\": \"fortnight\"", "unknown variant `fortnight`"),
        ("\"sample\": null,", "", "missing field `sample`"),
        ("\"scale\": \"log\"", "\"scale\": \"log\", \"prior\": 1", "unknown field `prior`"),
        ("\"fingerprint\": \"", "\"fingerprint\": \"x", "is not a fingerprint"),
        ("\"evaluations\": ", "\"evaluations\": -", "invalid value"),
    ];
    for (piece, replacement, problem) in cases {
        let error = refused(&with(&text, piece, replacement));
        assert!(matches!(error, SavedFitError::Field { .. }), "{error:?}");
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn models_and_parameters_that_cannot_be_are_refused_by_name() {
    let text = text();
    let error = refused(&with(&text, "\"pareto-nbd\"", "\"pareto-ggg-with-more\""));
    assert!(
        error.to_string().contains("known are ") && error.to_string().contains("mbg-nbd, pareto-nbd"),
        "{error}"
    );
    let error = refused(&with(&text, "\"log-normal\"", "\"gamma-gamma\""));
    assert!(
        error.to_string().contains("has the parameters (mu, sigma, tau), expected (p, q, gamma)"),
        "{error}"
    );
    let error = refused(&with(
        &text,
        "\"name\": \"alpha\",\n        \"value\": \"",
        "\"name\": \"alpha\",\n        \"value\": \"-",
    ));
    assert!(matches!(error, SavedFitError::Parameters { .. }), "{error:?}");
    assert!(error.to_string().contains("alpha is -") && error.to_string().contains("positive"), "{error}");
    let first = text.find("{\n        \"name\": \"r\"").expect("a parameter");
    let second = text.find("{\n        \"name\": \"alpha\"").expect("a parameter");
    let error = refused(&format!("{}{}", &text[..first], &text[second..]));
    assert!(
        error.to_string().contains("has the parameters (alpha, s, beta), expected (r, alpha, s, beta)"),
        "{error}"
    );
    let error = refused(&with(&text, "\"covariance\": [", "\"covariance\": [[],"));
    assert!(
        matches!(error, SavedFitError::Size { what: "covariance", found: 5, expected: 4, .. }),
        "{error:?}"
    );
}

#[test]
fn a_number_that_was_edited_is_noticed() {
    let error = refused(&with(&text(), "\"first_day\": \"1997-01-01\"", "\"first_day\": \"1997-01-02\""));
    assert!(matches!(error, SavedFitError::Checksum { .. }), "{error:?}");
}

#[test]
fn a_fit_that_is_not_its_model_s_is_not_saved() {
    let (mut transactions, _) = fitted();
    let save = |fit: &TransactionFit| to_json(fit, None, TimeUnit::Week, &data()).expect_err("no text");
    transactions.covariance.pop();
    assert!(matches!(
        save(&transactions),
        SavedFitError::Size { what: "covariance", found: 3, expected: 4, .. }
    ));
    transactions.parameters[0].value *= 2.0;
    assert_eq!(save(&transactions), SavedFitError::Inconsistent { model: "pareto-nbd".to_owned() });
}

/// Any number there is.
fn number() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(|bits| {
        let number = f64::from_bits(bits);
        // One not-a-number is as good as another.
        if number.is_nan() { f64::NAN } else { number }
    })
}

fn positive() -> impl Strategy<Value = f64> {
    number().prop_filter_map("positive and finite", |x| (x != 0.0 && x.is_finite()).then_some(x.abs()))
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Converged),
        vec(".*", 0..3)
            .prop_map(|names| Outcome::Edge { parameters: names.into_iter().map(Into::into).collect() }),
        number().prop_map(|gradient| Outcome::Stalled { gradient }),
    ]
}

fn sample(parameters: usize) -> impl Strategy<Value = Option<Sample>> {
    let origin = prop_oneof![
        any::<usize>().prop_map(|failed| SampleOrigin::Bootstrap { failed }),
        (any::<usize>(), vec(number(), 3)).prop_map(|(n, values)| {
            SampleOrigin::Posterior(Diagnostics {
                chains: n,
                draws: n / 2,
                divergences: n / 3,
                r_hat: values.clone(),
                bulk_ess: values.clone(),
                tail_ess: values,
            })
        }),
    ];
    proptest::option::of(
        (vec(vec(number(), parameters), 0..4), origin).prop_map(|(values, origin)| Sample { values, origin }),
    )
}

/// A fit of a model with these parameters and whatever else.
fn fit<M: std::fmt::Debug + 'static>(
    names: &'static [&'static str],
    make: impl Fn(&[f64]) -> M,
) -> impl Strategy<Value = Fit<M>> {
    let n = names.len();
    let rest = (vec(vec(number(), n), n), sample(n), outcome(), any::<usize>());
    (vec((positive(), proptest::option::of(number()), any::<bool>()), n), rest, number()).prop_map(
        move |(parameters, (covariance, sample, outcome, evaluations), customers)| Fit {
            model: make(&parameters.iter().map(|(value, ..)| *value).collect::<Vec<_>>()),
            parameters: parameters
                .into_iter()
                .zip(names)
                .map(|((value, standard_error, log), name)| Estimated {
                    name: (*name).into(),
                    value,
                    standard_error,
                    scale: if log { Scale::Log } else { Scale::Identity },
                })
                .collect(),
            covariance,
            sample,
            log_likelihood: -customers,
            outcome,
            customers,
            evaluations,
        },
    )
}

fn transaction_fit() -> impl Strategy<Value = TransactionFit> {
    (0..ModelKind::ALL.len()).prop_flat_map(|kind| {
        let kind = ModelKind::ALL[kind];
        let names = kind.parameter_names();
        // The k of the regular models is chosen, not estimated.
        let estimated = names.strip_prefix(&["k"]).unwrap_or(names);
        let chosen = vec![3.0; names.len() - estimated.len()];
        fit(estimated, move |values| kind.model(&[&chosen, values].concat()).expect("a model"))
    })
}

fn spend_fit() -> impl Strategy<Value = SpendFit> {
    (0..SpendKind::ALL.len()).prop_flat_map(|kind| {
        let kind = SpendKind::ALL[kind];
        fit(kind.parameter_names(), move |values| kind.model(values).expect("a model"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_fit_comes_back(
        transactions in transaction_fit(),
        spend in proptest::option::of(spend_fit()),
        (first_day, until) in (".*", ".*"),
        customers in number(),
    ) {
        let data = FittedData { fingerprint: Fingerprint::of(until.as_bytes()), customers, first_day, until };
        let text = to_json(&transactions, spend.as_ref(), TimeUnit::Month, &data).expect("a text");
        let back = from_json(text.as_bytes()).expect("a fit");
        prop_assert_eq!(format!("{:?}", back.transactions), format!("{transactions:?}"));
        prop_assert_eq!(format!("{:?}", back.spend), format!("{spend:?}"));
        prop_assert_eq!(format!("{:?}", back.data), format!("{data:?}"));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(from_json(&bytes).is_err());
    }

    #[test]
    fn no_change_of_a_file_is_read_as_another_fit(
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        transactions in transaction_fit(),
    ) {
        let mut bytes = to_json(&transactions, None, TimeUnit::Day, &data()).expect("a text").into_bytes();
        let at = position.index(bytes.len());
        bytes[at] = byte;
        if let Ok(fit) = from_json(&bytes) {
            prop_assert_eq!(format!("{:?}", fit.transactions), format!("{transactions:?}"));
        }
    }
}
