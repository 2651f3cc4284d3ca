//! Our side of `cargo xtask bench-peers` where a model alone is at work: each command does one piece of work on simulated customers
//! (or those of a file) and prints lines `name value`, among them the CPU seconds (user and system, all threads) of the work alone.
//!
//! ```text
//! fits nuts FILE                       the posterior of the BG/NBD by NUTS: 4 chains of 1,000 draws after 500
//! fits alone MODEL CUSTOMERS           any model on customers of its own kind
//! fits covariates MODEL CUSTOMERS      one continuous covariate on the purchase and the dropout process
//! fits kernel CUSTOMERS                value and gradient of the BG/NBD, with vector instructions and without
//! ```
//!
//! Customers are observed for 27 to 39 weeks and their purchases fall on whole days. A fit begins with one row per customer: grouping
//! equal histories is part of the work.

use std::error::Error;
use std::time::Instant;

use cpu_time::ProcessTime;
use perennial_math::{
    parallel,
    random::{Rng, beta, binomial, gamma, poisson, standard_normal, stream, uniform_open},
};
use perennial_models::{
    BetaDiscreteWeibull, BgBb, BgNbdLikelihood, CovariateBase, CovariateTerms, CustomerBase, Estimated,
    Estimation, Fit, GammaGamma, Intervals, LogNormal, MeanSpend, ModelKind, Opportunities, OpportunityBase,
    Process, Purchases, SampleOrigin, Sampling, Sbg, SpendHistory, Tenure, TenureBase, TransactionModel,
};

const SEED: u64 = 20_260_101;

/// Evaluations of a kernel that are measured together, and how often.
const EVALUATIONS: usize = 20;
const ROUNDS: usize = 15;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["nuts", file] => nuts(file),
        ["alone", model, customers] => alone(model, customers.parse()?),
        ["covariates", model, customers] => covariates(model.parse()?, customers.parse()?),
        ["kernel", customers] => kernel(customers.parse()?),
        _ => Err(format!("unknown command {words:?}; see the top of this file").into()),
    }
}

/// Does the work and prints its CPU seconds and those on the clock.
fn measured<T>(work: impl FnOnce() -> T) -> T {
    let (start, clock) = (ProcessTime::now(), Instant::now());
    let result = work();
    println!("cpu {}", start.elapsed().as_secs_f64());
    println!("wall {}", clock.elapsed().as_secs_f64());
    result
}

/// What was estimated, as one word per parameter.
fn print_fit(parameters: &[Estimated], log_likelihood: f64, evaluations: usize) {
    let words = parameters.iter().map(|estimate| format!("{} {:.4}", estimate.name, estimate.value));
    println!("fitted {}", words.collect::<Vec<String>>().join(", "));
    println!("log_likelihood {log_likelihood}");
    println!("evaluations {evaluations}");
}

fn print<M>(fit: &Fit<M>) {
    print_fit(&fit.parameters, fit.log_likelihood, fit.evaluations);
}

/// Reads all frequencies, then all recencies, then all ages, little-endian doubles in weeks, as the other benchmarks exchange them.
fn read(file: &str) -> Result<Vec<Purchases>> {
    let bytes = std::fs::read(file)?;
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    let n = values.len() / 3;
    (0..n)
        .map(|i| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small whole numbers"
            )]
            let frequency = values[i] as u32;
            Ok(Purchases::new(frequency, values[n + i], values[2 * n + i])?)
        })
        .collect()
}

fn nuts(file: &str) -> Result<()> {
    let rows = read(file)?;
    let fit = measured(|| {
        let base = grouped(&rows, Intervals::Unused);
        ModelKind::BgNbd.estimate(&base, &Estimation::Bayes(Sampling::default()))
    })?;
    let Some(SampleOrigin::Posterior(diagnostics)) = fit.sample.as_ref().map(|sample| &sample.origin) else {
        return Err("the fit has no posterior sample".into());
    };
    println!("ess {}", diagnostics.bulk_ess.iter().copied().fold(f64::INFINITY, f64::min));
    println!("r_hat {}", diagnostics.r_hat.iter().copied().fold(0.0, f64::max));
    println!("divergences {}", diagnostics.divergences);
    print(&fit);
    Ok(())
}

/// Fits a model on customers simulated from it.
fn alone(model: &str, n: usize) -> Result<()> {
    match model {
        "gamma-gamma" => {
            let spends = parallel::map(n, |i| mean_spend(&mut stream(SEED, i as u64)));
            let spends: Vec<MeanSpend> = spends.into_iter().collect::<std::result::Result<_, _>>()?;
            let ones = vec![1.0; n];
            print(&measured(|| GammaGamma::fit(&spends, &ones))?);
        }
        "log-normal" => {
            let spends = parallel::map(n, |i| values(&mut stream(SEED, i as u64)));
            let spends: Vec<SpendHistory> = spends.into_iter().collect::<std::result::Result<_, _>>()?;
            let ones = vec![1.0; n];
            print(&measured(|| LogNormal::fit(&spends, &ones))?);
        }
        "sbg" | "bdw" => {
            let shape = if model == "sbg" { 1.0 } else { 1.3 };
            let tenures = parallel::map(n, |i| tenure(shape, &mut stream(SEED, i as u64)));
            let tenures: Vec<Tenure> = tenures.into_iter().collect::<std::result::Result<_, _>>()?;
            if model == "sbg" {
                print(&measured(|| Sbg::fit(&tenures.iter().copied().collect::<TenureBase>()))?);
            } else {
                let fit = measured(|| BetaDiscreteWeibull::fit(&tenures.iter().copied().collect()));
                print(&fit?);
            }
        }
        "bg-bb" => {
            // The donors of Fader, Hardie and Shang (2010), over six years.
            let truth = BgBb::new(1.204, 0.750, 0.657, 2.783)?;
            let rows: Vec<Opportunities> =
                parallel::map(n, |i| truth.simulate_new(6, &mut stream(SEED, i as u64)));
            print(&measured(|| BgBb::fit(&rows.iter().copied().collect::<OpportunityBase>()))?);
        }
        _ => transactions(model.parse()?, n)?,
    }
    Ok(())
}

fn transactions(kind: ModelKind, n: usize) -> Result<()> {
    let model = kind.model(truth(kind))?;
    let rows = histories(n, &*model)?;
    let mut distinct = 0;
    let fit = measured(|| {
        let base = grouped(&rows, kind.intervals());
        distinct = base.histories().len();
        kind.fit(&base)
    })?;
    println!("histories {distinct}");
    print(&fit);
    Ok(())
}

/// Parameters of about the population of CDNOW, in weeks.
fn truth(kind: ModelKind) -> &'static [f64] {
    match kind {
        ModelKind::Nbd => &[0.385, 12.07],
        ModelKind::BgNbd => &[0.243, 4.414, 0.793, 2.426],
        ModelKind::MbgNbd => &[0.525, 6.183, 0.891, 1.614],
        ModelKind::BgCnbdK => &[2.0, 0.243, 2.2, 0.793, 2.426],
        ModelKind::MbgCnbdK => &[2.0, 0.525, 3.1, 0.891, 1.614],
        ModelKind::ParetoNbd => &[0.553, 10.578, 0.606, 11.669],
        ModelKind::GammaGompertzNbd => &[0.553, 10.578, 0.03, 0.606, 12.0],
        ModelKind::ParetoGgg => &[0.553, 10.578, 0.606, 11.669, 4.0, 2.0],
    }
}

/// Histories in weeks.
fn histories(n: usize, model: &dyn TransactionModel) -> Result<Vec<Purchases>> {
    let rows = parallel::map(n, |i| history(model, &mut stream(SEED, i as u64)));
    Ok(rows.into_iter().collect::<std::result::Result<Vec<_>, String>>()?)
}

/// A history with the logarithms of its intervals: purchases of one day are one, and none is on the first day.
fn history(model: &dyn TransactionModel, rng: &mut Rng) -> std::result::Result<Purchases, String> {
    let age = (189.0 + 85.0 * uniform_open(rng)).floor();
    let mut times = Vec::new();
    model.simulate_new(age / 7.0, rng, &mut times);
    let mut days: Vec<f64> = times.iter().map(|time| (7.0 * time).ceil().min(age)).collect();
    days.dedup();
    let log_intervals = std::iter::once(0.0).chain(days.iter().copied()).zip(&days);
    let log_intervals = log_intervals.map(|(day, next)| ((next - day) / 7.0).ln()).sum();
    let frequency = u32::try_from(days.len()).map_err(|error| error.to_string())?;
    let history = Purchases::new(frequency, days.last().map_or(0.0, |day| day / 7.0), age / 7.0);
    Ok(history.map_err(|error| error.to_string())?.with_log_intervals(log_intervals))
}

/// The distinct histories with their numbers of customers, as the summary of a valuation groups them for a model that needs the
/// `intervals`.
fn grouped(rows: &[Purchases], intervals: Intervals) -> CustomerBase {
    if intervals == Intervals::PerCustomer {
        return rows.iter().copied().collect();
    }
    let mut rows = rows.to_vec();
    let key = |row: &Purchases| (row.frequency(), row.age().to_bits(), row.recency().to_bits());
    // Stable, so that the intervals are summed in one order.
    rows.sort_by_key(key);
    let mut base = CustomerBase::new();
    for group in rows.chunk_by(|one, next| key(one) == key(next)) {
        let sum: Option<f64> = group.iter().map(Purchases::log_intervals).sum();
        let history = sum.map_or(group[0], |sum| group[0].with_log_intervals(sum / group.len() as f64));
        base.push(history, group.len() as u64);
    }
    base
}

/// The mean of one and more values of a customer of the Gamma-Gamma model, with the parameters of CDNOW.
fn mean_spend(rng: &mut Rng) -> std::result::Result<MeanSpend, perennial_models::InvalidSpend> {
    let scale = 1.0 / gamma(rng, 3.74, 1.0 / 15.44);
    let transactions = 1 + purchases(rng);
    MeanSpend::new(transactions, gamma(rng, 6.25 * f64::from(transactions), scale) / f64::from(transactions))
}

/// The values of a customer of the log-normal model.
fn values(rng: &mut Rng) -> std::result::Result<SpendHistory, perennial_models::InvalidSpend> {
    let mean = 3.3 + 0.5 * standard_normal(rng);
    let values: Vec<f64> = (0..=purchases(rng)).map(|_| (mean + 0.6 * standard_normal(rng)).exp()).collect();
    SpendHistory::of(&values)
}

fn purchases(rng: &mut Rng) -> u32 {
    let rate = gamma(rng, 0.5, 4.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
    let purchases = poisson(rng, rate) as u32;
    purchases
}

/// The tenure of a customer seen for 12 to 60 periods, with the first cohort's parameters of Fader and Hardie (2007); `shape` is the
/// discrete Weibull's.
fn tenure(shape: f64, rng: &mut Rng) -> std::result::Result<Tenure, perennial_models::InvalidTenure> {
    let staying = 1.0 - beta(rng, 0.704, 1.182);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 48")]
    let seen = 12 + binomial(rng, 48, 0.5) as u32;
    let threshold = uniform_open(rng).ln() / staying.ln();
    for period in 1..=seen {
        // S(period) = staying^(period^shape) falls below the uniform number.
        if f64::from(period).powf(shape) > threshold {
            return Tenure::new(period, true);
        }
    }
    Tenure::new(seen, false)
}

/// Customers each with a covariate of their own, a standard normal number that moves both processes.
fn covariates(kind: ModelKind, n: usize) -> Result<()> {
    let truth = truth(kind);
    let rows = parallel::map(n, |i| {
        let mut rng = stream(SEED, i as u64);
        let covariate = standard_normal(&mut rng);
        let model = kind.model(&moved(kind, truth, covariate)).map_err(|error| error.to_string())?;
        Ok((covariate, history(&*model, &mut rng)?))
    });
    let rows: Vec<(f64, Purchases)> = rows.into_iter().collect::<std::result::Result<_, String>>()?;
    let fit = measured(|| -> Result<_> {
        let mut base = CovariateBase::new(["x"]);
        for (covariate, history) in &rows {
            base.push(&[*covariate], *history, 1)?;
        }
        let terms = CovariateTerms::all(&["x"], &[Process::Purchase, Process::Dropout]);
        Ok(kind.fit_with_covariates(&base, &terms)?)
    })?;
    print(&fit.fit);
    Ok(())
}

/// The parameters at a covariate with coefficients 0.3 (purchase process) and -0.2 (dropout process); see the models' covariates.
fn moved(kind: ModelKind, truth: &[f64], covariate: f64) -> Vec<f64> {
    let (purchase, dropout) = ((-0.3 * covariate).exp(), (-0.2 * covariate).exp());
    let mut values = truth.to_vec();
    values[1] *= purchase;
    if kind == ModelKind::ParetoNbd {
        values[3] /= dropout;
    } else {
        values[2] *= dropout;
        values[3] *= dropout;
    }
    values
}

/// Both kernels in turn, so that whatever else the machine does meets both; the least CPU of the rounds counts.
fn kernel(n: usize) -> Result<()> {
    let model = ModelKind::BgNbd.model(truth(ModelKind::BgNbd))?;
    let base = grouped(&histories(n, &*model)?, Intervals::Unused);
    let kernels = [BgNbdLikelihood::new(&base), BgNbdLikelihood::new(&base).one_history_at_a_time()];
    let (mut least, mut values) = ([f64::INFINITY; 2], [0.0; 2]);
    for _ in 0..ROUNDS {
        for (i, kernel) in kernels.iter().enumerate() {
            let start = ProcessTime::now();
            for evaluation in 0..EVALUATIONS {
                let r = 0.243 + 1e-3 * evaluation as f64;
                values[i] = kernel.value_and_gradient([r, 4.414, 0.793, 2.426]).0;
            }
            least[i] = least[i].min(start.elapsed().as_secs_f64() / EVALUATIONS as f64);
        }
    }
    println!("histories {}", base.histories().len());
    println!("vectors_cpu {}", least[0]);
    println!("single_cpu {}", least[1]);
    println!("difference {:e}", (values[0] / values[1] - 1.0).abs());
    Ok(())
}
