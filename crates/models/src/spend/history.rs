//! What the spend models see of a customer.

use crate::{InvalidSpend, MeanSpend};

/// What the values of a customer's transactions say on the scale of their natural logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogSpend {
    /// The mean of ln(value).
    pub mean: f64,
    /// The sum of the squared deviations of ln(value) from that mean; 0 for one transaction.
    pub squares: f64,
}

/// A customer's spend: how many transactions, their mean value and, where known, their logarithms.
///
/// Gamma-Gamma needs the mean alone, log-normal spend the logarithms alone. Where one history stands for several customers with the
/// same number of transactions and the same means, `squares` is the mean over these customers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpendHistory {
    mean: MeanSpend,
    logs: Option<LogSpend>,
}

impl SpendHistory {
    /// The history of `transactions` transactions of which only the mean value is known, in units of the currency.
    ///
    /// # Errors
    /// When the mean is not positive and finite, or taken over no transaction.
    pub fn new(transactions: u32, mean: f64) -> Result<Self, InvalidSpend> {
        MeanSpend::new(transactions, mean).map(Self::from)
    }

    /// The history of transactions with these values, all positive, in units of the currency.
    ///
    /// # Errors
    /// When there is no value, or one is not positive and finite; leave out what was free of charge.
    pub fn of(values: &[f64]) -> Result<Self, InvalidSpend> {
        let transactions = u32::try_from(values.len()).unwrap_or(u32::MAX);
        if let Some(&mean) = values.iter().find(|value| !(**value > 0.0 && value.is_finite())) {
            return Err(InvalidSpend::Mean { transactions, mean });
        }
        let n = f64::from(transactions);
        let log_mean = values.iter().map(|value| value.ln()).sum::<f64>() / n;
        let squares = values.iter().map(|value| (value.ln() - log_mean).powi(2)).sum();
        let mean = values.iter().map(|value| value / n).sum();
        Ok(Self::new(transactions, mean)?.with_logs(log_mean, squares))
    }

    /// The same history with the mean of the logarithms of the values and the sum of their squared deviations from it. Numbers that
    /// are not finite, or a negative sum, count as unknown.
    #[must_use]
    pub fn with_logs(self, mean: f64, squares: f64) -> Self {
        let known = mean.is_finite() && squares.is_finite() && squares >= 0.0;
        Self { logs: known.then_some(LogSpend { mean, squares }), ..self }
    }

    /// The number of transactions.
    #[must_use]
    pub const fn transactions(&self) -> u32 {
        self.mean.transactions
    }

    /// The mean value of the transactions, in units of the currency.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean.mean
    }

    /// The same without the logarithms.
    #[must_use]
    pub const fn mean_spend(&self) -> MeanSpend {
        self.mean
    }

    /// The logarithms of the values, where they are known.
    #[must_use]
    pub const fn logs(&self) -> Option<LogSpend> {
        self.logs
    }

    /// Whether the mean is positive and finite, and taken over at least one transaction.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.mean.is_valid()
    }
}

impl From<MeanSpend> for SpendHistory {
    fn from(mean: MeanSpend) -> Self {
        Self { mean, logs: None }
    }
}
