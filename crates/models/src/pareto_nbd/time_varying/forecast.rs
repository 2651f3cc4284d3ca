//! Where a customer stands at the end of the observation, and what comes then.

use super::{
    TimeVaryingParetoNbd, TimedPurchases,
    path::{CovariatePath, InvalidPath, Piece},
};
use crate::pareto_nbd::{
    dropout_integral::{DropoutIntegral, Factor},
    future::mean_stay,
};

/// What is known of a customer at the end of the observation.
pub(super) struct Standing {
    /// Relative weights of still being active and of having left.
    alive: f64,
    dead: f64,
    /// When the observation ends, on the path's clock.
    now: f64,
    /// r + x and alpha + A(T): the purchase rate's distribution if active.
    shape: f64,
    rate: f64,
    /// s and beta + D(T): that of the dropout rate.
    dropout_shape: f64,
    dropout_rate: f64,
}

/// What is expected of an active customer.
pub(super) struct Expected {
    /// The purchases.
    pub(super) purchases: f64,
    /// The probability of not having left.
    pub(super) staying: f64,
}

impl Standing {
    pub(super) fn new(
        model: &TimeVaryingParetoNbd,
        customer: &TimedPurchases,
        path: &CovariatePath,
    ) -> Result<Self, InvalidPath> {
        let [r, alpha, s, beta] = model.base().parameters;
        let last = customer.first + customer.history.recency();
        let now = customer.first + customer.history.age();
        let count = model.covariates().len();
        let mut standing = Self {
            alive: 1.0,
            dead: 0.0,
            now,
            shape: r + f64::from(customer.history.frequency()),
            rate: alpha,
            dropout_shape: s,
            dropout_rate: beta,
        };
        for piece in path.pieces(customer.first, last, count)? {
            let [buying, leaving] = model.speeds(path, piece.step);
            standing.rate += buying * piece.length;
            standing.dropout_rate += leaving * piece.length;
        }
        for piece in path.pieces(last, now, count)? {
            standing.stay_silent(piece, model.speeds(path, piece.step));
        }
        Ok(standing)
    }

    /// Takes in a piece of time without purchase.
    fn stay_silent(&mut self, piece: Piece, [buying, leaving]: [f64; 2]) {
        let purchase = Factor { offset: self.rate / buying, exponent: self.shape };
        let dropout = Factor { offset: self.dropout_rate / leaving, exponent: self.dropout_shape + 1.0 };
        let integral = DropoutIntegral::new(purchase, dropout, 0.0, piece.length);
        let purchase_step = (piece.length / purchase.offset).ln_1p();
        let dropout_step = (piece.length / dropout.offset).ln_1p();
        self.dead += self.alive * self.dropout_shape / dropout.offset * integral.mass;
        self.alive *= (-self.shape * purchase_step - self.dropout_shape * dropout_step).exp();
        self.rate += buying * piece.length;
        self.dropout_rate += leaving * piece.length;
    }

    pub(super) fn probability_alive(&self) -> f64 {
        self.alive / (self.alive + self.dead)
    }

    /// What is expected in the next `horizon` of the customer if active now.
    pub(super) fn future(
        &self,
        model: &TimeVaryingParetoNbd,
        path: &CovariatePath,
        horizon: f64,
    ) -> Result<Expected, InvalidPath> {
        let horizon = if horizon > 0.0 { horizon } else { 0.0 };
        let mut expected = Expected { purchases: 0.0, staying: 1.0 };
        let mut dropout_rate = self.dropout_rate;
        for piece in path.pieces(self.now, self.now + horizon, model.covariates().len())? {
            let [buying, leaving] = model.speeds(path, piece.step);
            let offset = dropout_rate / leaving;
            expected.purchases += self.shape / self.rate
                * buying
                * expected.staying
                * mean_stay(self.dropout_shape, offset, piece.length);
            expected.staying *= (-self.dropout_shape * (piece.length / offset).ln_1p()).exp();
            dropout_rate += leaving * piece.length;
        }
        Ok(expected)
    }
}
