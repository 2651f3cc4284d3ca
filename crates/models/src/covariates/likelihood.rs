//! The log-likelihood of customers grouped by covariates: the model's own, at each group's parameters.

use perennial_math::parallel::sum_chunks_into;

use super::Effect;
use crate::estimation::{LogLikelihood, Problem};

/// Groups per parallel piece; fixed, so that sums do not depend on the number of threads.
const CHUNK: usize = 32;

/// A group of customers with the same covariates.
pub(super) struct Group {
    /// The covariates on the scale of the search, one per effect.
    pub(super) covariates: Vec<f64>,
    /// The model's likelihood of the customers, in units of its own.
    pub(super) likelihood: Box<dyn LogLikelihood>,
    /// What the common parameters are multiplied by to be in those units.
    pub(super) units: Vec<f64>,
}

impl Group {
    pub(super) fn new(covariates: Vec<f64>, problem: Problem, common: &Problem) -> Self {
        let units = common.parameters.iter().zip(&problem.parameters).map(|(all, own)| all.unit / own.unit);
        Self { covariates, units: units.collect(), likelihood: problem.likelihood }
    }
}

/// The log-likelihood as a function of the model's own parameters and the effects' coefficients.
pub(super) struct GroupedLikelihood {
    pub(super) groups: Vec<Group>,
    pub(super) effects: Vec<Effect>,
}

impl GroupedLikelihood {
    /// Adds value and gradient of a group to `sums`; `own` and `slopes` are scratch, as long as the model has parameters.
    fn add(&self, group: &Group, parameters: &[f64], own: &mut [f64], slopes: &mut [f64], sums: &mut [f64]) {
        let (base, coefficients) = parameters.split_at(own.len());
        own.fill(0.0);
        for ((effect, coefficient), value) in self.effects.iter().zip(coefficients).zip(&group.covariates) {
            for (parameter, sign) in effect.moves {
                own[*parameter] += sign * coefficient * value;
            }
        }
        for ((own, base), unit) in own.iter_mut().zip(base).zip(&group.units) {
            *own = base * unit * own.exp();
        }
        sums[0] += group.likelihood.value_and_gradient(own, slopes);
        // From here on the derivatives by the logarithms, which are the same for a parameter and what it was moved from.
        for (slope, own) in slopes.iter_mut().zip(own) {
            *slope *= *own;
        }
        for (i, (slope, base)) in slopes.iter().zip(base).enumerate() {
            sums[1 + i] += slope / base;
        }
        for (i, (effect, value)) in self.effects.iter().zip(&group.covariates).enumerate() {
            let by_factor: f64 = effect.moves.iter().map(|(parameter, sign)| sign * slopes[*parameter]).sum();
            sums[1 + base.len() + i] += by_factor * value;
        }
    }
}

impl LogLikelihood for GroupedLikelihood {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let model = parameters.len() - self.effects.len();
        let sums = sum_chunks_into(self.groups.len(), CHUNK, 1 + parameters.len(), |range, sums| {
            let (mut own, mut slopes) = (vec![0.0; model], vec![0.0; model]);
            for group in &self.groups[range] {
                self.add(group, parameters, &mut own, &mut slopes, sums);
            }
        });
        gradient.copy_from_slice(&sums[1..]);
        sums[0]
    }
}

/// A log-likelihood less the weighted squares of its last parameters.
pub(crate) struct Penalised<L> {
    pub(crate) likelihood: L,
    pub(crate) weights: Vec<f64>,
}

impl<L: LogLikelihood> LogLikelihood for Penalised<L> {
    fn value_and_gradient(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let mut value = self.likelihood.value_and_gradient(parameters, gradient);
        let first = parameters.len() - self.weights.len();
        for ((weight, parameter), slope) in
            self.weights.iter().zip(&parameters[first..]).zip(&mut gradient[first..])
        {
            value -= weight * parameter * parameter;
            *slope -= 2.0 * weight * parameter;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use num_dual::{Dual64, DualNum};

    use super::*;
    use crate::{
        BgNbd, CustomerBase, Purchases,
        covariates::{Moved, Process},
    };

    const EFFECTS: [Effect; 3] = [
        Effect { process: Process::Purchase, covariate: 0, moves: &[(1, -1.0)] },
        Effect { process: Process::Dropout, covariate: 1, moves: &[(2, 1.0), (3, 1.0)] },
        Effect { process: Process::Dropout, covariate: 0, moves: &[(2, 1.0), (3, 1.0)] },
    ];

    /// a (a+1) ... (a+n-1).
    fn rising(a: Dual64, n: u32) -> Dual64 {
        (0..n).fold(Dual64::from(1.0), |product, i| product * (a + f64::from(i)))
    }

    /// The log-likelihood of BG/NBD as the paper prints it, of one customer.
    fn bg_nbd(history: &Purchases, [r, alpha, a, b]: [Dual64; 4]) -> Dual64 {
        let x = history.frequency();
        let power = |t: f64| ((alpha + t).ln() * -(r + f64::from(x))).exp();
        let stayed = rising(b, x) / rising(a + b, x) * power(history.age());
        let left = if x == 0 {
            Dual64::from(0.0)
        } else {
            a * rising(b, x - 1) / rising(a + b, x) * power(history.recency())
        };
        rising(r, x).ln() + r * alpha.ln() + (stayed + left).ln()
    }

    #[test]
    fn value_and_gradient_agree_with_dual_numbers() {
        let history = |x, recency, age| Purchases::new(x, recency, age).expect("a valid history");
        let groups: Vec<([f64; 2], CustomerBase)> = vec![
            ([0.0, 1.0], [history(0, 0.0, 30.0), history(3, 20.0, 39.0)].into_iter().collect()),
            ([1.0, -0.4], [history(2, 31.0, 31.0), history(1, 2.0, 12.0)].into_iter().collect()),
            ([-0.7, 2.0], [history(9, 11.0, 25.0)].into_iter().collect()),
        ];
        let everybody: CustomerBase = groups.iter().flat_map(|(_, base)| base.histories()).copied().collect();
        let whole = BgNbd::group_problem(&everybody).expect("a problem");
        let units: Vec<f64> = whole.parameters.iter().map(|parameter| parameter.unit).collect();
        let mut log_density_unit = 0.0;
        let mut own = Vec::new();
        for (z, base) in &groups {
            let problem = BgNbd::group_problem(base).expect("a problem");
            log_density_unit += problem.log_density_unit;
            own.push(Group::new(EFFECTS.iter().map(|effect| z[effect.covariate]).collect(), problem, &whole));
        }
        let likelihood = GroupedLikelihood { groups: own, effects: EFFECTS.to_vec() };
        let likelihood = Penalised { likelihood, weights: vec![0.0, 2.0, 0.5] };
        for parameters in [[0.25, 4.4, 0.8, 2.4, 0.3, -0.6, 1.1], [3.0, 50.0, 5.0, 0.3, -2.0, 0.9, 0.0]] {
            let mut scaled = parameters;
            for (value, unit) in scaled.iter_mut().zip(&units) {
                *value /= unit;
            }
            let mut gradient = [0.0; 7];
            let value = likelihood.value_and_gradient(&scaled, &mut gradient) + log_density_unit;
            for i in 0..7 {
                let mut p = parameters.map(Dual64::from);
                p[i].eps = 1.0;
                let mut expected = -(p[5] * p[5] * 2.0 + p[6] * p[6] * 0.5);
                for (z, base) in &groups {
                    let purchase = (-p[4] * z[0]).exp();
                    let dropout = (p[5] * z[1] + p[6] * z[0]).exp();
                    for history in base.histories() {
                        expected += bg_nbd(history, [p[0], p[1] * purchase, p[2] * dropout, p[3] * dropout]);
                    }
                }
                let slope = gradient[i] / units.get(i).copied().unwrap_or(1.0);
                assert!((value / expected.re - 1.0).abs() < 1e-12, "{value} {expected}");
                assert!(
                    (slope - expected.eps).abs() < 1e-10 * (1.0 + expected.eps.abs()),
                    "{i}: {slope} {expected}"
                );
            }
        }
    }
}
