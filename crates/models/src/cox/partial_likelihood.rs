//! The partial likelihood with Efron's treatment of ties, its gradient and its information, in one pass over the customers.
//!
//! Customers are taken from the longest duration down, so that the risk set only grows. Its sums of w = exp(beta x), w x and w x x' are kept
//! relative to the largest w in it: at least one customer counts fully, so nothing overflows or vanishes.

use std::ops::Range;

use perennial_math::matrix::SquareMatrix;

use super::CoxData;

/// Customers from the longest duration down, their covariates standardised to mean 0 and variance 1.
pub(super) struct RiskSets {
    covariates: usize,
    /// Row by row.
    rows: Vec<f64>,
    ended: Vec<bool>,
    /// The customers of each distinct duration, and the duration.
    ties: Vec<(Range<usize>, f64)>,
    pub(super) means: Vec<f64>,
    /// Standard deviations; 1 where a covariate is constant.
    pub(super) scales: Vec<f64>,
}

/// The log partial likelihood at a point.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    /// The negative Hessian.
    pub(super) information: SquareMatrix,
}

impl RiskSets {
    pub(super) fn new(data: &CoxData) -> Self {
        let lifetimes = data.lifetimes();
        let mut order: Vec<usize> = (0..lifetimes.len()).collect();
        order.sort_by(|&one, &other| lifetimes[other].duration().total_cmp(&lifetimes[one].duration()));
        let (means, scales): (Vec<f64>, Vec<f64>) =
            data.columns().iter().map(|values| mean_and_deviation(values)).unzip();
        let mut rows = Vec::with_capacity(order.len() * means.len());
        for &customer in &order {
            let moments = means.iter().zip(&scales);
            rows.extend(
                data.columns()
                    .iter()
                    .zip(moments)
                    .map(|(values, (mean, scale))| (values[customer] - mean) / scale),
            );
        }
        let mut ties = Vec::new();
        let mut start = 0;
        for tied in order
            .chunk_by(|&one, &next| lifetimes[one].duration().total_cmp(&lifetimes[next].duration()).is_eq())
        {
            ties.push((start..start + tied.len(), lifetimes[tied[0]].duration()));
            start += tied.len();
        }
        let ended = order.iter().map(|&customer| lifetimes[customer].ended()).collect();
        Self { covariates: means.len(), rows, ended, ties, means, scales }
    }

    /// The longest duration.
    pub(super) fn last_time(&self) -> f64 {
        self.ties.first().map_or(f64::NAN, |(_, time)| *time)
    }

    fn row(&self, customer: usize) -> &[f64] {
        &self.rows[customer * self.covariates..(customer + 1) * self.covariates]
    }

    /// The log partial likelihood, its gradient and its information at coefficients of the standardised covariates.
    pub(super) fn at(&self, coefficients: &[f64]) -> Partial {
        let mut total = Totals::new(self.covariates);
        let mut at_risk = Sums::new(self.covariates);
        let mut leaving = Sums::new(self.covariates);
        let mut largest = f64::NEG_INFINITY;
        let mut predictors = Vec::new();
        for (tied, _) in &self.ties {
            predictors.clear();
            predictors.extend(tied.clone().map(|customer| dot(self.row(customer), coefficients)));
            largest = at_risk.raise(largest, &predictors);
            leaving.clear();
            let mut ended = 0;
            for (customer, predictor) in tied.clone().zip(&predictors) {
                let (row, weight) = (self.row(customer), (predictor - largest).exp());
                at_risk.add(row, weight);
                if self.ended[customer] {
                    leaving.add(row, weight);
                    total.add_departure(row, predictor - largest);
                    ended += 1;
                }
            }
            for already in 0..ended {
                total.take_risk_set(&at_risk, &leaving, f64::from(already) / f64::from(ended));
            }
        }
        total.into_partial()
    }

    /// The cumulative baseline hazard (Breslow) after each time at which customers left, ascending.
    pub(super) fn baseline(&self, coefficients: &[f64]) -> Vec<(f64, f64)> {
        let (mut weight, mut largest) = (0.0, f64::NEG_INFINITY);
        let mut steps = Vec::new();
        for (tied, time) in &self.ties {
            for customer in tied.clone() {
                let predictor = dot(self.row(customer), coefficients);
                if predictor > largest {
                    weight *= (largest - predictor).exp();
                    largest = predictor;
                }
                weight += (predictor - largest).exp();
            }
            let ended = self.ended[tied.clone()].iter().filter(|ended| **ended).count();
            if ended > 0 {
                steps.push((*time, ((ended as f64 / weight).ln() - largest).exp()));
            }
        }
        steps.reverse();
        let mut cumulated = 0.0;
        for (_, hazard) in &mut steps {
            cumulated += *hazard;
            *hazard = cumulated;
        }
        steps
    }
}

/// Sums over customers of w, w x and w x x' (the lower triangle, row by row).
struct Sums {
    weight: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Sums {
    fn new(covariates: usize) -> Self {
        Self {
            weight: 0.0,
            first: vec![0.0; covariates],
            second: vec![0.0; covariates * (covariates + 1) / 2],
        }
    }

    fn clear(&mut self) {
        self.scale(0.0);
    }

    fn scale(&mut self, factor: f64) {
        self.weight *= factor;
        self.first.iter_mut().chain(&mut self.second).for_each(|sum| *sum *= factor);
    }

    /// Makes the sums relative to the largest of the predictors, if it exceeds the `largest` so far; returns what they are relative to.
    fn raise(&mut self, largest: f64, predictors: &[f64]) -> f64 {
        let highest = predictors.iter().copied().fold(largest, f64::max);
        if highest > largest {
            self.scale((largest - highest).exp());
        }
        highest
    }

    fn add(&mut self, row: &[f64], weight: f64) {
        self.weight += weight;
        let mut second = self.second.iter_mut();
        for (i, (first, &x)) in self.first.iter_mut().zip(row).enumerate() {
            let weighted = weight * x;
            *first += weighted;
            for (&y, sum) in row[..=i].iter().zip(&mut second) {
                *sum += weighted * y;
            }
        }
    }
}

/// What has been summed of the log partial likelihood, and room for the mean over a risk set.
struct Totals {
    value: f64,
    gradient: Vec<f64>,
    /// The lower triangle, row by row.
    information: Vec<f64>,
    mean: Vec<f64>,
}

impl Totals {
    fn new(covariates: usize) -> Self {
        Self {
            value: 0.0,
            gradient: vec![0.0; covariates],
            information: vec![0.0; covariates * (covariates + 1) / 2],
            mean: vec![0.0; covariates],
        }
    }

    /// A customer leaves; `predictor` is relative to the largest in the risk set.
    fn add_departure(&mut self, row: &[f64], predictor: f64) {
        self.value += predictor;
        for (slope, x) in self.gradient.iter_mut().zip(row) {
            *slope += x;
        }
    }

    /// One of the tied customers leaves from a risk set in which the tied count for less by `share` (Efron).
    fn take_risk_set(&mut self, at_risk: &Sums, leaving: &Sums, share: f64) {
        let weight = at_risk.weight - share * leaving.weight;
        self.value -= weight.ln();
        let firsts = at_risk.first.iter().zip(&leaving.first);
        for ((mean, slope), (all, tied)) in self.mean.iter_mut().zip(&mut self.gradient).zip(firsts) {
            *mean = (all - share * tied) / weight;
            *slope -= *mean;
        }
        let mut seconds = self.information.iter_mut().zip(at_risk.second.iter().zip(&leaving.second));
        for (i, x) in self.mean.iter().enumerate() {
            for (y, (sum, (all, tied))) in self.mean[..=i].iter().zip(&mut seconds) {
                *sum += (all - share * tied) / weight - x * y;
            }
        }
    }

    fn into_partial(self) -> Partial {
        let information = SquareMatrix::from_fn(self.gradient.len(), |row, column| {
            let (low, high) = (row.min(column), row.max(column));
            self.information[high * (high + 1) / 2 + low]
        });
        Partial { value: self.value, gradient: self.gradient, information }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Mean and standard deviation; deviation 1 where there is none.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n;
    let deviation = variance.sqrt();
    // What rounding leaves of a constant is no spread.
    if deviation > 1e-12 * mean.abs() { (mean, deviation) } else { (mean, 1.0) }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;
    use crate::Lifetime;

    /// Efron's partial likelihood as it is printed, customer by customer.
    fn printed(risk: &RiskSets, times: &[f64], coefficients: [Dual64; 2]) -> Dual64 {
        let predictor =
            |i: usize| (0..2).fold(Dual64::from(0.0), |sum, j| sum + coefficients[j] * risk.row(i)[j]);
        let mut value = Dual64::from(0.0);
        for (tied, _) in &risk.ties {
            let leaving: Vec<usize> = tied.clone().filter(|&i| risk.ended[i]).collect();
            let sum = |members: &mut dyn Iterator<Item = usize>| {
                members.fold(Dual64::from(0.0), |sum, i| sum + predictor(i).exp())
            };
            let all = sum(&mut (0..times.len()).filter(|&i| times[i] >= times[tied.start]));
            let tied = sum(&mut leaving.iter().copied());
            for (l, &i) in leaving.iter().enumerate() {
                value += predictor(i) - (all - tied * (l as f64 / leaving.len() as f64)).ln();
            }
        }
        value
    }

    #[test]
    fn value_gradient_and_information_agree_with_dual_numbers() {
        let rows = [
            (5.0, true, 1.0, 0.3),
            (5.0, true, 0.0, -2.0),
            (5.0, false, 1.0, 4.0),
            (2.0, true, 0.0, 1.0),
            (2.0, true, 1.0, 1.5),
            (2.0, true, 1.0, -0.5),
            (9.0, false, 0.0, 0.2),
            (7.0, true, 1.0, 3.0),
            (0.0, true, 0.0, 0.0),
            (0.0, false, 1.0, 1.0),
        ];
        let lifetimes = rows.map(|(time, ended, ..)| Lifetime::new(time, ended).expect("a lifetime"));
        let data = CoxData::new(lifetimes.to_vec())
            .with_covariate("a", rows.map(|row| row.2).to_vec())
            .and_then(|data| data.with_covariate("b", rows.map(|row| row.3).to_vec()))
            .expect("covariates");
        let risk = RiskSets::new(&data);
        let mut times: Vec<f64> = rows.map(|row| row.0).to_vec();
        times.sort_by(|a, b| b.total_cmp(a));
        for point in [[0.0, 0.0], [0.7, -1.3], [-4.0, 6.0]] {
            let ours = risk.at(&point);
            for i in 0..2 {
                let mut dual = point.map(Dual64::from);
                dual[i].eps = 1.0;
                let expected = printed(&risk, &times, dual);
                assert!((ours.value / expected.re - 1.0).abs() < 1e-12, "{ours:?} {expected}");
                assert!((ours.gradient[i] - expected.eps).abs() < 1e-11, "{ours:?} {expected}");
            }
            let mut gradient = |at: &[f64], out: &mut [f64]| out.copy_from_slice(&risk.at(at).gradient);
            let hessian = perennial_math::derivative::hessian_of(&mut gradient, &point);
            for (ours, theirs) in ours.information.entries().iter().zip(hessian.entries()) {
                assert!((ours + theirs).abs() < 1e-8, "{ours} {theirs}");
            }
        }
    }

    #[test]
    fn far_predictors_neither_overflow_nor_vanish() {
        let lifetimes: Vec<Lifetime> =
            (0..20).map(|i| Lifetime::new(f64::from(i % 7), i % 3 > 0).expect("a lifetime")).collect();
        let data = CoxData::new(lifetimes)
            .with_covariate("x", (0..20).map(f64::from).collect())
            .expect("a covariate");
        for coefficient in [-5_000.0, 5_000.0] {
            let partial = RiskSets::new(&data).at(&[coefficient]);
            assert!(partial.value.is_finite() && partial.gradient[0].is_finite(), "{partial:?}");
        }
    }
}
