//! Fits with covariates on simulated customers.

use perennial_math::random::{standard_normal, stream, uniform_open};
use perennial_models::{
    BgNbd, CovariateBase, CovariateFitError, CovariateModel, CovariatePath, CovariateTerms, FitError,
    InvalidCovariates, InvalidPath, LikelihoodRatio, MbgNbd, ModelKind, Parameters, ParetoNbd, Process,
    Purchases, RetentionModel, Sbg, StaticCovariateFit, Tenure, TenureBase, TimeVaryingParetoNbd, TimedBase,
    TimedPurchases, TransactionModel, Weakness,
};

use crate::assertions::assert_recovered;

const BOTH: [Process; 2] = [Process::Purchase, Process::Dropout];

/// The names of the simulated customers' covariates: 0 or 1, and spread around 1975 by 10.
const NAMES: [&str; 2] = ["Channel", "Born"];

/// What moves a process: the channel, and the years since 1975.
type Effects = [f64; 2];

fn history(times: &[f64], age: f64) -> Purchases {
    let frequency = u32::try_from(times.len()).expect("few purchases");
    Purchases::new(frequency, times.last().copied().unwrap_or(0.0), age).expect("a valid history")
}

/// Customers whose covariates move the model's parameters as `moved` says; nearly all have covariates of their own.
fn simulate<M: TransactionModel>(customers: u64, seed: u64, moved: impl Fn(&[f64; 2]) -> M) -> CovariateBase {
    let mut base = CovariateBase::new(NAMES);
    let mut times = Vec::new();
    for customer in 0..customers {
        let mut rng = stream(seed, customer);
        let channel = if uniform_open(&mut rng) < 0.4 { 1.0 } else { 0.0 };
        let years = 10.0 * standard_normal(&mut rng);
        let age = 50.0 + 50.0 * uniform_open(&mut rng);
        moved(&[channel, years]).simulate_new(age, &mut rng, &mut times);
        base.push(&[channel, 1975.0 + years], history(&times, age), 1).expect("valid covariates");
    }
    base
}

/// gamma' z.
fn sum(effects: Effects, covariates: &[f64; 2]) -> f64 {
    effects[0] * covariates[0] + effects[1] * covariates[1]
}

/// The likelihood of a model with covariates, group by group.
fn log_likelihood<M: Parameters>(
    model: &CovariateModel<M>,
    base: &CovariateBase,
    of: impl Fn(&M, &perennial_models::CustomerBase) -> f64,
) -> f64 {
    base.groups()
        .iter()
        .map(|group| of(&model.model_for(&group.covariates).expect("a model"), &group.customers))
        .sum()
}

#[test]
fn pareto_nbd_is_recovered() {
    let (purchase, dropout) = ([0.5, -0.03], [-0.7, 0.02]);
    let [r, alpha, s, beta] = [1.5, 10.0, 1.0, 30.0];
    let base = simulate(6_000, 31, |z| {
        let (alpha, beta) = (alpha * (-sum(purchase, z)).exp(), beta * (-sum(dropout, z)).exp());
        ParetoNbd::new(r, alpha, s, beta).expect("parameters")
    });
    let fit = ParetoNbd::fit_with_covariates(&base, &CovariateTerms::all(&NAMES, &BOTH)).expect("a fit");
    // The parameters reported are those of a customer born in the year 0.
    let at_zero = |value: f64, effects: Effects| value * (1975.0 * effects[1]).exp();
    let truth =
        [&[r, at_zero(alpha, purchase), s, at_zero(beta, dropout)], purchase.as_slice(), dropout.as_slice()]
            .concat();
    assert_recovered(&fit.fit, &truth);
    let names: Vec<&str> = fit.fit.parameters.iter().map(|parameter| parameter.name.as_ref()).collect();
    let expected =
        ["r", "alpha", "s", "beta", "purchase.Channel", "purchase.Born", "dropout.Channel", "dropout.Born"];
    assert_eq!(names, expected);
    assert_eq!(fit.weak_coefficients(), []);
    let whole = log_likelihood(&fit.fit.model, &base, ParetoNbd::log_likelihood);
    assert!((whole / fit.fit.log_likelihood - 1.0).abs() < 1e-11, "{whole} {}", fit.fit.log_likelihood);
    let ratio = fit.likelihood_ratio().expect("not penalised");
    assert_eq!(ratio.degrees_of_freedom, 4);
    assert!(ratio.statistic > 100.0 && ratio.p_value < 1e-20, "{ratio:?}");
    // The same, known only at run time.
    let kind =
        ModelKind::ParetoNbd.fit_with_covariates(&base, &CovariateTerms::all(&NAMES, &BOTH)).expect("a fit");
    assert_eq!(kind.fit.parameters, fit.fit.parameters);
    let customer = Purchases::new(3, 20.0, 40.0).expect("a valid history");
    let expected_of = |model: &dyn TransactionModel| model.expected_purchases(&customer, 10.0);
    let typed = expected_of(&fit.fit.model.model_for(&[1.0, 1990.0]).expect("a model"));
    let boxed = expected_of(&*kind.fit.model.model_for(&[1.0, 1990.0]).expect("a model"));
    assert!(typed.to_bits() == boxed.to_bits());
    let moved = [alpha * (-sum(purchase, &[1.0, 15.0])).exp(), beta * (-sum(dropout, &[1.0, 15.0])).exp()];
    let expected = expected_of(&ParetoNbd::new(r, moved[0], s, moved[1]).expect("parameters"));
    assert!((typed / expected - 1.0).abs() < 0.1, "{typed} {expected}");
}

/// A fit of BG/NBD or MBG/NBD.
type FitOf<M> = fn(&CovariateBase, &CovariateTerms) -> Result<StaticCovariateFit<M>, CovariateFitError>;

/// A model of geometric dropout whose a and b move together is found again.
fn recover_geometric_dropout<M: TransactionModel + Parameters>(
    fit: FitOf<M>,
    parameters: [f64; 4],
    seed: u64,
) {
    let (purchase, dropout) = ([0.5, -0.03], 1.5);
    let [r, alpha, a, b] = parameters;
    let base = simulate(15_000, seed, |z| {
        let factor = (dropout * z[0]).exp();
        let values = [r, alpha * (-sum(purchase, z)).exp(), a * factor, b * factor];
        M::from_values(&values).expect("parameters")
    });
    let terms = CovariateTerms::all(&NAMES, &[Process::Purchase]).on(Process::Dropout, "Channel");
    let fit = fit(&base, &terms).expect("a fit");
    let truth = [r, alpha * (1975.0 * purchase[1]).exp(), a, b, purchase[0], purchase[1], dropout];
    assert_recovered(&fit.fit, &truth);
}

#[test]
fn bg_nbd_is_recovered() {
    recover_geometric_dropout::<BgNbd>(BgNbd::fit_with_covariates, [1.2, 8.0, 0.5, 1.5], 41);
}

#[test]
fn mbg_nbd_is_recovered() {
    recover_geometric_dropout::<MbgNbd>(MbgNbd::fit_with_covariates, [1.2, 8.0, 0.5, 1.5], 42);
}

#[test]
fn sbg_is_recovered() {
    let (alpha, beta) = ([0.4, -0.02], [-0.6, 0.01]);
    let mut base: CovariateBase<TenureBase> = CovariateBase::new(NAMES);
    for customer in 0..20_000 {
        let mut rng = stream(44, customer);
        let channel = if uniform_open(&mut rng) < 0.4 { 1.0 } else { 0.0 };
        // Whole years: about 70 groups for each channel.
        let years = (10.0 * standard_normal(&mut rng)).round();
        let z = [channel, years];
        let model = Sbg::new(0.8 * sum(alpha, &z).exp(), 2.5 * sum(beta, &z).exp()).expect("parameters");
        let renewals = model.simulate_renewals(0, &mut rng);
        // The contract ends at the renewal after; ten periods are seen.
        let ended = (1..=10_u32).find(|period| f64::from(*period) > renewals);
        let tenure = ended.map_or(Tenure::new(10, false), |period| Tenure::new(period, true));
        let tenure = tenure.expect("a tenure");
        base.group(&[channel, 1975.0 + years]).expect("valid covariates").push(tenure, 1);
    }
    let terms = CovariateTerms::all(&NAMES, &[Process::Alpha, Process::Beta]);
    let fit = Sbg::fit_with_covariates(&base, &terms).expect("a fit");
    let at_zero = |value: f64, effects: Effects| value * (-1975.0 * effects[1]).exp();
    let truth = [at_zero(0.8, alpha), at_zero(2.5, beta), alpha[0], alpha[1], beta[0], beta[1]];
    assert_recovered(&fit.fit, &truth);
    let of = |group: &perennial_models::CovariateGroup<TenureBase>| {
        let model = fit.fit.model.model_for(&group.covariates).expect("a model");
        model.log_likelihood(&group.customers)
    };
    let whole: f64 = base.groups().iter().map(of).sum();
    assert!((whole / fit.fit.log_likelihood - 1.0).abs() < 1e-11, "{whole} {}", fit.fit.log_likelihood);
}

#[test]
fn a_covariate_on_another_scale_gives_the_same_fit() {
    let base = simulate(1_500, 51, |z| {
        ParetoNbd::new(1.5, 10.0 * (-0.5 * z[0]).exp(), 1.0, 30.0 * (0.7 * z[0]).exp()).expect("parameters")
    });
    let mut other: CovariateBase = CovariateBase::new(NAMES);
    for group in base.groups() {
        let [channel, born] = [group.covariates[0], group.covariates[1]];
        let moved = other.group(&[2.0 - 4.0 * channel, (born - 1975.0) / 10.0]).expect("valid covariates");
        moved.extend(&group.customers);
    }
    let terms = CovariateTerms::all(&NAMES, &BOTH);
    let one = ParetoNbd::fit_with_covariates(&base, &terms).expect("a fit");
    let two = ParetoNbd::fit_with_covariates(&other, &terms).expect("a fit");
    assert!((one.fit.log_likelihood - two.fit.log_likelihood).abs() < 1e-7);
    for (at, factor) in [(4, -4.0), (5, 0.1), (6, -4.0), (7, 0.1)] {
        let (one, two) = (&one.fit.parameters[at], &two.fit.parameters[at]);
        assert!((one.value - two.value * factor).abs() < 1e-5, "{one:?} {two:?}");
        let errors = (one.standard_error.expect("an error"), two.standard_error.expect("an error"));
        assert!((errors.0 / (errors.1 * factor.abs()) - 1.0).abs() < 1e-4, "{one:?} {two:?}");
    }
    // Draws of the parameters are of the same customers' models: at channel 0, born in 1975.
    let spread = |fit: &StaticCovariateFit<ParetoNbd>, covariates: &[f64]| {
        let alphas: Vec<f64> = fit
            .fit
            .draw_values(4_000, &mut stream(7, 0))
            .iter()
            .map(|values| fit.fit.model.with_parameters(values).expect("a model"))
            .map(|model| model.model_for(covariates).expect("a model").values()[1].ln())
            .collect();
        (perennial_math::statistics::mean(&alphas), perennial_math::statistics::variance(&alphas).sqrt())
    };
    let (one, two) = (spread(&one, &[0.0, 1975.0]), spread(&two, &[2.0, 0.0]));
    assert!((one.0 - two.0).abs() < 0.1 * one.1 && (one.1 / two.1 - 1.0).abs() < 0.1, "{one:?} {two:?}");
}

#[test]
fn a_penalty_draws_coefficients_to_zero() {
    let base = simulate(1_000, 61, |z| {
        ParetoNbd::new(1.5, 10.0 * (-0.8 * z[0]).exp(), 1.0, 30.0).expect("parameters")
    });
    let terms = CovariateTerms::new().on(Process::Purchase, "Channel").on(Process::Dropout, "Channel");
    let coefficients = |terms: &CovariateTerms| {
        let fit = ParetoNbd::fit_with_covariates(&base, terms).expect("a fit");
        let whole = log_likelihood(&fit.fit.model, &base, ParetoNbd::log_likelihood);
        assert!((whole / fit.fit.log_likelihood - 1.0).abs() < 1e-11);
        let values: Vec<f64> = fit.fit.model.coefficients().map(|(_, _, value)| value).collect();
        (values, fit.fit.log_likelihood, fit.likelihood_ratio().is_some(), fit.without.log_likelihood)
    };
    let (free, highest, tested, without) = coefficients(&terms);
    assert!(tested);
    let (some, lower, tested, _) = coefficients(&terms.clone().penalised(Process::Purchase, 20.0));
    assert!(!tested && lower < highest);
    assert!(free[0] > 0.5 && some[0] > 0.1 && some[0] < 0.95 * free[0], "{free:?} {some:?}");
    let strong = terms.penalised(Process::Purchase, 1e9).penalised(Process::Dropout, 1e9);
    let (none, lowest, _, _) = coefficients(&strong);
    assert!(none.iter().all(|value| value.abs() < 1e-6), "{none:?}");
    // What is left is slope^2 / (4 weight) each, with slopes of a hundred or two.
    assert!((lowest - without).abs() < 1e-4, "{lowest} {without}");
}

#[test]
fn two_covariates_that_say_the_same_are_named() {
    let simulated = simulate(1_000, 71, |_| ParetoNbd::new(1.5, 10.0, 1.0, 30.0).expect("parameters"));
    let mut base: CovariateBase = CovariateBase::new(["Channel", "Shop"]);
    for group in simulated.groups() {
        let channel = group.covariates[0];
        base.group(&[channel, 1.0 - channel]).expect("valid covariates").extend(&group.customers);
    }
    let terms = CovariateTerms::all(base.names(), &[Process::Purchase]);
    let fit = ParetoNbd::fit_with_covariates(&base, &terms).expect("a fit");
    let weak = fit.weak_coefficients();
    assert_eq!(weak.len(), 2);
    assert!(weak.iter().all(|weak| weak.weakness == Weakness::NotIdentified), "{weak:?}");
}

#[test]
fn covariates_that_cannot_be_taken_are_refused() {
    let mut base = simulate(200, 81, |_| ParetoNbd::new(1.5, 10.0, 1.0, 30.0).expect("parameters"));
    let history = Purchases::new(0, 0.0, 5.0).expect("a valid history");
    let given = base.push(&[1.0], history, 1);
    assert_eq!(given, Err(InvalidCovariates::Count { given: 1, expected: 2 }));
    assert!(matches!(base.push(&[f64::NAN, 0.0], history, 1), Err(InvalidCovariates::NotFinite { .. })));
    let refused = |base: &CovariateBase, terms: &CovariateTerms| match BgNbd::fit_with_covariates(base, terms)
    {
        Err(CovariateFitError::Covariates(why)) => why,
        other => panic!("{other:?}"),
    };
    let one = || CovariateTerms::new().on(Process::Purchase, "Born");
    assert_eq!(refused(&base, &CovariateTerms::new()), InvalidCovariates::NoTerm);
    let unknown = InvalidCovariates::Unknown { covariate: "Age".to_owned() };
    assert_eq!(refused(&base, &one().on(Process::Dropout, "Age")), unknown);
    let twice = InvalidCovariates::Twice { process: Process::Purchase, covariate: "Born".to_owned() };
    assert_eq!(refused(&base, &one().on(Process::Purchase, "Born")), twice);
    let model = InvalidCovariates::NoProcess { model: "bg-nbd", process: Process::Beta };
    assert_eq!(refused(&base, &one().on(Process::Beta, "Born")), model);
    let penalty = refused(&base, &one().penalised(Process::Purchase, -1.0));
    assert_eq!(penalty, InvalidCovariates::Penalty { process: Process::Purchase, weight: -1.0 });
    let mut same: CovariateBase = CovariateBase::new(["Channel"]);
    for group in base.groups() {
        same.group(&[0.1]).expect("valid covariates").extend(&group.customers);
    }
    let constant = InvalidCovariates::Constant { covariate: "Channel".to_owned() };
    assert_eq!(refused(&same, &CovariateTerms::new().on(Process::Purchase, "Channel")), constant);
    let few: CovariateBase = CovariateBase::new(["Channel"]);
    let error = BgNbd::fit_with_covariates(&few, &CovariateTerms::new().on(Process::Purchase, "Channel"));
    assert!(matches!(error, Err(CovariateFitError::Fit(FitError::TooFewRepeatCustomers { .. }))));
    let error = TimeVaryingParetoNbd::fit(&TimedBase::new(TIMED), &CovariateTerms::all(&TIMED, &BOTH));
    assert!(matches!(error, Err(CovariateFitError::Fit(FitError::TooFewRepeatCustomers { .. }))));
}

/// Paths with a season of 8 of 26 time units and the channel, for customers of both channels.
fn seasons(until: f64) -> [CovariatePath; 2] {
    [0.0, 1.0].map(|channel| {
        let steps = (0..20).flat_map(|year| {
            let start = 26.0 * f64::from(year);
            [(start, vec![0.0, channel]), (start + 18.0, vec![1.0, channel])]
        });
        CovariatePath::new(steps.filter(|(start, _)| *start < until), until).expect("a path")
    })
}

const TIMED: [&str; 2] = ["Season", "Channel"];

/// Customers of a model with time-varying covariates, who came over the first 40 time units and were observed until 130.
fn simulate_timed(model: &TimeVaryingParetoNbd, customers: u64, seed: u64) -> TimedBase {
    let paths = seasons(130.0);
    let mut base = TimedBase::new(TIMED);
    let numbers = paths.clone().map(|path| base.add_path(path).expect("two covariates"));
    let mut times = Vec::new();
    for customer in 0..customers {
        let mut rng = stream(seed, customer);
        let channel = usize::from(uniform_open(&mut rng) < 0.5);
        let first = 40.0 * uniform_open(&mut rng);
        let age = 130.0 - first;
        model.simulate_new(&paths[channel], first, age, &mut rng, &mut times).expect("a path that reaches");
        let purchases = TimedPurchases::new(first, times.clone(), age).expect("purchases");
        base.push(purchases, numbers[channel]).expect("a path that reaches");
    }
    base
}

/// The model with season and channel on both processes and these parameters, in the order of a fit's.
fn timed_model([r, alpha, s, beta, coefficients @ ..]: &[f64; 8]) -> TimeVaryingParetoNbd {
    let names = [
        (Process::Purchase, "Season"),
        (Process::Purchase, "Channel"),
        (Process::Dropout, "Season"),
        (Process::Dropout, "Channel"),
    ];
    let coefficients: Vec<(Process, &str, f64)> =
        names.iter().zip(coefficients).map(|(&(process, name), &value)| (process, name, value)).collect();
    let base = ParetoNbd::new(*r, *alpha, *s, *beta).expect("parameters");
    TimeVaryingParetoNbd::new(base, TIMED, &coefficients).expect("coefficients")
}

#[test]
fn time_varying_covariates_are_recovered() {
    for (seed, truth) in
        [[1.5, 12.0, 1.0, 40.0, 0.7, 0.4, -0.8, 0.5], [0.8, 5.0, 0.6, 10.0, -1.0, 0.0, 1.2, -0.6]]
            .into_iter()
            .enumerate()
    {
        let model = timed_model(&truth);
        let base = simulate_timed(&model, 4_000, 90 + seed as u64);
        let fit = TimeVaryingParetoNbd::fit(&base, &CovariateTerms::all(&TIMED, &BOTH)).expect("a fit");
        assert_recovered(&fit.fit, &truth);
        let whole = fit.fit.model.log_likelihood(&base).expect("two covariates");
        assert!((whole / fit.fit.log_likelihood - 1.0).abs() < 1e-11, "{whole} {}", fit.fit.log_likelihood);
        assert!(whole > model.log_likelihood(&base).expect("two covariates"));
    }
}

#[test]
fn forecasts_along_a_path_agree_with_simulated_customers() {
    // Customers observed until 60 of whom as many have x = 0, 1, 2, ... purchases as simulation brings; their mean purchases until 100 agree
    // with the mean forecast.
    let model = timed_model(&[1.5, 12.0, 1.0, 40.0, 0.9, 0.4, -0.8, 0.5]);
    let path = &seasons(130.0)[1];
    let (mut errors, mut alive_errors) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for customer in 0..40_000 {
        let mut rng = stream(99, customer);
        let first = 20.0 * uniform_open(&mut rng);
        model.simulate_new(path, first, 110.0 - first, &mut rng, &mut times).expect("a path that reaches");
        let before = times.iter().copied().filter(|time| first + time <= 60.0).collect();
        let later = times.iter().filter(|time| first + **time > 60.0 && first + **time <= 100.0).count();
        let purchases = TimedPurchases::new(first, before, 60.0 - first).expect("purchases");
        errors.push(later as f64 - model.expected_purchases(&purchases, path, 40.0).expect("a forecast"));
        let alive = model.probability_alive(&purchases, path).expect("a probability");
        let at = model.probability_alive_at(&purchases, path, 40.0).expect("a probability");
        assert!((0.0..=1.0).contains(&alive) && at < alive);
        alive_errors.push(alive);
    }
    let mean = perennial_math::statistics::mean(&errors);
    let error = (perennial_math::statistics::variance(&errors) / errors.len() as f64).sqrt();
    assert!(mean.abs() < 3.0 * error, "{mean} with standard error {error}");
    // P(alive) on average is the share that has not left: s and D(60) at a first purchase spread over 0 to 20.
    let leaving = 0.5_f64.exp();
    let share = |first: f64| {
        let season = [(18.0, 26.0), (44.0, 52.0)];
        let high: f64 = season.iter().map(|(from, to): &(f64, f64)| to - from.max(first)).sum();
        let exposure = leaving * ((60.0 - first - high) + high * (-0.8_f64).exp());
        40.0 / (40.0 + exposure)
    };
    let expected = perennial_math::quadrature::GaussLegendre::new(30).integrate(share, 0.0, 20.0) / 20.0;
    let mean = perennial_math::statistics::mean(&alive_errors);
    let error = (perennial_math::statistics::variance(&alive_errors) / 40_000.0).sqrt();
    assert!((mean - expected).abs() < 3.0 * error, "{mean} {expected} {error}");
}

#[test]
fn a_path_must_reach() {
    let model = timed_model(&[1.5, 12.0, 1.0, 40.0, 0.9, 0.4, -0.8, 0.5]);
    let [path, _] = seasons(50.0);
    let customer = TimedPurchases::new(10.0, vec![5.0], 40.0).expect("purchases");
    assert!(model.probability_alive(&customer, &path).is_ok());
    let short = model.expected_purchases(&customer, &path, 10.0);
    assert!(matches!(short, Err(InvalidPath::TooShort { .. })), "{short:?}");
    let held = path.clone().carried_forward(60.0);
    assert!(model.expected_purchases(&customer, &held, 10.0).is_ok_and(|expected| expected > 0.0));
    let early = TimedPurchases::new(-1.0, vec![], 10.0).expect("purchases");
    assert!(matches!(model.probability_alive(&early, &path), Err(InvalidPath::TooShort { .. })));
    assert!(TimedPurchases::new(0.0, vec![3.0, 2.0], 10.0).is_err());
    assert!(TimedPurchases::new(0.0, vec![0.0], 10.0).is_err());
    assert!(TimedPurchases::new(0.0, vec![11.0], 10.0).is_err());
    let one = CovariatePath::new([(0.0, vec![1.0])], 100.0).expect("a path");
    let count = model.expected_purchases(&customer, &one, 10.0);
    assert_eq!(count, Err(InvalidPath::Count { given: 1, expected: 2 }));
}

#[test]
fn extremes_neither_overflow_nor_panic() {
    let paths = seasons(10_000.0);
    for parameters in [
        [0.01, 1e-3, 0.01, 1e-3, 8.0, 8.0, 8.0, 8.0],
        [0.01, 1e-3, 50.0, 1e6, -8.0, -8.0, 8.0, 8.0],
        [200.0, 1e4, 200.0, 1e4, 8.0, 0.0, -8.0, 0.0],
        [1.0, 1.0, 1.0, 1.0, -8.0, 0.0, 0.0, -8.0],
    ] {
        let model = timed_model(&parameters);
        for (purchases, age) in [(0_u32, 2600.0), (1, 2600.0), (10_000, 2600.0), (10_000, 1000.1), (3, 3.0)] {
            let times = (1..=purchases).map(|i| f64::from(i) * 1000.0 / 10_000.0).collect();
            let customer = TimedPurchases::new(0.3, times, age).expect("purchases");
            for path in &paths {
                let mut base = TimedBase::new(TIMED);
                let number = base.add_path(path.clone()).expect("two covariates");
                base.push(customer.clone(), number).expect("a path that reaches");
                let value = model.log_likelihood(&base).expect("two covariates");
                let alive = model.probability_alive(&customer, path).expect("a probability");
                let expected = model.expected_purchases(&customer, path, 2600.0).expect("a forecast");
                assert!(value.is_finite(), "{parameters:?} {purchases} {age}: {value}");
                assert!((0.0..=1.0).contains(&alive), "{parameters:?} {purchases} {age}: {alive}");
                assert!(expected.is_finite() && expected >= 0.0, "{parameters:?} {purchases}: {expected}");
            }
        }
    }
}

#[test]
fn fits_do_not_depend_on_threads() {
    let base = simulate(1_000, 5, |z| {
        ParetoNbd::new(1.5, 10.0 * (-0.5 * z[0]).exp(), 1.0, 30.0).expect("parameters")
    });
    let timed = simulate_timed(&timed_model(&[1.5, 12.0, 1.0, 40.0, 0.7, 0.4, -0.8, 0.5]), 500, 3);
    let fits = || {
        let terms = CovariateTerms::all(&NAMES, &BOTH);
        let kinds: Vec<String> = ModelKind::ALL
            .iter()
            .map(|kind| format!("{:?}", kind.fit_with_covariates(&base, &terms)))
            .collect();
        let timed = TimeVaryingParetoNbd::fit(&timed, &CovariateTerms::all(&TIMED, &BOTH));
        (kinds, format!("{timed:?}"))
    };
    assert_eq!(crate::threads::on_threads(1, fits), crate::threads::on_threads(4, fits));
}

#[test]
fn likelihood_ratios_have_the_p_values_of_the_tables() {
    let base = simulate(300, 2, |_| ParetoNbd::new(1.5, 10.0, 1.0, 30.0).expect("parameters"));
    let fit = ParetoNbd::fit_with_covariates(&base, &CovariateTerms::new().on(Process::Purchase, "Born"))
        .expect("a fit");
    let mut larger = fit.fit.clone();
    // The 95 % quantile of chi-square with one degree of freedom.
    larger.log_likelihood = fit.without.log_likelihood + 0.5 * 3.841_458_820_694_124;
    let ratio = LikelihoodRatio::between(&larger, &fit.without);
    assert!((ratio.p_value - 0.05).abs() < 1e-12 && ratio.degrees_of_freedom == 1, "{ratio:?}");
    larger.log_likelihood = fit.without.log_likelihood - 1.0;
    assert!((LikelihoodRatio::between(&larger, &fit.without).p_value - 1.0).abs() < 1e-15);
}
