//! Groups estimated together: a small group learns from the others.

use perennial_math::random::{standard_normal, stream};
use perennial_models::{
    BgNbd, CustomerBase, FitError, ModelKind, Pooling, Purchases, Sampling, TransactionFit, TransactionModel,
};

/// The time that customers are observed for, in weeks.
const AGE: f64 = 52.0;

/// How much the groups' log-parameters differ.
const SPREAD: f64 = 0.3;

/// Customers of a model, observed for a year; purchases are made at the end of a day.
fn customers(model: &dyn TransactionModel, number: u64, seed: u64) -> CustomerBase {
    let mut times = Vec::new();
    let history = |customer| {
        model.simulate_new(AGE, &mut stream(seed, customer), &mut times);
        let last = times.last().map_or(0.0, |time| ((time * 7.0).ceil() / 7.0).min(AGE));
        Purchases::new(u32::try_from(times.len()).expect("few purchases"), last, AGE).expect("a history")
    };
    (0..number).map(history).collect()
}

/// The true models of 20 groups and 40 to 2,000 customers of each.
fn groups(seed: u64) -> (Vec<BgNbd>, Vec<CustomerBase>) {
    let mut rng = stream(seed, 1_000_000);
    (0..20)
        .map(|group| {
            let [r, alpha, a, b] =
                [0.6_f64, 10.0, 0.8, 2.5].map(|middle| middle * (SPREAD * standard_normal(&mut rng)).exp());
            let model = BgNbd::new(r, alpha, a, b).expect("parameters");
            let number = 40.0 * 50.0_f64.powf(f64::from(group) / 19.0);
            let base = customers(&model, number.round() as u64, seed * 1000 + group as u64);
            (model, base)
        })
        .unzip()
}

/// ln of the mean number of purchases of a new customer in a year.
fn log_mean(model: &dyn TransactionModel) -> f64 {
    model.expected_purchases_new(AGE).ln()
}

fn interval(fit: &TransactionFit) -> [f64; 2] {
    let mut draws: Vec<f64> =
        fit.draw_models(400, &mut stream(1, 0)).iter().map(|model| log_mean(model.as_ref())).collect();
    draws.sort_by(f64::total_cmp);
    [draws[20], draws[draws.len() - 21]]
}

#[test]
fn explore_pooling() {
    for seed in 1..4 {
        let (truth, bases) = groups(seed);
        let start = std::time::Instant::now();
        let sampling = Sampling { chains: 2, draws: 400, warm_up: 300, ..Sampling::default() };
        let pooled = ModelKind::BgNbd.pool(&bases, &Pooling { sampling, ..Pooling::default() }).expect("a fit");
        println!("{seed}: {:?} evals {} trouble {:?}", start.elapsed(), pooled.population.evaluations, pooled.trouble());
        println!("{:?}", pooled.spread_diagnostics);
        println!("pop {:?} spread {:?}", pooled.population.values(), pooled.spread);
        let mut all = CustomerBase::new();
        bases.iter().for_each(|b| b.histories().iter().zip(b.counts()).for_each(|(h, n)| all.push(*h, *n as u64)));
        let complete = ModelKind::BgNbd.fit(&all).expect("fit");
        let (mut e, mut covered, mut none) = ([0.0; 3], 0, 0);
        for (g, (t, b)) in truth.iter().zip(&bases).enumerate() {
            let truth = log_mean(t);
            let own = ModelKind::BgNbd.fit(b).ok().map(|f| log_mean(f.model.as_ref()));
            none += usize::from(own.is_none());
            let [low, high] = interval(&pooled.groups[g]);
            covered += usize::from(low <= truth && truth <= high);
            let errs = [log_mean(pooled.groups[g].model.as_ref()) - truth, own.unwrap_or(f64::NAN) - truth, log_mean(complete.model.as_ref()) - truth];
            if own.is_some() { (0..3).for_each(|i| e[i] += errs[i].powi(2)); }
            println!("{} {errs:?} {low:.2} {high:.2} {truth:.2}", b.customers());
        }
        println!("rmse {:?} covered {covered} none {none}", e.map(|x: f64| (x / (20 - none) as f64).sqrt()));
    }
}
