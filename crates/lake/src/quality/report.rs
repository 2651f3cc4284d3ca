//! The quality of a source's data: what was found in it, how often, with examples, and how that has changed since the last run.

use serde::{Deserialize, Serialize};

use super::{Examples, Quality, Treatment};

coded! {
    /// What a source is checked for.
    QualityCode {
        /// Rows or orders that came again in the same source.
        Duplicates = "duplicates";
        /// Orders or refunds that an earlier source of the list already holds.
        DuplicatesAcrossSources = "duplicates_across_sources";
        /// Lines, refunds or costs of orders that no source holds.
        Orphans = "orphans";
        /// Customers with purchases whom the table of customers does not hold.
        UnknownCustomers = "unknown_customers";
        /// Orders whose goods have no known cost, although the shop knows costs.
        MissingCosts = "missing_costs";
        /// Refunds whose order is not known.
        UnmatchedRefunds = "unmatched_refunds";
        /// Orders of which more was paid back than had been paid.
        RefundsAboveOrder = "refunds_above_order";
        /// Rows in one of several currencies; the subject is the currency.
        CurrencyMix = "currency_mix";
        /// Dates of a column that leaves open which of day and month comes first, read in an order that was assumed; the subject is
        /// the column.
        AssumedDateOrder = "assumed_date_order";
        /// Days without orders that chance does not explain; the examples are the first and the last day of each gap.
        GapsInTime = "gaps_in_time";
        /// Rows that were refused; the subject is the reason.
        RefusedRows = "refused_rows";
    }
}

/// One thing that a source was checked for and that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityCheck {
    /// What was found.
    pub code: QualityCode,
    /// Which of several: a currency, a reason of refusal.
    pub subject: Option<String>,
    /// Rows, orders, customers or days that were looked at.
    pub rows: u64,
    /// How many of them are concerned.
    pub count: u64,
    /// `count` as a share of `rows`.
    pub share: f64,
    /// Identifiers (order numbers, customers, days) of at most five of them.
    pub examples: Vec<String>,
}

/// What was found in one source. What was looked for and not found is not listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// The source's name.
    pub source: String,
    /// What was found.
    pub checks: Vec<QualityCheck>,
}

/// How often something was found in one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// How many.
    pub count: u64,
    /// As a share of what was looked at.
    pub share: f64,
}

/// How a finding has changed since another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was not found before.
    New,
    /// Its share has grown.
    Worse,
    /// Its share is what it was.
    Same,
    /// Its share has shrunk.
    Better,
    /// It is no longer found.
    Gone,
}

/// A finding then and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityTrend {
    /// What was found.
    pub code: QualityCode,
    /// Which of several.
    pub subject: Option<String>,
    /// In the earlier run.
    pub before: Option<Found>,
    /// In this run.
    pub now: Option<Found>,
    /// In one word.
    pub change: Change,
}

impl QualityReport {
    /// An empty report.
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), checks: Vec::new() }
    }

    /// Lists a finding, if there is one.
    pub(crate) fn add(
        &mut self,
        code: QualityCode,
        subject: Option<&str>,
        rows: u64,
        count: u64,
        examples: Examples,
    ) {
        if count > 0 {
            let share = if rows == 0 { 1.0 } else { count as f64 / rows as f64 };
            let subject = subject.map(str::to_owned);
            self.checks.push(QualityCheck {
                code,
                subject,
                rows,
                count,
                share,
                examples: examples.into_vec(),
            });
        }
    }

    /// Lists what the account of the rows tells.
    pub(crate) fn add_account(&mut self, quality: &Quality, repeated: Examples) {
        let again = [Treatment::ExactDuplicate, Treatment::ReplacedOrder, Treatment::OverlappingFile];
        let count = again.iter().filter_map(|treatment| quality.treated.get(treatment)).sum();
        self.add(QualityCode::Duplicates, None, quality.rows_read, count, repeated);
        for (reason, rows) in &quality.refused {
            let examples = quality.refused_at.get(reason).cloned().unwrap_or_default();
            self.add(QualityCode::RefusedRows, Some(reason.code()), quality.rows_read, *rows, examples);
        }
    }

    /// What has changed since an earlier report on the same source: first what is new and worse, last what is gone.
    #[must_use]
    pub fn compare(&self, previous: &Self) -> Vec<QualityTrend> {
        let find = |report: &Self, code: QualityCode, subject: &Option<String>| {
            let same = |check: &&QualityCheck| check.code == code && check.subject == *subject;
            report.checks.iter().find(same).map(|check| Found { count: check.count, share: check.share })
        };
        let trend = |check: &QualityCheck| {
            let before = find(previous, check.code, &check.subject);
            let now = find(self, check.code, &check.subject);
            let change = match (before, now) {
                (None, _) => Change::New,
                (_, None) => Change::Gone,
                // A share that was written down and read again may differ in its last digit.
                (Some(before), Some(now)) if (now.share - before.share).abs() < 1e-12 => Change::Same,
                (Some(before), Some(now)) if now.share < before.share => Change::Better,
                (Some(_), Some(_)) => Change::Worse,
            };
            QualityTrend { code: check.code, subject: check.subject.clone(), before, now, change }
        };
        let gone = previous.checks.iter().filter(|check| find(self, check.code, &check.subject).is_none());
        let mut trends: Vec<QualityTrend> = self.checks.iter().chain(gone).map(trend).collect();
        trends.sort_by_key(|trend| trend.change as u8);
        trends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(found: &[(QualityCode, Option<&str>, u64)]) -> QualityReport {
        let mut report = QualityReport::new("shop");
        for (code, subject, count) in found {
            report.add(*code, *subject, 100, *count, Examples::default());
        }
        report
    }

    #[test]
    fn a_trend_names_what_is_new_worse_better_and_gone() {
        use QualityCode::{CurrencyMix, Duplicates, Orphans, UnmatchedRefunds};
        let before = report(&[
            (Duplicates, None, 5),
            (Orphans, None, 5),
            (CurrencyMix, Some("EUR"), 90),
            (CurrencyMix, Some("USD"), 10),
        ]);
        let now = report(&[
            (Duplicates, None, 6),
            (Orphans, None, 4),
            (CurrencyMix, Some("EUR"), 90),
            (UnmatchedRefunds, None, 1),
        ]);
        let lines: Vec<String> = now
            .compare(&before)
            .iter()
            .map(|trend| {
                let count = |found: Option<Found>| found.map_or(0, |found| found.count);
                let subject = trend.subject.as_deref().unwrap_or("-");
                format!(
                    "{} {subject} {} -> {} {:?}",
                    trend.code,
                    count(trend.before),
                    count(trend.now),
                    trend.change
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "unmatched_refunds - 0 -> 1 New",
                "duplicates - 5 -> 6 Worse",
                "currency_mix EUR 90 -> 90 Same",
                "orphans - 5 -> 4 Better",
                "currency_mix USD 10 -> 0 Gone",
            ]
        );
        assert!(report(&[(Duplicates, None, 0)]).checks.is_empty());
    }

    #[test]
    fn a_report_comes_back_from_json() {
        let report = report(&[(QualityCode::RefusedRows, Some("bad_date"), 3)]);
        let text = serde_json::to_string(&report).unwrap();
        assert!(text.contains(r#""code":"refused_rows","subject":"bad_date""#), "{text}");
        assert_eq!(serde_json::from_str::<QualityReport>(&text).unwrap(), report);
    }
}
