//! Log-likelihood and gradient, a customer at a time.

use perennial_math::{
    parallel::sum_chunks_into,
    special::{digamma, ln_gamma},
};

use super::{TimedBase, path::Piece};
use crate::{
    Process,
    covariates::{Column, Effect},
    estimation::LogLikelihood,
    pareto_nbd::dropout_integral::{DropoutIntegral, Factor},
};

/// Customers per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 64;

/// The log-likelihood as a function of r, alpha, s, beta and the coefficients of standardised covariates.
pub(super) struct TimedLikelihood {
    customers: Vec<Customer>,
    /// The covariates of each path's steps.
    paths: Vec<Vec<Step>>,
    /// The numbers of the coefficients that move each process.
    purchase: Vec<usize>,
    dropout: Vec<usize>,
    coefficients: usize,
}

/// The covariates of a step, standardised.
struct Step {
    /// One per coefficient of the purchase process.
    purchase: Vec<f64>,
    /// One per coefficient of the dropout process.
    dropout: Vec<f64>,
}

/// What the likelihood needs of a customer.
struct Customer {
    frequency: f64,
    path: usize,
    /// Sums over the repeat purchases of the covariates at their times, one per coefficient of the purchase process.
    at_purchases: Vec<f64>,
    /// From the first purchase to the last.
    active: Vec<Piece>,
    /// From the last purchase to the end of the observation.
    silent: Vec<Piece>,
}

/// exp(gamma' z) and exp(delta' z) of a step.
#[derive(Clone, Copy)]
struct Speeds {
    purchase: f64,
    dropout: f64,
}

/// alpha + A(u) or beta + D(u), with its derivatives by the coefficients and its logarithm since the last purchase.
struct Exposure<'a> {
    total: f64,
    slopes: &'a mut [f64],
    log: f64,
}

impl Exposure<'_> {
    fn grow(&mut self, speed: f64, covariates: &[f64], length: f64) {
        let step = speed * length;
        self.log += (step / self.total).ln_1p();
        self.total += step;
        for (slope, covariate) in self.slopes.iter_mut().zip(covariates) {
            *slope += covariate * step;
        }
    }
}

impl TimedLikelihood {
    /// Of customers with these effects, covariates taken relative to their columns and times to `unit`.
    pub(super) fn new(customers: &TimedBase, effects: &[Effect], columns: &[Column], unit: f64) -> Self {
        let of = |process: Process| -> Vec<usize> {
            (0..effects.len()).filter(|number| effects[*number].process == process).collect()
        };
        let (purchase, dropout) = (of(Process::Purchase), of(Process::Dropout));
        let standardised = |numbers: &[usize], values: &[f64]| -> Vec<f64> {
            numbers.iter().map(|&n| columns[n].standardised(values[effects[n].covariate])).collect()
        };
        let step = |values: &[f64]| Step {
            purchase: standardised(&purchase, values),
            dropout: standardised(&dropout, values),
        };
        let paths: Vec<Vec<Step>> = customers
            .paths
            .iter()
            .map(|path| (0..path.steps()).map(|number| step(path.values(number))).collect())
            .collect();
        let own = (0..customers.customers.len())
            .map(|number| Customer::new(customers, number, &paths, purchase.len(), unit))
            .collect();
        Self { customers: own, paths, purchase, dropout, coefficients: effects.len() }
    }

    /// The value alone.
    pub(super) fn value(&self, parameters: &[f64]) -> f64 {
        self.value_and_gradient(parameters, &mut vec![0.0; parameters.len()])
    }

    /// The speeds of each path's steps.
    fn speeds(&self, coefficients: &[f64]) -> Vec<Vec<Speeds>> {
        let speed = |numbers: &[usize], covariates: &[f64]| {
            numbers.iter().zip(covariates).map(|(&n, value)| coefficients[n] * value).sum::<f64>().exp()
        };
        let speeds = |step: &Step| Speeds {
            purchase: speed(&self.purchase, &step.purchase),
            dropout: speed(&self.dropout, &step.dropout),
        };
        self.paths.iter().map(|steps| steps.iter().map(speeds).collect()).collect()
    }
}

impl Customer {
    fn new(base: &TimedBase, number: usize, paths: &[Vec<Step>], coefficients: usize, unit: f64) -> Self {
        let (purchases, path) = &base.customers[number];
        let path = path.0;
        let steps = &base.paths[path];
        let mut at_purchases = vec![0.0; coefficients];
        for time in &purchases.times {
            let covariates = &paths[path][steps.step_at(purchases.first + time)].purchase;
            for (sum, value) in at_purchases.iter_mut().zip(covariates) {
                *sum += value;
            }
        }
        let last = purchases.first + purchases.history.recency();
        let end = purchases.first + purchases.history.age();
        // That the path reaches was seen to when the customer was added.
        let pieces = |from, to| -> Vec<Piece> {
            let pieces = steps.pieces(from, to, base.names().len()).unwrap_or_default();
            pieces.into_iter().map(|piece| Piece { length: piece.length / unit, ..piece }).collect()
        };
        Self {
            frequency: f64::from(purchases.history.frequency()),
            path,
            at_purchases,
            active: pieces(purchases.first, last),
            silent: pieces(last, end),
        }
    }
}

/// The bracket of the likelihood relative to its integrand at the last purchase, and its derivatives.
#[derive(Default)]
struct Bracket {
    value: f64,
    shape: f64,
    alpha: f64,
    s: f64,
    beta: f64,
    purchase: Vec<f64>,
    dropout: Vec<f64>,
}

impl Bracket {
    /// Adds the customers who left in a piece that begins with these exposures.
    fn leave(
        &mut self,
        [p, s]: [f64; 2],
        purchase: &Exposure<'_>,
        dropout: &Exposure<'_>,
        speeds: Speeds,
        step: &Step,
        length: f64,
    ) {
        let near = Factor { offset: purchase.total / speeds.purchase, exponent: p };
        let far = Factor { offset: dropout.total / speeds.dropout, exponent: s + 1.0 };
        let integral = DropoutIntegral::new(near, far, 0.0, length);
        let weight = (-p * purchase.log - s * dropout.log).exp() * s / far.offset;
        let mass = weight * integral.mass;
        let by_purchase = weight * integral.purchase_inverse / speeds.purchase;
        let by_dropout = weight * integral.dropout_inverse / speeds.dropout;
        self.value += mass;
        self.shape -= weight * integral.purchase_log + purchase.log * mass;
        self.alpha -= p * by_purchase;
        self.s += mass / s - weight * integral.dropout_log - dropout.log * mass;
        self.beta -= (s + 1.0) * by_dropout;
        // Within the piece the derivative of A by a coefficient is its value at the start plus z (A - its start).
        for ((slope, z), at) in self.purchase.iter_mut().zip(&step.purchase).zip(&*purchase.slopes) {
            *slope -= p * ((at - z * purchase.total) * by_purchase + z * mass);
        }
        for ((slope, z), at) in self.dropout.iter_mut().zip(&step.dropout).zip(&*dropout.slopes) {
            *slope += z * mass - (s + 1.0) * ((at - z * dropout.total) * by_dropout + z * mass);
        }
    }

    /// Adds the customers who are still active at these exposures.
    fn stay(&mut self, [p, s]: [f64; 2], purchase: &Exposure<'_>, dropout: &Exposure<'_>) {
        let alive = (-p * purchase.log - s * dropout.log).exp();
        self.value += alive;
        self.shape -= alive * purchase.log;
        self.alpha -= p * alive / purchase.total;
        self.s -= alive * dropout.log;
        self.beta -= s * alive / dropout.total;
        for (slope, at) in self.purchase.iter_mut().zip(&*purchase.slopes) {
            *slope -= p * alive * at / purchase.total;
        }
        for (slope, at) in self.dropout.iter_mut().zip(&*dropout.slopes) {
            *slope -= s * alive * at / dropout.total;
        }
    }

    fn clear(&mut self, purchase: usize, dropout: usize) {
        let (mut by_purchase, mut by_dropout) =
            (std::mem::take(&mut self.purchase), std::mem::take(&mut self.dropout));
        by_purchase.clear();
        by_purchase.resize(purchase, 0.0);
        by_dropout.clear();
        by_dropout.resize(dropout, 0.0);
        *self = Self { purchase: by_purchase, dropout: by_dropout, ..Self::default() };
    }
}

/// Memory that the customers of a chunk share.
#[derive(Default)]
struct Scratch {
    bracket: Bracket,
    purchase: Vec<f64>,
    dropout: Vec<f64>,
}

impl TimedLikelihood {
    /// Adds value and gradient of a customer to `sums`, without the terms that all customers have.
    fn add(
        &self,
        customer: &Customer,
        parameters: &[f64],
        speeds: &[Speeds],
        scratch: &mut Scratch,
        sums: &mut [f64],
    ) {
        let (r, alpha, s, beta) = (parameters[0], parameters[1], parameters[2], parameters[3]);
        let p = r + customer.frequency;
        let steps = &self.paths[customer.path];
        let Scratch { bracket, purchase, dropout } = scratch;
        for (slopes, size) in [(&mut *purchase, self.purchase.len()), (&mut *dropout, self.dropout.len())] {
            slopes.clear();
            slopes.resize(size, 0.0);
        }
        bracket.clear(self.purchase.len(), self.dropout.len());
        let mut purchase = Exposure { total: alpha, slopes: purchase, log: 0.0 };
        let mut dropout = Exposure { total: beta, slopes: dropout, log: 0.0 };
        for piece in &customer.active {
            purchase.grow(speeds[piece.step].purchase, &steps[piece.step].purchase, piece.length);
            dropout.grow(speeds[piece.step].dropout, &steps[piece.step].dropout, piece.length);
        }
        let (log_purchase, log_dropout) = (purchase.log, dropout.log);
        (purchase.log, dropout.log) = (0.0, 0.0);
        for piece in &customer.silent {
            let (speeds, step) = (speeds[piece.step], &steps[piece.step]);
            bracket.leave([p, s], &purchase, &dropout, speeds, step, piece.length);
            purchase.grow(speeds.purchase, &step.purchase, piece.length);
            dropout.grow(speeds.dropout, &step.dropout, piece.length);
        }
        bracket.stay([p, s], &purchase, &dropout);
        let coefficients = &parameters[4..];
        let at_purchases: f64 =
            self.purchase.iter().zip(&customer.at_purchases).map(|(&n, sum)| coefficients[n] * sum).sum();
        sums[0] += ln_gamma(p) - customer.frequency * alpha.ln() - p * log_purchase - s * log_dropout
            + at_purchases
            + bracket.value.ln();
        sums[1] += digamma(p) - log_purchase + bracket.shape / bracket.value;
        sums[2] += bracket.alpha / bracket.value;
        sums[3] += bracket.s / bracket.value - log_dropout;
        sums[4] += bracket.beta / bracket.value;
        for ((&n, slope), sum) in self.purchase.iter().zip(&bracket.purchase).zip(&customer.at_purchases) {
            sums[5 + n] += sum + slope / bracket.value;
        }
        for (&n, slope) in self.dropout.iter().zip(&bracket.dropout) {
            sums[5 + n] += slope / bracket.value;
        }
    }
}

impl LogLikelihood for TimedLikelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let speeds = self.speeds(&parameters[4..]);
        let size = 5 + self.coefficients;
        let sums = sum_chunks_into(self.customers.len(), CHUNK, size, |range, sums| {
            let mut scratch = Scratch::default();
            for customer in &self.customers[range] {
                self.add(customer, parameters, &speeds[customer.path], &mut scratch, sums);
            }
        });
        let [r, alpha, s, beta] = [parameters[0], parameters[1], parameters[2], parameters[3]];
        let customers = self.customers.len() as f64;
        gradient.copy_from_slice(&sums[1..]);
        gradient[0] -= customers * digamma(r);
        gradient[1] += customers * r / alpha;
        gradient[3] += customers * s / beta;
        sums[0] - customers * ln_gamma(r)
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};
    use perennial_math::quadrature::GaussLegendre;

    use super::*;
    use crate::{CovariatePath, TimedPurchases};

    /// Starts and covariates of the steps, known until 40.
    const STEPS: [(f64, [f64; 2]); 4] =
        [(0.0, [0.0, 1.0]), (7.0, [1.0, 1.0]), (12.5, [0.5, -2.0]), (30.0, [-1.0, 0.3])];

    /// The coefficients of both covariates on purchases, then of the second on dropout.
    const EFFECTS: [Effect; 3] = [
        Effect { process: Process::Purchase, covariate: 0, moves: &[(1, -1.0)] },
        Effect { process: Process::Dropout, covariate: 1, moves: &[(3, -1.0)] },
        Effect { process: Process::Purchase, covariate: 1, moves: &[(1, -1.0)] },
    ];

    /// gamma' z and delta' z at a time.
    fn log_speeds(p: &[Dual64; 7], time: f64) -> [Dual64; 2] {
        let [one, two] = STEPS.iter().rfind(|(start, _)| *start <= time).expect("a step").1;
        [p[4] * one + p[6] * two, p[5] * two]
    }

    /// A or D, which of them `which` says, from one time to another.
    fn exposure(p: &[Dual64; 7], from: f64, to: f64, which: usize) -> Dual64 {
        let mut sum = Dual64::from(0.0);
        for (i, (start, _)) in STEPS.iter().enumerate() {
            let end = STEPS.get(i + 1).map_or(40.0, |(next, _)| *next);
            let length = end.min(to) - start.max(from);
            if length > 0.0 {
                sum += log_speeds(p, *start)[which].exp() * length;
            }
        }
        sum
    }

    /// The likelihood of the model's module, its integral over many panels.
    fn log_likelihood(customer: &TimedPurchases, p: &[Dual64; 7]) -> Dual64 {
        let [r, alpha, s, beta] = [p[0], p[1], p[2], p[3]];
        let (first, history) = (customer.first, customer.history);
        let x = history.frequency();
        let end = first + history.age();
        // Relative to alpha and beta, which cannot overflow.
        let power = |base: Dual64, exponent: Dual64| (base.ln() * -exponent).exp();
        let purchase = |u: f64| power(exposure(p, first, u, 0) / alpha + 1.0, r + f64::from(x));
        let dropout = |u: f64, more: f64| power(exposure(p, first, u, 1) / beta + 1.0, s + more);
        let rule = GaussLegendre::new(16);
        let mut integral = Dual64::from(0.0);
        // Panels of a twentieth, among whose borders are all steps.
        let (mut low, last) = (first + history.recency(), end);
        while low < last - 1e-12 {
            let high = (((low * 20.0 + 1e-9).floor() + 1.0) / 20.0).min(last);
            let half = 0.5 * (high - low);
            for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
                let u = low + half * (1.0 + node);
                integral += purchase(u) * dropout(u, 1.0) * log_speeds(p, u)[1].exp() * (half * weight);
            }
            low = high;
        }
        let mut sum = (0..x).fold(Dual64::from(0.0), |sum, i| sum + (r + f64::from(i)).ln());
        for time in &customer.times {
            sum += log_speeds(p, first + time)[0];
        }
        sum - alpha.ln() * f64::from(x) + (purchase(end) * dropout(end, 0.0) + s / beta * integral).ln()
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let steps = STEPS.map(|(start, values)| (start, values.to_vec()));
        let mut base = TimedBase::new(["One", "Two"]);
        let path = base.add_path(CovariatePath::new(steps, 40.0).expect("a path")).expect("two covariates");
        for (first, times, age) in [
            (0.0, vec![], 40.0),
            (3.0, vec![1.0, 4.0], 30.0),
            // On steps: at their starts the steps' own values hold.
            (2.5, vec![4.5, 10.0], 10.0),
            (8.0, vec![0.5, 1.0, 22.0], 31.0),
            (31.0, vec![2.0], 4.0),
        ] {
            let customer = TimedPurchases::new(first, times, age).expect("purchases");
            base.push(customer, path).expect("a path that reaches");
        }
        let raw = [Column { mean: 0.0, deviation: 1.0, range: 1.0 }; 3];
        let unit = 10.0;
        let likelihood = TimedLikelihood::new(&base, &EFFECTS, &raw, unit);
        for parameters in [
            [0.55, 10.6, 0.6, 11.7, 0.5, -0.8, 0.2],
            [3.0, 50.0, 5.0, 0.9, -1.5, 0.3, 0.7],
            [0.8, 7.0, 0.3, 7.0, 0.0, 0.0, 0.0],
            [0.5, 5.0, 900.0, 90_000.0, 2.0, 1.0, -1.0],
        ] {
            let mut scaled = parameters;
            scaled[1] /= unit;
            scaled[3] /= unit;
            let mut gradient = [0.0; 7];
            let value = likelihood.value_and_gradient(&scaled, &mut gradient)
                - base.histories().repeat_purchases() * f64::ln(unit);
            for i in 0..7 {
                let mut dual = parameters.map(Dual64::from);
                dual[i].eps = 1.0;
                let expected = base
                    .customers()
                    .fold(Dual64::from(0.0), |sum, (customer, _)| sum + log_likelihood(customer, &dual));
                let slope = if i == 1 || i == 3 { gradient[i] / unit } else { gradient[i] };
                assert!((value / expected.re - 1.0).abs() < 1e-11, "{value} {expected}");
                assert!(
                    (slope - expected.eps).abs() < 1e-9 * (1.0 + expected.eps.abs()),
                    "{i}: {slope} {expected}"
                );
            }
        }
    }
}
