//! Covariates as step functions of time.

/// Why a path of covariates cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidPath {
    /// No step, starts that do not ascend, or an end that does not come after the last.
    #[error("the steps of a path must start at ascending, finite times, before its end")]
    Times,
    /// A value that is not a finite number.
    #[error("a covariate is {value} from time {start} on; it must be finite")]
    NotFinite {
        /// When the step starts.
        start: f64,
        /// The value given.
        value: f64,
    },
    /// Not as many values as covariates.
    #[error("{given} values given of {expected} covariates")]
    Count {
        /// How many were given.
        given: usize,
        /// How many there are.
        expected: usize,
    },
    /// The covariates are not known over all the time that is asked for.
    #[error("the covariates are known from {start} to {end}, but needed from {from} to {to}")]
    TooShort {
        /// From when they are needed.
        from: f64,
        /// Until when they are needed.
        to: f64,
        /// From when they are known.
        start: f64,
        /// Until when they are known.
        end: f64,
    },
    /// Purchases that do not ascend from the first one to the end of the observation.
    #[error("purchases must ascend from after the first one to the end of the observation")]
    Purchases,
}

/// The covariates of one or more customers over time: their values from each step's start to the next.
///
/// Times are on one clock for all customers (weeks since some day, say), in the time unit of the data. At a step's start its own values
/// hold, not those before.
#[derive(Debug, Clone, PartialEq)]
pub struct CovariatePath {
    starts: Vec<f64>,
    values: Vec<Vec<f64>>,
    end: f64,
}

/// Part of a path on which the covariates do not change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    /// The number of the step.
    pub(super) step: usize,
    /// In time units.
    pub(super) length: f64,
}

/// By how much, relative to it, a time may lie beyond the end of a path: sums of fractions of weeks are rounded.
const ROUNDING: f64 = 1e-9;

impl CovariatePath {
    /// A path of steps, each with its start and its values, ascending, known until `end`. Steps that change nothing are merged.
    ///
    /// # Errors
    /// When the times do not ascend to the end, the steps have different numbers of values, or a value is not finite.
    pub fn new(steps: impl IntoIterator<Item = (f64, Vec<f64>)>, end: f64) -> Result<Self, InvalidPath> {
        let mut path = Self { starts: Vec::new(), values: Vec::new(), end };
        let mut before = f64::NEG_INFINITY;
        for (start, values) in steps {
            if !(start.is_finite() && start > before && start < end) {
                return Err(InvalidPath::Times);
            }
            before = start;
            if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
                return Err(InvalidPath::NotFinite { start, value });
            }
            check_count(values.len(), path.values.first().map_or(values.len(), Vec::len))?;
            if path.values.last() != Some(&values) {
                path.starts.push(start);
                path.values.push(values);
            }
        }
        if path.starts.is_empty() || !end.is_finite() {
            return Err(InvalidPath::Times);
        }
        Ok(path)
    }

    /// The path with its last values held until `until`, where it ends earlier: the assumption that nothing changes any more.
    #[must_use]
    pub fn carried_forward(self, until: f64) -> Self {
        let end = if until.is_finite() { self.end.max(until) } else { self.end };
        Self { end, ..self }
    }

    /// From when the covariates are known.
    #[must_use]
    pub fn start(&self) -> f64 {
        self.starts[0]
    }

    /// Until when they are known.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.end
    }

    /// The covariates at a time; `None` where they are not known.
    #[must_use]
    pub fn at(&self, time: f64) -> Option<&[f64]> {
        let known = time >= self.start() && time <= self.end + slack(self.end);
        known.then(|| self.values(self.step_at(time)))
    }

    /// The number of covariates.
    pub(super) fn covariates(&self) -> usize {
        self.values[0].len()
    }

    /// The number of steps.
    pub(super) fn steps(&self) -> usize {
        self.values.len()
    }

    /// The covariates of a step.
    pub(super) fn values(&self, step: usize) -> &[f64] {
        &self.values[step]
    }

    /// The step that holds at a time not before the path's start.
    pub(super) fn step_at(&self, time: f64) -> usize {
        self.starts.partition_point(|start| *start <= time).saturating_sub(1)
    }

    /// The pieces between two times, of a path that has to have this number of covariates.
    pub(super) fn pieces(&self, from: f64, to: f64, covariates: usize) -> Result<Vec<Piece>, InvalidPath> {
        check_count(self.covariates(), covariates)?;
        if !(from >= self.start() && to <= self.end + slack(self.end)) {
            return Err(InvalidPath::TooShort { from, to, start: self.start(), end: self.end });
        }
        let mut pieces = Vec::new();
        let mut time = from;
        for step in self.step_at(from)..self.steps() {
            let until = self.starts.get(step + 1).map_or(to, |next| next.min(to));
            if until > time {
                pieces.push(Piece { step, length: until - time });
                time = until;
            }
        }
        Ok(pieces)
    }
}

fn slack(end: f64) -> f64 {
    ROUNDING * (1.0 + end.abs())
}

/// Refuses a number of covariates other than expected.
pub(super) fn check_count(given: usize, expected: usize) -> Result<(), InvalidPath> {
    if given == expected { Ok(()) } else { Err(InvalidPath::Count { given, expected }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "these values are exact")]

    use super::*;

    #[test]
    fn a_path_says_what_holds_when() {
        let steps = [(0.0, vec![1.0]), (1.0, vec![1.0]), (2.0, vec![5.0]), (4.0, vec![0.0])];
        let path = CovariatePath::new(steps, 6.0).expect("a path");
        // The second step changes nothing.
        assert_eq!(path.steps(), 3);
        for (time, value) in [(0.0, 1.0), (1.999, 1.0), (2.0, 5.0), (4.0, 0.0), (6.0, 0.0)] {
            assert_eq!(path.at(time), Some([value].as_slice()));
        }
        assert_eq!(path.at(-0.1), None);
        assert_eq!(path.at(6.1), None);
        let pieces = path.pieces(1.5, 4.5, 1).expect("within the path");
        let expected = [(0, 0.5), (1, 2.0), (2, 0.5)].map(|(step, length)| Piece { step, length });
        assert_eq!(pieces, expected);
        assert_eq!(path.pieces(2.0, 2.0, 1), Ok(vec![]));
        assert!(matches!(path.pieces(1.0, 7.0, 1), Err(InvalidPath::TooShort { .. })));
        assert!(matches!(path.pieces(1.0, 2.0, 2), Err(InvalidPath::Count { given: 1, expected: 2 })));
        let longer = path.carried_forward(8.0);
        assert_eq!(longer.pieces(5.0, 7.0, 1), Ok(vec![Piece { step: 2, length: 2.0 }]));
        assert_eq!(longer.carried_forward(7.0).end(), 8.0);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        assert_eq!(CovariatePath::new([], 1.0), Err(InvalidPath::Times));
        assert_eq!(CovariatePath::new([(0.0, vec![]), (0.0, vec![])], 1.0), Err(InvalidPath::Times));
        assert_eq!(CovariatePath::new([(0.0, vec![])], 0.0), Err(InvalidPath::Times));
        assert_eq!(CovariatePath::new([(0.0, vec![])], f64::INFINITY), Err(InvalidPath::Times));
        let ragged = CovariatePath::new([(0.0, vec![1.0]), (1.0, vec![])], 2.0);
        assert_eq!(ragged, Err(InvalidPath::Count { given: 0, expected: 1 }));
        assert!(matches!(
            CovariatePath::new([(0.0, vec![f64::NAN])], 2.0),
            Err(InvalidPath::NotFinite { .. })
        ));
    }
}
