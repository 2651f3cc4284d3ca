//! The numerics under Perennial's models: special functions, quadrature, optimisation, sampling and small
//! dense linear algebra.
//!
//! Everything takes `f64` and gives `f64` and does no I/O. No function panics: an argument outside a
//! function's domain gives `NaN`, unless its page says otherwise. Random results come from
//! [`random::stream`] and parallel sums from [`parallel::sum_chunks`], so that they do not depend on the
//! number of threads.
//!
//! The accuracy that each page states is held by tests against values computed with 60 digits; the
//! folder `reference` keeps these values and the script that computes them.

pub mod derivative;
pub mod hypergeometric;
pub mod incomplete;
pub mod matrix;
pub mod optimize;
pub mod parallel;
pub mod quadrature;
pub mod random;
pub mod special;
pub mod statistics;
