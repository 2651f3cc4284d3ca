//! What is found while sources are combined, counted by source.

use std::collections::BTreeMap;

use crate::quality::Examples;
use crate::quality::report::{QualityCode, QualityReport};

#[derive(Debug, Default)]
struct Counted {
    rows: u64,
    count: u64,
    examples: Examples,
}

/// Counts by source (its place in the list) and code.
#[derive(Debug, Default)]
pub(super) struct Findings(BTreeMap<(usize, QualityCode), Counted>);

impl Findings {
    /// So many rows were looked at.
    pub(super) fn looked(&mut self, source: usize, code: QualityCode, rows: u64) {
        self.0.entry((source, code)).or_default().rows += rows;
    }

    /// So many of the rows looked at are concerned.
    pub(super) fn found(&mut self, source: usize, code: QualityCode, count: u64, example: &str) {
        if count > 0 {
            let counted = self.0.entry((source, code)).or_default();
            counted.count += count;
            counted.examples.add(example);
        }
    }

    /// Lists what was found in a source.
    pub(super) fn report(&self, source: usize, report: &mut QualityReport) {
        for ((_, code), counted) in self.0.iter().filter(|((place, _), _)| *place == source) {
            report.add(*code, None, counted.rows, counted.count, counted.examples.clone());
        }
    }
}
