//! How a model's forecasts of transactions did on a hold-out: errors of the points, and proper scores of the distributions.
//!
//! With F the predicted distribution of a customer's transactions X and y what the customer did:
//!
//! ```text
//! log score  ln P(X = y)                                     higher is better
//! CRPS       E|X - y| - 1/2 E|X - X'|,  X, X' independent ~ F    lower is better, in transactions
//! ```
//!
//! Both are proper: in expectation nothing but the true distribution does best (T. Gneiting, A. E. Raftery, Strictly Proper
//! Scoring Rules, Prediction, and Estimation, Journal of the American Statistical Association 102 (2007) 359-378, eq. 21). The CRPS's
//! expectations are taken over simulated futures, without bias however few they are.

use perennial_math::random;
use perennial_models::{Purchases, TimeUnit, TransactionModel};
use rayon::prelude::*;

use crate::fitting::purchases;
use crate::history::History;
use crate::hold_out::Decile;
use crate::scoring::mixture_quantile;
use crate::transactions::FittedTransactions;

/// The probability that is taken for an outcome the model holds impossible, so that one surprise cannot decide alone.
const LEAST_PROBABILITY: f64 = 1e-12;
/// Futures simulated in all, and of each group of customers with the same future.
const FUTURES: usize = 1_000_000;
const FEWEST_FUTURES: usize = 40;
const MOST_FUTURES: usize = 200;

/// The customers of a history who made the same number of transactions in the hold-out.
pub(crate) struct Outcome {
    pub history: History,
    pub transactions: u32,
    pub customers: f64,
}

/// What a model predicted and what came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judgement {
    pub errors: PointErrors,
    /// Sums over customers.
    log_score: f64,
    crps: f64,
    covered: f64,
    /// Predicted per customer, customers and actual in all, for each history.
    ranked: Vec<(f64, f64, f64)>,
}

/// Sums over customers of the errors of their predicted transactions.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PointErrors {
    pub customers: f64,
    pub predicted: f64,
    pub actual: f64,
    pub absolute: f64,
    pub squared: f64,
}

impl PointErrors {
    pub(crate) fn add(&mut self, predicted: f64, actual: u32, customers: f64) {
        let actual = f64::from(actual);
        self.customers += customers;
        self.predicted += predicted * customers;
        self.actual += actual * customers;
        self.absolute += (predicted - actual).abs() * customers;
        self.squared += (predicted - actual).powi(2) * customers;
    }

    /// (predicted - actual) / actual of the total; `None` when nobody bought.
    pub(crate) fn deviation(&self) -> Option<f64> {
        (self.actual > 0.0).then(|| (self.predicted - self.actual) / self.actual)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            customers: self.customers + other.customers,
            predicted: self.predicted + other.predicted,
            actual: self.actual + other.actual,
            absolute: self.absolute + other.absolute,
            squared: self.squared + other.squared,
        }
    }
}

/// How outcomes are judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub unit: TimeUnit,
    /// The days of the hold-out.
    pub days: i32,
    /// The probability that an interval is meant to hold.
    pub level: f64,
    pub seed: u64,
}

impl Judgement {
    /// Judges models on outcomes in the order of [`crate::history::Detail::order`].
    pub(crate) fn new(models: &FittedTransactions, outcomes: &[Outcome], terms: Terms) -> Self {
        let groups: Vec<&[Outcome]> =
            outcomes.chunk_by(|a, b| models.same_future(&a.history, &b.history)).collect();
        let futures = (FUTURES / groups.len().max(1)).clamp(FEWEST_FUTURES, MOST_FUTURES);
        let judged: Vec<Self> = groups
            .par_iter()
            .enumerate()
            .map(|(index, group)| {
                judge_group(models, group, terms, futures, index as u64).unwrap_or_default()
            })
            .collect();
        judged.into_iter().fold(Self::default(), Self::plus)
    }

    fn plus(mut self, other: Self) -> Self {
        self.ranked.extend(other.ranked);
        Self {
            errors: self.errors.plus(other.errors),
            log_score: self.log_score + other.log_score,
            crps: self.crps + other.crps,
            covered: self.covered + other.covered,
            ranked: self.ranked,
        }
    }

    /// The mean over customers of ln P(X = observed).
    pub(crate) fn log_score(&self) -> f64 {
        self.log_score / self.errors.customers
    }

    /// The mean over customers of the continuous ranked probability score.
    pub(crate) fn crps(&self) -> f64 {
        self.crps / self.errors.customers
    }

    /// The share of customers whose transactions fell into their interval.
    pub(crate) fn coverage(&self) -> f64 {
        self.covered / self.errors.customers
    }

    /// Customers in tenths by predicted transactions, from the lowest.
    pub(crate) fn deciles(&mut self) -> Vec<Decile> {
        self.ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        deciles(&self.ranked)
    }

    /// How far the tenths by predicted transactions were off, as a share of what came: 0 is perfect calibration. `None` when nobody
    /// bought.
    pub(crate) fn calibration_error(&mut self) -> Option<f64> {
        let deciles = self.deciles();
        let sum = |part: &dyn Fn(&Decile) -> f64| -> f64 {
            deciles.iter().map(|decile| decile.customers as f64 * part(decile)).sum()
        };
        let actual = sum(&|decile| decile.actual);
        (actual > 0.0).then(|| sum(&|decile| (decile.predicted - decile.actual).abs()) / actual)
    }
}

/// What an active customer of a group does, and what is shared in judging the group's outcomes.
struct Group<'a> {
    model: &'a dyn TransactionModel,
    typical: Purchases,
    horizon: f64,
    /// E[X] if active.
    expected: f64,
    /// Simulated X if active, ascending.
    draws: Vec<f64>,
    mean: f64,
    /// E|X - X'| if active.
    spread: f64,
    /// P(X = n) if active, where it has been asked for.
    probabilities: Vec<Option<f64>>,
}

fn judge_group(
    models: &FittedTransactions,
    group: &[Outcome],
    terms: Terms,
    futures: usize,
    stream: u64,
) -> Option<Judgement> {
    let first = &group.first()?.history;
    let model = models.of(first.profile);
    let typical = purchases(first, terms.unit)?;
    let mut shared = Group::new(&*model, typical, terms, futures, stream);
    let tail = (1.0 - terms.level) / 2.0;
    let mut judged = Judgement::default();
    for same in group.chunk_by(|a, b| a.history.is(&b.history)) {
        let Some(customer) = same.first().and_then(|outcome| purchases(&outcome.history, terms.unit)) else {
            continue;
        };
        let alive = model.probability_alive(&customer);
        let predicted = alive * shared.expected;
        let quantile = |probability| mixture_quantile(&shared.draws, alive, probability);
        let interval = quantile(tail)..=quantile(1.0 - tail);
        let mut totals = (0.0, 0.0);
        for outcome in same {
            let actual = f64::from(outcome.transactions);
            judged.errors.add(predicted, outcome.transactions, outcome.customers);
            judged.log_score += shared.log_score(alive, outcome.transactions) * outcome.customers;
            judged.crps += shared.crps(alive, actual) * outcome.customers;
            judged.covered += if interval.contains(&actual) { outcome.customers } else { 0.0 };
            totals = (totals.0 + outcome.customers, totals.1 + actual * outcome.customers);
        }
        judged.ranked.push((predicted, totals.0, totals.1));
    }
    Some(judged)
}

impl<'a> Group<'a> {
    fn new(
        model: &'a dyn TransactionModel,
        typical: Purchases,
        terms: Terms,
        futures: usize,
        stream: u64,
    ) -> Self {
        let horizon = f64::from(terms.days) / terms.unit.days();
        let mut draws = Vec::with_capacity(futures);
        let mut rng = random::stream(terms.seed, stream);
        model.simulate_futures_if_alive(&typical, horizon, futures, &mut rng, &mut |times| {
            draws.push(times.len() as f64);
        });
        draws.sort_unstable_by(f64::total_cmp);
        Self {
            expected: model.expected_purchases_if_alive(&typical, horizon),
            mean: draws.iter().sum::<f64>() / draws.len() as f64,
            spread: mean_difference(&draws),
            draws,
            model,
            typical,
            horizon,
            probabilities: Vec::new(),
        }
    }

    fn log_score(&mut self, alive: f64, transactions: u32) -> f64 {
        let n = transactions as usize;
        if self.probabilities.len() <= n {
            self.probabilities.resize(n + 1, None);
        }
        let (model, typical, horizon) = (self.model, &self.typical, self.horizon);
        let if_alive = *self.probabilities[n]
            .get_or_insert_with(|| model.probability_of_n_purchases_if_alive(typical, transactions, horizon));
        let gone = if n == 0 { 1.0 - alive } else { 0.0 };
        (gone + alive * if_alive).max(LEAST_PROBABILITY).ln()
    }

    /// The CRPS of a variable that is 0 with probability 1 - `alive` and otherwise distributed as the draws.
    fn crps(&self, alive: f64, actual: f64) -> f64 {
        let n = self.draws.len() as f64;
        let off = self.draws.iter().map(|draw| (draw - actual).abs()).sum::<f64>() / n;
        let spread = alive * alive * self.spread + 2.0 * alive * (1.0 - alive) * self.mean;
        (1.0 - alive) * actual + alive * off - 0.5 * spread
    }
}

/// The mean of |a - b| over all pairs of two different places of ascending values.
fn mean_difference(ascending: &[f64]) -> f64 {
    let n = ascending.len() as f64;
    if n < 2.0 {
        return 0.0;
    }
    let weighted: f64 =
        ascending.iter().enumerate().map(|(i, value)| (2.0 * i as f64 + 1.0 - n) * value).sum();
    2.0 * weighted / (n * (n - 1.0))
}

/// Tenths of customers from `(predicted, customers, actual sum)`, sorted by predicted; a history that lies across a border
/// is divided.
fn deciles(ranked: &[(f64, f64, f64)]) -> Vec<Decile> {
    let total: f64 = ranked.iter().map(|(_, n, _)| n).sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let mut tenths = vec![(0.0, 0.0, 0.0); 10];
    let mut before = 0.0;
    for &(predicted, customers, actual) in ranked {
        let mut left = customers;
        while left > 1e-9 {
            let tenth = ((before / total * 10.0 + 1e-9) as usize).min(9);
            let room = if tenth == 9 { left } else { (total / 10.0 * (tenth + 1) as f64 - before).max(1e-6) };
            let part = left.min(room);
            tenths[tenth].0 += part;
            tenths[tenth].1 += predicted * part;
            tenths[tenth].2 += actual / customers * part;
            before += part;
            left -= part;
        }
    }
    let full = |&(n, predicted, actual): &(f64, f64, f64)| {
        (n > 0.0).then(|| Decile {
            customers: n.round() as u64,
            predicted: predicted / n,
            actual: actual / n,
        })
    };
    tenths.iter().filter_map(full).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: the pairs of 1, 2, 4 differ by 1, 3 and 2.
    #[test]
    fn mean_difference_by_hand() {
        assert!((mean_difference(&[1.0, 2.0, 4.0]) - 2.0).abs() < 1e-15);
        assert!(mean_difference(&[3.0]).abs() < 1e-15);
    }

    #[test]
    fn deciles_divide_a_history_that_lies_across_a_border() {
        // 15 customers at 0 and 5 at 2: tenths of two customers, the eighth of one at 0 and one at 2.
        let tenths = deciles(&[(0.0, 15.0, 3.0), (2.0, 5.0, 20.0)]);
        assert_eq!(tenths.len(), 10);
        assert!(tenths.iter().all(|d| d.customers == 2));
        assert!((tenths[0].actual - 0.2).abs() < 1e-9);
        assert!((tenths[7].predicted - 1.0).abs() < 1e-9);
        assert!((tenths[9].actual - 4.0).abs() < 1e-9);
        let actual: f64 = tenths.iter().map(|d| d.actual * d.customers as f64).sum();
        assert!((actual - 23.0).abs() < 1e-9);
    }

    #[test]
    fn no_customers_have_no_deciles() {
        assert!(deciles(&[]).is_empty());
    }
}
