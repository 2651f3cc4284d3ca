//! BG/CNBD-k and MBG/CNBD-k: BG/NBD and MBG/NBD for customers who buy at regular times, which are Erlang-k distributed.
//!
//! An active customer's clock ticks as a Poisson process of rate lambda ~ Gamma(r, alpha), and every k-th tick is a purchase; after
//! each *repeat* purchase (BG) or each purchase, the first included (MBG), the customer leaves for ever with probability p ~ Beta(a, b),
//! independent of lambda. For k = 1 the models are [BG/NBD](crate::bg_nbd) and [MBG/NBD](crate::mbg_nbd).
//!
//! ```text
//! L(r, alpha, a, b | x, t_x, T, t_1 .. t_x) = prod(t_i^(k-1)) / Gamma(k)^x * Gamma(r+kx) alpha^r / Gamma(r)
//!        * [ B(a, b+c) / B(a, b) * sum_{j<k} (r+kx)_j / j! (T-t_x)^j (alpha+T)^-(r+kx+j)
//!            + [c > 0] B(a+1, b+c-1) / B(a, b) * (alpha+t_x)^-(r+kx) ],       c = x (BG) or x + 1 (MBG)
//! ```
//!
//! x repeat purchases after times `t_i`, the last at `t_x`, observed until T; k (a whole number from 1 to 12) the regularity, r (no unit) and
//! alpha (time) the shape and rate of the tick rates; a, b (no unit) of the dropout probabilities; B the beta function, `(s)_j` =
//! Gamma(s+j) / Gamma(s).
//!
//! k is chosen as the one with the largest likelihood; it has no standard error. Of the times between the purchases only the sum of
//! their logarithms is needed ([`Purchases::with_log_intervals`](crate::Purchases::with_log_intervals)).
//!
//! An active customer's future depends on how long ago the last purchase was: with regular purchases one who has just bought does not
//! buy at once. The number of ticks since then is not seen, so each figure is an average over 0 .. k-1, with their probabilities.
//! All of them are exact; the papers approximate E[X(t)].
//!
//! Sources: M. Platzer, T. Reutterer, Ticking Away the Moments: Timing Regularity Helps to Better Predict Customer Activity,
//! Marketing Science 35 (2016) 779-799; T. Reutterer, M. Platzer, N. Schröder, Leveraging purchase regularity for predicting
//! customer behavior the easy way, International Journal of Research in Marketing 38 (2021) 194-215 (the model; the figures of an
//! active customer follow from the posterior in the module of the likelihood).

use std::sync::Arc;

use crate::{
    CustomerBase, Fit, FitError, InvalidParameters, Parameters, Regularity,
    estimation::{Estimable, Problem},
    geometric_dropout::{
        self, GeometricDropout,
        search::{self, Regular},
    },
    grouped::Grouped,
};

/// The BG/CNBD-k model: a customer may leave after each repeat purchase.
pub type BgCnbdK = CnbdK<false>;

/// The MBG/CNBD-k model: a customer may leave after each purchase, the first included.
pub type MbgCnbdK = CnbdK<true>;

/// A model of regular purchases in which a customer may leave after each repeat purchase and, where `AT_FIRST`, after the first purchase
/// too; see the [module's formulas](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CnbdK<const AT_FIRST: bool> {
    k: Regularity,
    parameters: [f64; 4],
}

impl<const AT_FIRST: bool> CnbdK<AT_FIRST> {
    /// A model of regularity `k` (a whole number from 1 to 12) with these parameters; `alpha` is in the time unit of the data, the others
    /// have none.
    ///
    /// # Errors
    /// When k is out of range or another value is not positive and finite.
    pub fn new(k: u32, r: f64, alpha: f64, a: f64, b: f64) -> Result<Self, InvalidParameters> {
        Self::from_values(&[f64::from(k), r, alpha, a, b])
    }

    /// Fits by maximum likelihood at each k from 1 on, until the likelihood has fallen twice in a row, and takes the best.
    ///
    /// # Errors
    /// When there is too little data or no finite likelihood, or a history does not say how regular the purchases were; a fit at the
    /// edge of the parameter space is no error.
    pub fn fit(customers: &CustomerBase) -> Result<Fit<Self>, FitError> {
        search::fit(customers)
    }

    /// Fits by maximum likelihood at a given k.
    ///
    /// # Errors
    /// As [`CnbdK::fit`]; at k = 1 how regular the purchases were need not be known.
    pub fn fit_with(customers: &CustomerBase, k: Regularity) -> Result<Fit<Self>, FitError> {
        search::fit_with(customers, k)
    }

    /// The regularity of the purchases.
    #[must_use]
    pub const fn k(&self) -> Regularity {
        self.k
    }

    /// The log-likelihood of a customer base, with all constants, in the time unit of the data.
    ///
    /// # Errors
    /// When k > 1 and a history does not say how regular the purchases were.
    pub fn log_likelihood(&self, customers: &CustomerBase) -> Result<f64, FitError> {
        geometric_dropout::log_likelihood(self, customers)
    }
}

impl<const AT_FIRST: bool> Parameters for CnbdK<AT_FIRST> {
    const NAMES: &'static [&'static str] = &["k", "r", "alpha", "a", "b"];

    fn values(&self) -> Vec<f64> {
        let [r, alpha, a, b] = self.parameters;
        vec![f64::from(self.k.get()), r, alpha, a, b]
    }

    fn from_values(values: &[f64]) -> Result<Self, InvalidParameters> {
        search::from_values(values)
    }

    fn with_values(&self, values: &[f64]) -> Result<Self, InvalidParameters> {
        search::with_values(self, values)
    }
}

impl<const AT_FIRST: bool> Estimable for CnbdK<AT_FIRST> {
    fn problem(customers: &CustomerBase) -> Result<Problem, FitError> {
        Self::fit(customers)?.model.problem_again(customers)
    }

    fn chosen(customers: &CustomerBase) -> Result<Option<Self>, FitError> {
        Ok(Some(Self::fit(customers)?.model))
    }

    fn problem_again(&self, customers: &CustomerBase) -> Result<Problem, FitError> {
        geometric_dropout::problem_at::<Self>(customers, &Arc::new(Grouped::new(customers)), self.k.get())
    }
}

impl<const AT_FIRST: bool> GeometricDropout for CnbdK<AT_FIRST> {
    const NAME: &'static str = if AT_FIRST { "mbg-cnbd-k" } else { "bg-cnbd-k" };
    const FIRST: u32 = AT_FIRST as u32;

    fn dropout_parameters(&self) -> [f64; 4] {
        self.parameters
    }

    fn regularity(&self) -> u32 {
        self.k.get()
    }
}

impl<const AT_FIRST: bool> Regular for CnbdK<AT_FIRST> {
    fn at(k: Regularity, parameters: [f64; 4]) -> Self {
        Self { k, parameters }
    }

    fn k(&self) -> Regularity {
        self.k
    }
}
