//! From a sample of parameter values to estimates.

use perennial_math::statistics::{mean, variance};

use super::Parameter;
use crate::Estimated;

/// What a sample says of the parameters.
pub(crate) struct Summary {
    /// Mean (taken on the coordinate) and standard deviation of each.
    pub(crate) parameters: Vec<Estimated>,
    /// The covariance of the coordinates, row by row.
    pub(crate) covariance: Vec<Vec<f64>>,
}

impl Summary {
    /// Of values in the unit of the data, one row per draw.
    pub(crate) fn of(parameters: &[Parameter], values: &[Vec<f64>]) -> Self {
        let column = |i: usize| values.iter().map(move |row| row[i]);
        let coordinates: Vec<Vec<f64>> = parameters
            .iter()
            .enumerate()
            .map(|(i, parameter)| column(i).map(|value| parameter.scale.coordinate(value)).collect())
            .collect();
        let means: Vec<f64> = coordinates.iter().map(|draws| mean(draws)).collect();
        let covariance = |i: usize, j: usize| {
            let products =
                coordinates[i].iter().zip(&coordinates[j]).map(|(a, b)| (a - means[i]) * (b - means[j]));
            products.sum::<f64>() / (values.len().max(2) - 1) as f64
        };
        let estimated = |(i, parameter): (usize, &Parameter)| Estimated {
            name: parameter.name.clone(),
            value: parameter.scale.value(means[i]),
            standard_error: Some(variance(&column(i).collect::<Vec<f64>>()).sqrt())
                .filter(|sd| sd.is_finite()),
            scale: parameter.scale,
        };
        let size = parameters.len();
        Self {
            parameters: parameters.iter().enumerate().map(estimated).collect(),
            covariance: (0..size).map(|i| (0..size).map(|j| covariance(i, j)).collect()).collect(),
        }
    }
}
