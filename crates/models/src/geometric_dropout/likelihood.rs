//! Log-likelihood and gradient of the models of geometric dropout.

use std::sync::Arc;

use perennial_math::{
    parallel::sum_chunks,
    special::{digamma, ln_gamma},
};

use super::{
    silence::LogSum,
    vector::{self, RunSums},
};
use crate::{
    estimation::LogLikelihood,
    grouped::{Grouped, Row},
};

/// Rows per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 8192;

/// The log-likelihood of a customer base as a function of r, alpha (in units of the mean age), a and b.
///
/// Without what depends on the data and k alone; see [`super::problem_at`].
pub(crate) struct Likelihood {
    data: Arc<Grouped>,
    /// 1 when a customer may leave after the first purchase, else 0.
    first: f64,
    /// k: every k-th tick is a purchase.
    ticks: u32,
    /// Customers per distinct frequency.
    customers: Vec<f64>,
    /// The distinct ages.
    ages: Vec<Age>,
    /// Whether runs of rows are summed with the processor's vector instructions, where it has them.
    vectors: bool,
}

/// A distinct age, which the terms of -s ln(1+T/alpha) are summed over: they are linear in what the rows say.
struct Age {
    /// Its number among the times.
    time: u32,
    /// Customers of this age.
    customers: f64,
    /// Ticks of them that are known: k per repeat purchase.
    ticks: f64,
}

/// What depends on the frequency alone.
#[derive(Clone, Copy)]
pub(super) struct FrequencyTerms {
    /// s = r + kx.
    pub(super) shape: f64,
    /// ln w, the weight of having left; minus infinity where the customer could not.
    pub(super) log_weight: f64,
    /// 1 / (b + c - 1), the derivative of -ln w by b.
    dropout_slope: f64,
}

/// What depends on one time alone.
#[derive(Clone, Copy)]
pub(super) struct TimeTerms {
    /// t.
    time: f64,
    /// ln(1 + t/alpha): precise also where alpha has grown without bound.
    pub(super) log: f64,
    /// 1 / (alpha + t).
    pub(super) inverse: f64,
}

impl Likelihood {
    /// Of customers who may leave after `first` purchases that are not repeat purchases, and buy at every tick of so many.
    pub(crate) fn new(data: Arc<Grouped>, first: u32, ticks: u32) -> Self {
        let customers = data.customers_per_frequency();
        let ages = Age::distinct(&data, f64::from(ticks));
        Self { data, first: f64::from(first), ticks, customers, ages, vectors: true }
    }

    /// The same, each row summed on its own, as on a processor without vector instructions.
    pub(crate) fn one_row_at_a_time(self) -> Self {
        Self { vectors: false, ..self }
    }

    /// The log-likelihood and its derivatives by r, alpha, a and b.
    pub(crate) fn at(&self, parameters: [f64; 4]) -> [f64; 5] {
        let [r, alpha, a, b] = parameters;
        let frequencies: Vec<FrequencyTerms> = self
            .data
            .frequencies
            .iter()
            .map(|&x| FrequencyTerms::new(r + f64::from(self.ticks) * x, x + self.first, a, b))
            .collect();
        let times: Vec<TimeTerms> = self
            .data
            .times
            .iter()
            .map(|&time| TimeTerms { time, log: (time / alpha).ln_1p(), inverse: 1.0 / (alpha + time) })
            .collect();
        let rows = sum_chunks(self.data.rows.len(), CHUNK, |range| {
            let rows = &self.data.rows[range];
            match self.ticks {
                1 => sum_rows(rows, &frequencies, &times, a, self.vectors),
                ticks => sum_regular_rows(rows, &frequencies, &times, a, ticks),
            }
        });
        let gammas = self.gamma_terms(parameters);
        let [by_value, by_r, by_alpha] = self.age_terms(r, &times);
        let ages = [by_value, by_r, by_alpha, 0.0, 0.0];
        std::array::from_fn(|i| rows[i] + gammas[i] + ages[i])
    }

    /// -s ln(1+T/alpha) and its derivatives by r and alpha, summed over the distinct ages; the latter without s / alpha, which is among
    /// the gamma terms.
    fn age_terms(&self, r: f64, times: &[TimeTerms]) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for Age { time, customers, ticks } in &self.ages {
            let terms = times[*time as usize];
            let shapes = r.mul_add(*customers, *ticks);
            sum[0] -= shapes * terms.log;
            sum[1] -= customers * terms.log;
            sum[2] -= shapes * terms.inverse;
        }
        sum
    }

    /// The terms that need no time, summed over the distinct frequencies.
    fn gamma_terms(&self, [r, alpha, a, b]: [f64; 4]) -> [f64; 5] {
        let log_alpha = alpha.ln();
        let constant = -ln_gamma(r) + ln_gamma(a + b) - ln_gamma(b);
        let (by_r, by_alpha) = (-digamma(r), r / alpha);
        let (by_sum, by_b) = (digamma(a + b), -digamma(b));
        let mut sum = [0.0; 5];
        for (&x, &customers) in self.data.frequencies.iter().zip(&self.customers) {
            let chances = x + self.first;
            let ticks = f64::from(self.ticks) * x;
            let kept = by_sum - digamma(a + b + chances);
            sum[0] += customers
                * (constant - ticks * log_alpha + ln_gamma(r + ticks) + ln_gamma(b + chances)
                    - ln_gamma(a + b + chances));
            sum[1] += customers * (by_r + digamma(r + ticks));
            sum[2] += customers * by_alpha;
            sum[3] += customers * kept;
            sum[4] += customers * (kept + by_b + digamma(b + chances));
        }
        sum
    }
}

impl Age {
    /// The distinct ages of a customer base, in the order of the times.
    fn distinct(data: &Grouped, ticks: f64) -> Vec<Self> {
        let mut sums = vec![[0.0; 2]; data.times.len()];
        for row in &data.rows {
            let [customers, known] = &mut sums[row.age as usize];
            *customers += row.customers;
            *known += row.customers * ticks * data.frequencies[row.frequency as usize];
        }
        let age = |(time, [customers, ticks]): (u32, [f64; 2])| Self { time, customers, ticks };
        (0..).zip(sums).map(age).filter(|age| age.customers > 0.0).collect()
    }
}

impl FrequencyTerms {
    fn new(shape: f64, chances: f64, a: f64, b: f64) -> Self {
        if chances == 0.0 {
            return Self { shape, log_weight: f64::NEG_INFINITY, dropout_slope: 0.0 };
        }
        let denominator = b + chances - 1.0;
        Self { shape, log_weight: (a / denominator).ln(), dropout_slope: 1.0 / denominator }
    }
}

/// ln[1 + w ((1+T/alpha) / (1+`t_x`/alpha))^(r+x)] and its derivatives, summed over rows that are ordered by frequency.
fn sum_rows(
    rows: &[Row],
    frequencies: &[FrequencyTerms],
    times: &[TimeTerms],
    a: f64,
    vectors: bool,
) -> [f64; 5] {
    let mut sum = [0.0; 5];
    for run in rows.chunk_by(|one, next| one.frequency == next.frequency) {
        let terms = frequencies[run[0].frequency as usize];
        let summed =
            if vectors && run.len() >= vector::SHORTEST { vector::sum_run(run, terms, times) } else { None };
        let RunSums { log, by_shape, by_alpha, dead } = summed.unwrap_or_else(|| sum_run(run, terms, times));
        sum[0] += log;
        sum[1] += by_shape;
        sum[2] -= terms.shape * by_alpha;
        sum[3] += dead / a;
        sum[4] -= dead * terms.dropout_slope;
    }
    sum
}

/// The sums over rows of one frequency, one row at a time.
fn sum_run(run: &[Row], terms: FrequencyTerms, times: &[TimeTerms]) -> RunSums {
    let mut sums = RunSums::default();
    for row in run {
        let age = times[row.age as usize];
        let recency = times[row.recency as usize];
        let silence = age.log - recency.log;
        let log_odds = terms.log_weight + terms.shape * silence;
        // The smaller of the odds of being dead and alive, so that no exponential overflows.
        let odds = (-log_odds.abs()).exp();
        let minor = odds / (1.0 + odds);
        let dead = if log_odds > 0.0 { 1.0 - minor } else { minor };
        sums.log += row.customers * (log_odds.max(0.0) + (1.0 + odds).ln());
        sums.by_shape += row.customers * dead * silence;
        sums.by_alpha += row.customers * dead * (recency.inverse - age.inverse);
        sums.dead += row.customers * dead;
    }
    sums
}

/// ln[S + w ((1+T/alpha) / (1+`t_x`/alpha))^s] and its derivatives, as [`sum_rows`] for k > 1.
fn sum_regular_rows(
    rows: &[Row],
    frequencies: &[FrequencyTerms],
    times: &[TimeTerms],
    a: f64,
    ticks: u32,
) -> [f64; 5] {
    let mut sum = [0.0; 5];
    let mut inverses = Vec::new();
    for run in rows.chunk_by(|one, next| one.frequency == next.frequency) {
        let terms = frequencies[run[0].frequency as usize];
        inverses.clear();
        inverses.extend((1..ticks).map(|j| 1.0 / (terms.shape + f64::from(j - 1))));
        for row in run {
            let age = times[row.age as usize];
            let recency = times[row.recency as usize];
            let silence = age.log - recency.log;
            let fewer = LogSum::new(terms.shape, (age.time - recency.time) * age.inverse, &inverses);
            let log_odds = terms.log_weight + terms.shape * silence - fewer.value;
            let odds = (-log_odds.abs()).exp();
            let minor = odds / (1.0 + odds);
            let (dead, alive) = if log_odds > 0.0 { (1.0 - minor, minor) } else { (minor, 1.0 - minor) };
            sum[0] += row.customers * (log_odds.max(0.0) + odds.ln_1p() + fewer.value);
            sum[1] += row.customers * (alive * fewer.by_shape + dead * silence);
            sum[2] -= row.customers
                * (terms.shape * dead * (recency.inverse - age.inverse)
                    + alive * fewer.by_log_share * age.inverse);
            sum[3] += row.customers * dead / a;
            sum[4] -= row.customers * dead * terms.dropout_slope;
        }
    }
    sum
}

impl LogLikelihood for Likelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let [value, slopes @ ..] = self.at([parameters[0], parameters[1], parameters[2], parameters[3]]);
        gradient.copy_from_slice(&slopes);
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;
    use crate::{CustomerBase, Purchases};

    /// a (a+1) ... (a+n-1).
    fn rising(a: Dual64, n: u32) -> Dual64 {
        (0..n).fold(Dual64::from(1.0), |product, i| product * (a + f64::from(i)))
    }

    /// The likelihood as the papers print it, one customer at a time (Platzer and Reutterer 2016, for k = 1 Fader et al. 2005).
    fn log_likelihood(base: &CustomerBase, first: u32, k: u32, [r, alpha, a, b]: [Dual64; 4]) -> Dual64 {
        let mut sum = Dual64::from(0.0);
        for (history, &customers) in base.histories().iter().zip(base.counts()) {
            let (x, c) = (history.frequency(), history.frequency() + first);
            let s = r + f64::from(k * x);
            let power = |t: f64, n: Dual64| ((alpha + t).ln() * -n).exp();
            let silent = history.age() - history.recency();
            let fewer_ticks = (0..k).fold(Dual64::from(0.0), |sum, j| {
                let factorial = f64::from((1..=j).product::<u32>());
                sum + rising(s, j) * power(history.age(), s + f64::from(j)) * silent.powf(f64::from(j))
                    / factorial
            });
            let stayed = rising(b, c) / rising(a + b, c) * fewer_ticks;
            let left = if c == 0 {
                Dual64::from(0.0)
            } else {
                a * rising(b, c - 1) / rising(a + b, c) * power(history.recency(), s)
            };
            let gamma_k = f64::from((1..k).product::<u32>());
            let intervals =
                f64::from(k - 1) * history.log_intervals().expect("known") - f64::from(x) * gamma_k.ln();
            sum += (rising(r, k * x).ln() + r * alpha.ln() + (stayed + left).ln() + intervals) * customers;
        }
        sum
    }

    /// Vector instructions give what one row at a time gives, to the last digits.
    #[test]
    fn vectors_agree_with_single_rows() {
        let times: Vec<TimeTerms> = (0..400)
            .map(|day| f64::from(day) / 200.0)
            .map(|time| TimeTerms { time, log: (time / 0.3).ln_1p(), inverse: 1.0 / (0.3 + time) })
            .collect();
        for (shape, log_weight) in [(0.25, f64::NEG_INFINITY), (0.25, -1.2), (3.7, 0.4), (9000.0, -7.0)] {
            let terms = FrequencyTerms { shape, log_weight, dropout_slope: 0.5 };
            for rows in [8, 13, 128, 129, 1000] {
                let rows: Vec<Row> = (0..rows)
                    .map(|i| Row {
                        frequency: 0,
                        age: 200 + i * 7 % 200,
                        recency: i * 13 % 200,
                        customers: f64::from(1 + i % 3),
                    })
                    .collect();
                let one = sum_run(&rows, terms, &times);
                let Some(vectors) = vector::sum_run(&rows, terms, &times) else {
                    eprintln!("not run: this processor has no AVX2");
                    return;
                };
                for (one, vectors) in [
                    (one.log, vectors.log),
                    (one.by_shape, vectors.by_shape),
                    (one.by_alpha, vectors.by_alpha),
                    (one.dead, vectors.dead),
                ] {
                    assert!((one - vectors).abs() <= 1e-13 * one.abs() + 1e-300, "{shape}: {one} {vectors}");
                }
            }
        }
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let mut base = CustomerBase::new();
        for (x, recency, age, customers) in [
            (0, 0.0, 30.0, 7),
            (1, 3.0, 39.0, 2),
            (2, 25.0, 31.0, 3),
            (2, 31.0, 31.0, 1),
            (12, 20.0, 35.0, 1),
            (0, 0.0, 12.0, 4),
        ] {
            let history = Purchases::new(x, recency, age).expect("a valid history");
            base.push(history.with_log_intervals(f64::from(x) * 0.7 - 0.2), customers);
        }
        let grouped = Arc::new(Grouped::new(&base));
        let unit = grouped.unit;
        for (first, k) in [(0, 1), (1, 1), (0, 2), (1, 3), (0, 5), (1, 12)] {
            let likelihood = Likelihood::new(Arc::clone(&grouped), first, k);
            let single = Likelihood::new(Arc::clone(&grouped), first, k).one_row_at_a_time();
            let ticks = f64::from(k);
            let constant = (ticks - 1.0) * base.log_intervals().expect("known")
                - base.repeat_purchases() * (ln_gamma(ticks) + ticks * unit.ln());
            for parameters in [[0.25, 4.4, 0.8, 2.4], [3.0, 50.0, 5.0, 0.3], [0.01, 0.2, 0.02, 20.0]] {
                let [r, alpha, a, b] = parameters;
                let ours = likelihood.at([r, alpha / unit, a, b]);
                let one_by_one = single.at([r, alpha / unit, a, b]);
                assert!((ours[0] / one_by_one[0] - 1.0).abs() < 1e-13, "{k}: {ours:?} {one_by_one:?}");
                let value = ours[0] + constant;
                for i in 0..4 {
                    let mut dual = parameters.map(Dual64::from);
                    dual[i].eps = 1.0;
                    let expected = log_likelihood(&base, first, k, dual);
                    let slope = if i == 1 { ours[2] / unit } else { ours[i + 1] };
                    assert!((value / expected.re - 1.0).abs() < 1e-12, "{k}: {value} {expected}");
                    assert!(
                        (slope - expected.eps).abs() < 1e-10 * (1.0 + expected.eps.abs()),
                        "{k} {i}: {slope} {expected}"
                    );
                }
            }
        }
    }
}
