//! How long a customer stays who leaves before each period with a probability of the customer's own.
//!
//! theta ~ Beta(a, b) over customers; a customer has left before period k with probability 1 - (1 - theta)^k. What is needed of it:
//!
//! ```text
//! S(x)                       = Gamma(b+x) Gamma(a+b) / (Gamma(b) Gamma(a+b+x)),         x >= 0, whole or not
//! sum of S(k), k = 1..n      = b / (a-1) [1 - (b+1)_n / (a+b)_n],                       b / (a-1) for n without end and a > 1
//! sum of S(k) v^k, k = 1..   = v b / (a+b) 2F1(1, b+1; a+b+1; v)
//! ```
//!
//! After k periods survived theta ~ Beta(a, b+k). BG/BB and sBG are made of it (Fader, Hardie and Shang 2010; Fader and
//! Hardie 2007, 2010).

use perennial_math::{
    hypergeometric::ln_hyp2f1,
    random::{Rng, exponential, ln_gamma_variate},
    special::{digamma, ln_rising},
};

/// Sums without discount are taken term by term up to here; beyond, every gamma function is in Stirling's range.
const PLAIN_TERMS: f64 = 64.0;

/// Discounted sums are taken term by term up to here; beyond, by a difference of two infinite ones.
const DISCOUNTED_TERMS: f64 = 4096.0;

/// The time until a customer leaves; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BetaGeometric {
    pub(crate) a: f64,
    pub(crate) b: f64,
}

impl BetaGeometric {
    /// The same for a customer who has survived `periods` already.
    pub(crate) fn after(self, periods: f64) -> Self {
        Self { b: self.b + periods, ..self }
    }

    /// ln S(x), the probability of surviving x periods.
    pub(crate) fn ln_survival(self, x: f64) -> f64 {
        let Self { a, b } = self;
        // The shorter of the two rising factorials loses the fewer digits.
        let log = if x <= a {
            ln_rising(b, x) - ln_rising(a + b, x)
        } else {
            ln_rising(b, a) - ln_rising(b + x, a)
        };
        log.min(0.0)
    }

    /// The sum of S(k) over k = 1..n; `n` may be infinite, and so the sum when a <= 1.
    pub(crate) fn total(self, n: f64) -> f64 {
        let (sum, term) = self.sum_terms(n.min(PLAIN_TERMS), 1.0);
        if n <= PLAIN_TERMS || term == 0.0 {
            return sum;
        }
        sum + term * self.after(PLAIN_TERMS).closed_total(n - PLAIN_TERMS)
    }

    /// The closed form of [`BetaGeometric::total`], for a large b.
    fn closed_total(self, n: f64) -> f64 {
        let Self { a, b } = self;
        let excess = a - 1.0;
        if n.is_infinite() {
            return if excess > 0.0 { b / excess } else { f64::INFINITY };
        }
        if excess.abs() < 1e-8 {
            // The limit at a = 1, where both sides of the quotient vanish.
            let log = digamma(b + 1.0 + n) - digamma(b + 1.0);
            return b * log * (1.0 - 0.5 * excess * log);
        }
        let log_ratio = ln_rising(b + 1.0, excess) - ln_rising(b + 1.0 + n, excess);
        -b * log_ratio.exp_m1() / excess
    }

    /// The sum of S(k) / (1 + discount)^k over k = 1..n; `n` may be infinite, and a discount that is not positive is none.
    pub(crate) fn discounted_total(self, n: f64, discount: f64) -> f64 {
        if discount.is_nan() || discount <= 0.0 || discount * n < 1e-9 {
            return self.total(n);
        }
        let log_discount = discount.ln_1p();
        if n.is_infinite() {
            return self.discounted_for_ever(log_discount);
        }
        let (sum, term) = self.sum_terms(n.min(DISCOUNTED_TERMS), (-log_discount).exp());
        if n <= DISCOUNTED_TERMS || term <= f64::EPSILON * sum {
            return sum;
        }
        let (from, rest) = (self.after(DISCOUNTED_TERMS), n - DISCOUNTED_TERMS);
        let beyond = (from.ln_survival(rest) - log_discount * rest).exp();
        let tail = from.discounted_for_ever(log_discount)
            - beyond * from.after(rest).discounted_for_ever(log_discount);
        sum + term * tail.max(0.0)
    }

    /// The sum of S(k) exp(-`log_discount` k) over all k from 1 on.
    fn discounted_for_ever(self, log_discount: f64) -> f64 {
        let Self { a, b } = self;
        let log_sum = ln_hyp2f1(1.0, b + 1.0, a + b + 1.0, (-log_discount).exp());
        if log_sum.is_finite() {
            return (log_sum - log_discount).exp() * (b / (a + b));
        }
        // A discount that rounding has made one.
        self.total(f64::INFINITY).min(1.0 / log_discount.exp_m1())
    }

    /// The sum of S(k) v^k over k = 1..n, and its last term.
    fn sum_terms(self, n: f64, v: f64) -> (f64, f64) {
        let (mut sum, mut term, mut k) = (0.0, 1.0, 0.0);
        while k < n {
            term *= v * ((self.b + k) / (self.a + self.b + k));
            sum += term;
            k += 1.0;
            if term < 1e-18 * sum {
                return (sum, 0.0);
            }
        }
        (sum, term)
    }

    /// Draws a real time whose whole part is the number of periods survived.
    pub(crate) fn draw_time(self, rng: &mut Rng) -> f64 {
        // -ln(1 - theta), theta the share of one gamma variate in the sum of two.
        let log_odds = ln_gamma_variate(rng, self.a) - ln_gamma_variate(rng, self.b);
        let rate = if log_odds > 700.0 { log_odds } else { log_odds.exp().ln_1p() };
        exponential(rng, rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: [[f64; 2]; 8] = [
        [0.668, 3.806],
        [1.0, 2.0],
        [1.0 + 1e-9, 2.0],
        [1.0 - 1e-7, 2.0],
        [0.02, 0.03],
        [2.5, 40.0],
        [300.0, 9_000.0],
        [2e5, 5e5],
    ];

    /// Term by term.
    fn brute(a: f64, b: f64, n: u32, v: f64) -> f64 {
        let mut term = 1.0;
        (0..n)
            .map(|k| {
                term *= v * (b + f64::from(k)) / (a + b + f64::from(k));
                term
            })
            .sum()
    }

    #[test]
    fn sums_agree_with_their_terms() {
        for [a, b] in CASES {
            let stay = BetaGeometric { a, b };
            for n in [1, 3, 64, 65, 1_000, 20_000] {
                let sum = brute(a, b, n, 1.0);
                let error = stay.total(f64::from(n)) / sum - 1.0;
                assert!(error.abs() < 1e-9, "a {a}, b {b}, n {n}: {error}");
                for discount in [1e-7, 3e-4, 0.1] {
                    let sum = brute(a, b, n, 1.0 / (1.0 + discount));
                    let error = stay.discounted_total(f64::from(n), discount) / sum - 1.0;
                    assert!(error.abs() < 1e-9, "a {a}, b {b}, n {n}, discount {discount}: {error}");
                }
            }
            let sum = brute(a, b, 400_000, 1.0 / 1.0003);
            let error = stay.discounted_total(f64::INFINITY, 3e-4) / sum - 1.0;
            assert!(error.abs() < 1e-9, "a {a}, b {b}: {error}");
        }
    }

    #[test]
    fn survival_is_the_product_of_the_chances() {
        for [a, b] in CASES {
            let product: f64 = (0..50).map(|k| ((b + f64::from(k)) / (a + b + f64::from(k))).ln()).sum();
            let error = BetaGeometric { a, b }.ln_survival(50.0) - product;
            assert!(error.abs() < 1e-9 * product.abs(), "a {a}, b {b}: {error}");
        }
    }

    #[test]
    fn without_end_the_sum_exists_when_a_exceeds_one() {
        assert!((BetaGeometric { a: 3.0, b: 5.0 }.total(f64::INFINITY) - 2.5).abs() < 1e-12);
        assert!(BetaGeometric { a: 1.0, b: 5.0 }.total(f64::INFINITY).is_infinite());
        assert!(BetaGeometric { a: 0.4, b: 5.0 }.discounted_total(f64::INFINITY, 1e-300).is_finite());
    }
}
