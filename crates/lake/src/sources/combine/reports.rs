//! What was found in each source, once all of them are together.

use std::collections::BTreeMap;

use super::Reader;
use crate::canonical_table::CanonicalTable::{Customers, Refunds};
use crate::columns::Role;
use crate::error::Error;
use crate::profile::dates::AssumedOrder;
use crate::quality::gaps::gaps;
use crate::quality::report::{QualityCode, QualityReport};
use crate::quality::{Examples, Quality};
use crate::reading::Understood;
use crate::sources::SourceRead;
use crate::sources::findings::Findings;
use crate::sources::ledger::{LEDGER, kind};
use crate::sources::stream::{integers, numbered_refunds, texts};
use crate::sources::views::all;

/// Orders by day (since 1970-01-01), ascending.
pub(super) type Days = Vec<(i32, u64)>;

impl Reader<'_> {
    /// The orders of each source by day; those of the ledger too, once it is a table.
    pub(super) fn days(&self) -> Result<BTreeMap<usize, Days>, Error> {
        let mut sql: Vec<String> = self
            .parts
            .iter()
            .filter_map(|part| Some((part.source?, part)))
            .map(|(place, part)| {
                format!(
                    "SELECT cast({place} as int) AS source, cast(day as int) AS day, count(*) AS orders FROM {} GROUP BY day",
                    part.table("purchases")
                )
            })
            .collect();
        if self.session.has_table(LEDGER) {
            sql.push(format!(
                "SELECT source, day, count(*) AS orders FROM {LEDGER} WHERE kind = {} GROUP BY source, day",
                kind::ORDER
            ));
        }
        let sql = format!(
            "SELECT source, day, sum(orders) AS orders FROM ({}) AS parts GROUP BY source, day ORDER BY source, day",
            sql.join(" UNION ALL ")
        );
        let mut days: BTreeMap<usize, Days> = BTreeMap::new();
        for batch in self.session.query(&sql)? {
            let columns = [integers(&batch, 0)?, integers(&batch, 1)?, integers(&batch, 2)?];
            for row in 0..batch.num_rows() {
                let [source, day, orders] = &columns;
                let (Ok(source), Ok(day)) =
                    (usize::try_from(source.value(row)), i32::try_from(day.value(row)))
                else {
                    continue;
                };
                days.entry(source).or_default().push((day, orders.value(row).unsigned_abs()));
            }
        }
        Ok(days)
    }

    /// What was read and found, source by source.
    pub(super) fn reports(
        &self,
        findings: &Findings,
        days: &BTreeMap<usize, Days>,
    ) -> Result<Vec<SourceRead>, Error> {
        let mut reads = Vec::with_capacity(self.sources.len());
        for (place, source) in self.sources.iter().enumerate() {
            let mut report = QualityReport::new(&source.name);
            let quality = self.quality(place);
            if let Some(read) = self.orders.get(&place) {
                report.add_account(quality, read.repeated.clone());
                add_currencies(&read.understood, &mut report);
                add_gaps(days.get(&place).map(Vec::as_slice).unwrap_or_default(), &mut report);
            } else {
                report.add_account(quality, Examples::default());
            }
            self.add_assumed_orders(place, &mut report);
            match source.table {
                Refunds => self.add_repeated_refunds(place, &mut report)?,
                Customers => self.add_unknown_customers(place, &mut report)?,
                _ => {}
            }
            findings.report(place, &mut report);
            reads.push(SourceRead {
                name: source.name.clone(),
                table: source.table,
                location: source.location.to_string(),
                rows: quality.rows_read,
                used: quality.rows_used,
                refused: quality.refused.clone(),
                quality: report,
            });
        }
        Ok(reads)
    }

    /// The account of a source; every source has been read by now.
    fn quality(&self, place: usize) -> &Quality {
        static NONE: Quality = Quality::none();
        let orders = self.orders.get(&place).map(|read| &read.quality);
        orders.or_else(|| self.others.get(&place).map(|read| &read.quality)).unwrap_or(&NONE)
    }

    /// Columns of dates that leave the order of day and month open.
    fn add_assumed_orders(&self, place: usize, report: &mut QualityReport) {
        let mut add = |column: &str, assumed: &AssumedOrder| {
            let mut examples = Examples::default();
            examples.add(&assumed.example);
            report.add(QualityCode::AssumedDateOrder, Some(column), assumed.dates, assumed.open, examples);
        };
        if let Some(read) = self.orders.get(&place)
            && let Some(assumed) = &read.understood.assumed
        {
            let date = read.understood.columns.iter().find(|read| read.role == Role::Date);
            add(date.map_or("date", |date| &date.column), assumed);
        }
        for (column, assumed) in self.others.get(&place).iter().flat_map(|read| &read.assumed) {
            add(column, assumed);
        }
    }

    /// Refunds whose number came before: in the same source, or in an earlier one.
    fn add_repeated_refunds(&self, place: usize, report: &mut QualityReport) -> Result<(), Error> {
        let numbered = numbered_refunds();
        let sql = format!(
            "SELECT CASE WHEN first = source_index THEN 0 ELSE 1 END AS other, refund_id, count(*) OVER (PARTITION BY first = source_index) AS rows \
             FROM (SELECT refund_id, place, source_index, min(source_index) OVER (PARTITION BY refund_id) AS first FROM ({numbered}) AS numbered) AS known \
             WHERE source_index = {place} AND place > 1 ORDER BY refund_id"
        );
        let mut found = [(0, Examples::default()), (0, Examples::default())];
        for batch in self.session.query(&sql)? {
            let (others, ids, rows) = (integers(&batch, 0)?, texts(&batch, 1)?, integers(&batch, 2)?);
            for row in 0..batch.num_rows() {
                let (count, examples) = &mut found[usize::from(others.value(row) == 1)];
                *count = rows.value(row).unsigned_abs();
                examples.add(ids.value(row));
            }
        }
        let all = self.quality(place).rows_read;
        let [(own, own_examples), (other, other_examples)] = found;
        report.add(QualityCode::Duplicates, None, all, own, own_examples);
        report.add(QualityCode::DuplicatesAcrossSources, None, all, other, other_examples);
        Ok(())
    }

    /// Customers with purchases who are in no table of customers; told with the first of these tables.
    fn add_unknown_customers(&self, place: usize, report: &mut QualityReport) -> Result<(), Error> {
        if self.sources.iter().position(|source| source.table == Customers) != Some(place) {
            return Ok(());
        }
        let buyers =
            "(SELECT cast(customer as varchar) AS customer FROM purchases GROUP BY customer) AS buyers";
        let known = format!("(SELECT customer_id FROM {} GROUP BY customer_id) AS known", all(Customers));
        let unknown = format!("FROM {buyers} LEFT ANTI JOIN {known} ON buyers.customer = known.customer_id");
        let number = |sql: String| -> Result<u64, Error> {
            let batches = self.session.query(&sql)?;
            let counts = batches.first().map(|batch| integers(batch, 0)).transpose()?;
            Ok(counts.map_or(0, |counts| counts.iter().flatten().sum::<i64>().unsigned_abs()))
        };
        let count = number(format!("SELECT count(*) {unknown}"))?;
        let mut examples = Examples::default();
        if count > 0 {
            for batch in
                self.session.query(&format!("SELECT buyers.customer {unknown} ORDER BY customer LIMIT 5"))?
            {
                texts(&batch, 0)?.iter().flatten().for_each(|customer| examples.add(customer));
            }
        }
        let all = number(format!("SELECT count(*) FROM {buyers}"))?;
        report.add(QualityCode::UnknownCustomers, None, all, count, examples);
        Ok(())
    }
}

/// Rows by currency, where there is more than one.
fn add_currencies(understood: &Understood, report: &mut QualityReport) {
    let found = &understood.currencies;
    if found.len() > 1 {
        let rows = found.values().sum();
        for (code, count) in found {
            let examples = understood.currency_examples.get(code).cloned().unwrap_or_default();
            report.add(QualityCode::CurrencyMix, Some(code), rows, *count, examples);
        }
    }
}

/// Days in gaps, of all days between the first and the last with an order.
fn add_gaps(days: &[(i32, u64)], report: &mut QualityReport) {
    let gaps = gaps(days);
    let span = |first: i32, last: i32| u64::from(last.abs_diff(first)) + 1;
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else { return };
    let mut examples = Examples::default();
    for gap in &gaps {
        examples.add(&format!("{} to {}", date(*gap.start()), date(*gap.end())));
    }
    let count = gaps.iter().map(|gap| span(*gap.start(), *gap.end())).sum();
    report.add(QualityCode::GapsInTime, None, span(*first, *last), count, examples);
}

fn date(day: i32) -> String {
    let date = crate::canonical::extent::date(i64::from(day));
    date.map_or_else(|| format!("day {day}"), |date| date.to_string())
}
