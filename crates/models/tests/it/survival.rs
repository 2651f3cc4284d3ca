//! Kaplan-Meier and Cox on published examples, on real subscribers beside another package, and on simulated ones.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use perennial_math::random::{exponential, standard_normal, stream, uniform_open};
use perennial_models::{Cox, CoxData, CoxError, KaplanMeier, Lifetime, Outcome};

use crate::{assertions::assert_near, data::columns};

/// Weeks of remission of leukaemia patients on 6-mercaptopurine and on placebo; false where the observation ended before a relapse.
/// Source: E. J. Freireich et al., Blood 21 (1963) 699-716, as printed by Kalbfleisch and Prentice and many since.
const TREATED: [(f64, bool); 21] = [
    (6.0, true),
    (6.0, true),
    (6.0, true),
    (6.0, false),
    (7.0, true),
    (9.0, false),
    (10.0, true),
    (10.0, false),
    (11.0, false),
    (13.0, true),
    (16.0, true),
    (17.0, false),
    (19.0, false),
    (20.0, false),
    (22.0, true),
    (23.0, true),
    (25.0, false),
    (32.0, false),
    (32.0, false),
    (34.0, false),
    (35.0, false),
];
const PLACEBO: [f64; 21] = [
    1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0, 8.0, 8.0, 8.0, 8.0, 11.0, 11.0, 12.0, 12.0, 15.0, 17.0,
    22.0, 23.0,
];

fn lifetime(duration: f64, ended: bool) -> Lifetime {
    Lifetime::new(duration, ended).expect("a lifetime")
}

fn treated() -> Vec<Lifetime> {
    TREATED.iter().map(|&(weeks, relapse)| lifetime(weeks, relapse)).collect()
}

#[test]
fn kaplan_meier_gives_the_printed_remissions() {
    let lifetimes = treated();
    let estimate = KaplanMeier::new(&lifetimes, &[1.0; 21]);
    // Time, patients at risk, S and its standard error.
    let printed = [
        (6.0, 21.0, 0.857, 0.0764),
        (7.0, 17.0, 0.807, 0.0869),
        (10.0, 15.0, 0.753, 0.0963),
        (13.0, 12.0, 0.690, 0.1068),
        (16.0, 11.0, 0.627, 0.1141),
        (22.0, 7.0, 0.538, 0.1282),
        (23.0, 6.0, 0.448, 0.1346),
    ];
    assert_eq!(estimate.steps().len(), printed.len());
    for (step, (time, at_risk, survival, error)) in estimate.steps().iter().zip(printed) {
        assert_eq!((step.time, step.at_risk), (time, at_risk));
        assert_near("S", step.survival, survival, 5.1e-4);
        assert_near("error", step.standard_error(), error, 5.1e-5);
        assert_eq!(estimate.survival(time + 0.5), Some(step.survival));
    }
    assert_eq!(estimate.median(), Some(23.0));
    assert_eq!(estimate.quantile(0.9), None);
    assert_eq!((estimate.survival(0.0), estimate.survival(5.999)), (Some(1.0), Some(1.0)));
    assert!(estimate.survival(35.0).is_some() && estimate.survival(35.1).is_none());
    assert_eq!((estimate.survival(-1.0), estimate.survival(f64::NAN)), (None, None));
    // By hand: 6 + 1 S(6) + 3 S(7) + ... until week 20.
    let survival = |time| estimate.survival(time).expect("observed");
    let area = 6.0
        + survival(6.0)
        + 3.0 * survival(7.0)
        + 3.0 * survival(10.0)
        + 3.0 * survival(13.0)
        + 4.0 * survival(16.0);
    assert_near("mean", estimate.restricted_mean(20.0).expect("observed").mean, area, 1e-12);
}

#[test]
fn counts_are_as_many_customers() {
    let lifetimes = treated();
    let numbers: Vec<usize> = (0..21).map(|i| i % 4).collect();
    let repeated: Vec<Lifetime> =
        lifetimes.iter().zip(&numbers).flat_map(|(lifetime, n)| std::iter::repeat_n(*lifetime, *n)).collect();
    let one_by_one = KaplanMeier::new(&repeated, &vec![1.0; repeated.len()]);
    let mut counts: Vec<f64> = numbers.iter().map(|n| *n as f64).collect();
    counts[0] = -0.0;
    assert_eq!(KaplanMeier::new(&lifetimes, &counts), one_by_one);
}

#[test]
fn nothing_and_everything_can_have_left() {
    let none = KaplanMeier::new(&[], &[]);
    assert_eq!((none.survival(0.0), none.median(), none.last_time()), (None, None, None));
    let all = KaplanMeier::new(&[lifetime(2.0, true), lifetime(4.0, true)], &[1.0, 1.0]);
    assert_eq!(
        (all.survival(4.0), all.interval(4.0, 0.95), all.standard_error(4.0)),
        (Some(0.0), Some([0.0; 2]), Some(0.0))
    );
    let mean = all.restricted_mean(4.0).expect("observed");
    // Two lifetimes of mean 3 and variance 1.
    assert_eq!((mean.mean, mean.standard_error), (3.0, 0.5_f64.sqrt()));
    assert!(Lifetime::new(-1.0, true).is_err() && Lifetime::new(f64::NAN, true).is_err());
}

/// Of many estimates the 95 % intervals hold the truth 95 times in a hundred, for S and for the restricted mean.
#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    let (mut held, mut held_mean) = (0.0, 0.0);
    let repetitions = 2_000;
    for repetition in 0..repetitions {
        let mut rng = stream(8, repetition);
        let lifetimes: Vec<Lifetime> = (0..100)
            .map(|_| {
                let (leaves, until) = (exponential(&mut rng, 0.1), 5.0 + 15.0 * uniform_open(&mut rng));
                lifetime(leaves.min(until), leaves < until)
            })
            .collect();
        let estimate = KaplanMeier::new(&lifetimes, &[1.0; 100]);
        let Some([low, high]) = estimate.interval(8.0, 0.95) else { panic!("observed") };
        let truth = (-0.8_f64).exp();
        held += f64::from(u8::from(low <= truth && truth <= high));
        let mean = estimate.restricted_mean(8.0).expect("observed");
        let truth = 10.0 * (1.0 - truth);
        held_mean += f64::from(u8::from((mean.mean - truth).abs() < 1.96 * mean.standard_error));
    }
    // Four standard errors of a share of 0.95, and one percentage point for a sample of a hundred.
    let allowed = 0.01 + 4.0 * (0.95 * 0.05 / repetitions as f64).sqrt();
    assert_near("S", held / repetitions as f64, 0.95, allowed);
    assert_near("mean", held_mean / repetitions as f64, 0.95, allowed);
}

/// The figures, with ties after Efron, are those of the Python package lifelines 0.30.3.
#[test]
fn cox_gives_the_effect_of_the_treatment() {
    let mut lifetimes = treated();
    lifetimes.extend(PLACEBO.map(|weeks| lifetime(weeks, true)));
    let placebo: Vec<f64> = (0..42).map(|i| f64::from(u8::from(i >= 21))).collect();
    let data = CoxData::new(lifetimes).with_covariate("placebo", placebo).expect("a covariate");
    let fit = Cox::fit(&data).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Converged);
    let ratio = &fit.hazard_ratios(0.95)[0];
    assert_near("coefficient", fit.parameters[0].value, 1.572_125, 5.1e-7);
    assert_near("error", fit.parameters[0].standard_error.expect("an error"), 0.412_397, 5.1e-7);
    assert_near("ratio", ratio.ratio, 1.572_125_f64.exp(), 3e-6);
    assert_near("log-likelihood", fit.log_likelihood, -85.008_424_577, 1e-8);
    assert_near("null", fit.model.null_log_likelihood(), -93.184_269_997, 1e-8);
    assert_near("concordance", fit.model.concordance(&data).expect("pairs"), 0.690_042_076, 1e-8);
    assert_near("likelihood ratio", fit.likelihood_ratio().statistic, 16.351_690_839, 1e-8);
    assert_near("p", fit.likelihood_ratio().p_value, 5.26e-5, 5.1e-7);
}

/// 7,043 subscribers of IBM's sample of a telephone company: months, and whether they left.
fn subscribers() -> Option<CoxData> {
    let names = ["tenure", "Churn", "Contract", "PaperlessBilling", "MonthlyCharges", "SeniorCitizen"];
    let columns = columns("telco_churn/telco_customer_churn.csv.gz", names)?;
    let [tenure, churn, contract, paperless, charges, senior] = columns;
    let number = |text: &String| text.parse::<f64>().expect("a number");
    let is = |column: &[String], word: &str| -> Vec<f64> {
        column.iter().map(|text| f64::from(u8::from(text == word))).collect()
    };
    let lifetimes = tenure.iter().zip(&churn).map(|(months, churn)| lifetime(number(months), churn == "Yes"));
    let data = CoxData::new(lifetimes.collect())
        .with_covariate("one_year", is(&contract, "One year"))
        .and_then(|data| data.with_covariate("two_year", is(&contract, "Two year")))
        .and_then(|data| data.with_covariate("paperless", is(&paperless, "Yes")))
        .and_then(|data| data.with_covariate("monthly_charges", charges.iter().map(number).collect()))
        .and_then(|data| data.with_covariate("senior", senior.iter().map(number).collect()))
        .expect("covariates");
    Some(data)
}

/// The figures are those of the Python package lifelines 0.30.3 on the same data, printed with ten digits.
#[test]
fn subscribers_leave_as_another_package_says() {
    let Some(data) = subscribers() else { return };
    let fit = Cox::fit(&data).expect("a fit");
    assert_eq!((data.lifetimes().len(), data.ended(), &fit.outcome), (7043, 1869, &Outcome::Converged));
    let lifelines = [
        (-2.161_434_737_3, 0.084_039_795_0),
        (-4.170_630_797_1, 0.157_391_310_5),
        (0.249_946_628_8, 0.056_347_816_5),
        (-0.001_041_061_1, 0.000_952_296_5),
        (0.003_834_251_4, 0.054_981_041_9),
    ];
    for (estimate, (coefficient, error)) in fit.parameters.iter().zip(lifelines) {
        assert_near(&estimate.name, estimate.value, coefficient, 1e-7);
        assert_near(&estimate.name, estimate.standard_error.expect("an error"), error, 1e-7);
    }
    assert_near("covariance", fit.covariance[0][3], 1.904_098e-6, 1e-9);
    assert_near("log-likelihood", fit.log_likelihood, -14_333.289_100_087_5, 1e-6);
    assert_near("likelihood ratio", fit.likelihood_ratio().statistic, 2_639.501_070_048, 1e-6);
    assert_near("concordance", fit.model.concordance(&data).expect("pairs"), 0.795_489_295, 1e-8);
    let hazard =
        |month: f64| fit.model.baseline().iter().rfind(|(time, _)| *time <= month).map(|(_, hazard)| *hazard);
    let subscriber = [1.0, 0.0, 1.0, 80.0, 0.0];
    for (month, cumulated, survival) in [
        (1.0, 0.021_301_354_2, 0.988_608_990_9),
        (12.0, 0.074_615_919_1, 0.960_664_308_0),
        (24.0, 0.113_857_346_7, 0.940_601_950_9),
        (72.0, 0.822_607_800_8, 0.642_480_781_5),
    ] {
        assert_near("baseline", hazard(month).expect("a hazard"), cumulated, 1e-8);
        assert_near("survival", fit.model.survival(&subscriber, month).expect("observed"), survival, 1e-8);
    }
    let further = fit.model.survival_from(&subscriber, 12.0, 24.0).expect("observed");
    assert_near("further", further, 0.940_601_950_9 / 0.960_664_308_0, 1e-8);
    assert_eq!(fit.model.survival(&subscriber, 73.0), None);
    assert_eq!(fit.model.survival(&subscriber[1..], 12.0), None);

    let estimate = KaplanMeier::new(data.lifetimes(), &vec![1.0; data.lifetimes().len()]);
    for (month, survival, low, high) in [
        (1.0, 0.945_961_319_7, 0.940_418_371_3, 0.951_002_121_0),
        (12.0, 0.843_199_553_8, 0.834_168_685_8, 0.851_783_320_7),
        (72.0, 0.592_790_152_1, 0.573_062_891_0, 0.611_936_209_2),
    ] {
        assert_near("S", estimate.survival(month).expect("observed"), survival, 1e-9);
        let [lower, upper] = estimate.interval(month, 0.95).expect("observed");
        assert_near("lower", lower, low, 1e-9);
        assert_near("upper", upper, high, 1e-9);
    }
    assert_eq!(estimate.median(), None);
    assert_near("mean", estimate.restricted_mean(36.0).expect("observed").mean, 29.804_389_7, 1e-6);
}

/// Subscribers whose hazard is t exp(beta x), their times rounded up to `step` where it is positive.
fn simulated(n: u64, coefficients: &[f64], step: f64, seed: u64) -> CoxData {
    let mut columns = vec![Vec::new(); coefficients.len()];
    let mut lifetimes = Vec::new();
    for customer in 0..n {
        let mut rng = stream(seed, customer);
        let mut predictor = 0.0;
        for (i, (column, coefficient)) in columns.iter_mut().zip(coefficients).enumerate() {
            let value =
                if i % 2 == 0 { standard_normal(&mut rng) } else { (10.0 * uniform_open(&mut rng)).floor() };
            column.push(value);
            predictor += coefficient * value;
        }
        let leaves = (2.0 * exponential(&mut rng, predictor.exp())).sqrt();
        let until = 3.0 * uniform_open(&mut rng);
        let time = leaves.min(until);
        let time = if step > 0.0 { (time / step).ceil() * step } else { time };
        lifetimes.push(lifetime(time, leaves < until));
    }
    let names = ["a", "b", "c", "d", "e"];
    names.iter().zip(columns).fold(CoxData::new(lifetimes), |data, (name, column)| {
        data.with_covariate(*name, column).expect("a covariate")
    })
}

#[test]
fn cox_is_recovered() {
    for (seed, (truth, step)) in
        (0..).zip([([0.5, -0.1], 0.0), ([-1.5, 0.3], 0.0), ([0.0, 0.0], 0.0), ([0.3, -0.05], 0.01)])
    {
        let fit = Cox::fit(&simulated(20_000, &truth, step, seed)).expect("a fit");
        assert_eq!(fit.outcome, Outcome::Converged);
        for (estimate, truth) in fit.parameters.iter().zip(truth) {
            let error = (estimate.value - truth) / estimate.standard_error.expect("an error");
            assert!(error.abs() < 3.0, "{estimate:?} for {truth}: {error:.2} standard errors");
        }
        // The survival of a subscriber: exp(-t^2/2 exp(beta x)).
        let survival = fit.model.survival(&[1.0, 4.0], 1.0).expect("observed");
        let expected = (-0.5 * (truth[0] + 4.0 * truth[1]).exp()).exp();
        assert_near("survival", survival, expected, 0.02);
    }
}

#[test]
fn coefficients_without_a_value_are_named() {
    let n = 200;
    let lifetimes: Vec<Lifetime> = (0..n).map(|i| lifetime(f64::from(1 + i % 50), i % 2 == 0)).collect();
    // Only customers with the discount ever leave.
    let discount: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 2 == 0))).collect();
    let age: Vec<f64> = (0..n).map(|i| f64::from(i * 37 % 61)).collect();
    let data = CoxData::new(lifetimes.clone())
        .with_covariate("discount", discount)
        .and_then(|data| data.with_covariate("age", age.clone()))
        .expect("covariates");
    let fit = Cox::fit(&data).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["discount".into()] }, "{fit:?}");
    assert!(fit.parameters[0].value > 10.0 && fit.parameters[0].standard_error.is_none());
    assert!(fit.parameters[1].standard_error.is_some());
    assert!(fit.covariance.iter().flatten().all(|entry| entry.is_finite()));
    assert_eq!(fit.hazard_ratios(0.95)[0].interval, None);
    assert!(fit.model.survival(&[1.0, 30.0], 10.0).is_some_and(|share| (0.0..1.0).contains(&share)));

    // A covariate twice, and one that is always the same.
    let days: Vec<f64> = age.iter().map(|age| 365.25 * age).collect();
    let data = CoxData::new(lifetimes)
        .with_covariate("age", age)
        .and_then(|data| data.with_covariate("same", vec![0.1; 200]))
        .and_then(|data| data.with_covariate("days", days))
        .expect("covariates");
    let fit = Cox::fit(&data).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["age".into(), "same".into(), "days".into()] });
    assert!(fit.parameters.iter().all(|parameter| parameter.value.is_finite()));
}

#[test]
fn a_risk_that_orders_all_departures_has_no_coefficient() {
    let lifetimes: Vec<Lifetime> = (1..=40).map(|i| lifetime(f64::from(i), true)).collect();
    let data = CoxData::new(lifetimes)
        .with_covariate("order", (1..=40).map(|i| -f64::from(i)).collect())
        .expect("a covariate");
    let fit = Cox::fit(&data).expect("a fit");
    assert_eq!(fit.outcome, Outcome::Edge { parameters: vec!["order".into()] });
    assert_eq!(fit.model.concordance(&data), Some(1.0));
    assert!(fit.log_likelihood.abs() < 1e-6);
}

#[test]
fn data_that_cannot_be_fitted_are_errors() {
    let lifetimes = treated();
    let none = Cox::fit(&CoxData::new(lifetimes.clone())).expect_err("no covariate");
    assert_eq!(none, CoxError::NoCovariate);
    let few = CoxData::new(lifetimes.clone()).with_covariate("x", vec![1.0; 21]).expect("a covariate");
    let few = Cox::fit(&few).expect_err("too little");
    assert_eq!(few, CoxError::TooFewEnded { ended: 9, customers: 21, needed: 10 });
    let mut values = vec![1.0; 21];
    let short = CoxData::new(lifetimes.clone()).with_covariate("x", values[1..].to_vec());
    assert_eq!(short, Err(CoxError::Length { name: "x".into(), values: 20, lifetimes: 21 }));
    values[3] = f64::INFINITY;
    let infinite = CoxData::new(lifetimes).with_covariate("x", values);
    assert_eq!(infinite, Err(CoxError::Value { name: "x".into(), row: 3, value: f64::INFINITY }));
}
