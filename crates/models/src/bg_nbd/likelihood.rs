//! The BG/NBD's likelihood on its own, for optimisers and samplers other than those here, and for measuring it.

use std::sync::Arc;

use super::BgNbd;
use crate::{
    CustomerBase,
    geometric_dropout::{GeometricDropout, Likelihood},
    grouped::Grouped,
};

/// The log-likelihood of a customer base as a function of r, alpha, a and b, made ready once for many evaluations.
///
/// Runs of histories of one frequency are summed with the processor's vector instructions where it has them (AVX2 and FMA).
pub struct BgNbdLikelihood {
    likelihood: Likelihood,
    unit: f64,
    repeat_purchases: f64,
}

impl BgNbdLikelihood {
    /// Of these customers, grouped to distinct histories.
    #[must_use]
    pub fn new(customers: &CustomerBase) -> Self {
        let grouped = Arc::new(Grouped::new(customers));
        Self {
            unit: grouped.unit,
            repeat_purchases: customers.repeat_purchases(),
            likelihood: Likelihood::new(grouped, BgNbd::FIRST, 1),
        }
    }

    /// The same summed without vector instructions, one history after the other: what processors without them do. The results agree
    /// but for rounding.
    #[must_use]
    pub fn one_history_at_a_time(self) -> Self {
        Self { likelihood: self.likelihood.one_row_at_a_time(), ..self }
    }

    /// The log-likelihood at r, alpha (in the time unit of the data), a and b, with all constants, and its derivatives by them. Values
    /// that are not positive and finite may give anything.
    #[must_use]
    pub fn value_and_gradient(&self, [r, alpha, a, b]: [f64; 4]) -> (f64, [f64; 4]) {
        let [value, by_r, by_alpha, by_a, by_b] = self.likelihood.at([r, alpha / self.unit, a, b]);
        let constant = self.repeat_purchases * self.unit.ln();
        (value - constant, [by_r, by_alpha / self.unit, by_a, by_b])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purchases;

    /// 20,000 distinct histories: more than one parallel piece.
    fn customers() -> CustomerBase {
        (0..20_000_u32)
            .map(|i| {
                let frequency = i % 12;
                let age = 27.0 + f64::from(i * 7 % 84) / 7.0;
                let recency = if frequency == 0 { 0.0 } else { age * f64::from(1 + i * 13 % 200) / 200.0 };
                Purchases::new(frequency, recency, age).expect("a valid history")
            })
            .collect()
    }

    #[test]
    fn both_ways_of_summing_agree_with_the_model_and_with_differences() {
        let base = customers();
        let vectors = BgNbdLikelihood::new(&base);
        let single = BgNbdLikelihood::new(&base).one_history_at_a_time();
        for parameters in [[0.25, 4.4, 0.8, 2.4], [3.0, 50.0, 5.0, 0.3], [0.01, 0.2, 0.02, 20.0]] {
            let [r, alpha, a, b] = parameters;
            let expected = BgNbd::new(r, alpha, a, b).expect("parameters").log_likelihood(&base);
            let (value, slopes) = vectors.value_and_gradient(parameters);
            let (single_value, single_slopes) = single.value_and_gradient(parameters);
            assert!((value / expected - 1.0).abs() < 1e-13, "{value} {expected}");
            assert!((value / single_value - 1.0).abs() < 1e-13, "{value} {single_value}");
            for i in 0..4 {
                let rounding = 1e-11 * (1.0 + slopes[i].abs());
                assert!((slopes[i] - single_slopes[i]).abs() < rounding, "{slopes:?} {single_slopes:?}");
                let step = 1e-5 * parameters[i];
                let at = |sign: f64| {
                    let mut moved = parameters;
                    moved[i] += sign * step;
                    vectors.value_and_gradient(moved).0
                };
                let difference = (at(1.0) - at(-1.0)) / (2.0 * step);
                // Of values of about 1e5 some 1e-10 are rounding, and the third derivative takes its share.
                let tolerance = 1e-8 * slopes[i].abs() + 1e-9 / step;
                assert!((slopes[i] - difference).abs() < tolerance, "{i}: {} {difference}", slopes[i]);
            }
        }
    }
}
