//! What the orders of all sources have in common, and the walk that settles those with a number.

use std::collections::BTreeMap;

use datafusion::arrow::array::Array;

use super::Reader;
use crate::canonical::tables::Tables;
use crate::canonical_table::CanonicalTable::{self, Costs, OrderLines, Orders, Products, Refunds};
use crate::error::Error;
use crate::format::Format;
use crate::profile::amounts::MIN_SCALE;
use crate::profile::zone::ZoneTable;
use crate::quality::{Quality, Refusal};
use crate::reading::{ColumnRead, OrdersRead, Understood};
use crate::sources::anybody::Anybody;
use crate::sources::costs::{CostTables, OrderCosts};
use crate::sources::findings::Findings;
use crate::sources::orders::Part;
use crate::sources::refusals::Refusals;
use crate::sources::stream::{Money, Stream, integers, texts};
use crate::sources::views::all;
use crate::sources::walk::Walk;
use crate::sources::{Ledger, MONEY_TABLES};

impl Reader<'_> {
    /// Rows by the currency of their amounts, over all sources whose amounts are used.
    pub(super) fn currencies(&self) -> Result<BTreeMap<String, u64>, Error> {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for (code, rows) in self.orders.values().flat_map(|read| &read.understood.currencies) {
            *found.entry(code.clone()).or_default() += rows;
        }
        let others = MONEY_TABLES.into_iter().filter(|table| *table != Orders && self.has(*table));
        for table in others {
            for (code, rows) in self.currencies_of(table)? {
                *found.entry(code).or_default() += rows;
            }
        }
        Ok(found)
    }

    fn currencies_of(&self, table: CanonicalTable) -> Result<Vec<(String, u64)>, Error> {
        let sql = format!(
            "SELECT upper(trim(currency)) AS code, count(*) AS rows FROM {} WHERE trim(currency) <> '' GROUP BY upper(trim(currency))",
            all(table)
        );
        let mut found = Vec::new();
        for batch in self.session.query(&sql)? {
            let (codes, rows) = (texts(&batch, 0)?, integers(&batch, 1)?);
            found.extend(
                (0..batch.num_rows())
                    .map(|row| (codes.value(row).to_owned(), rows.value(row).unsigned_abs())),
            );
        }
        Ok(found)
    }

    /// The decimals that all amounts fit.
    pub(super) fn scale(&self) -> Result<u32, Error> {
        let orders = self.orders.values().map(|read| read.understood.scale).max().unwrap_or(MIN_SCALE);
        if !self.has(Refunds) {
            return Ok(orders);
        }
        let sql = format!(
            "SELECT max(CASE WHEN m % 10000 = 0 THEN 2 WHEN m % 1000 = 0 THEN 3 WHEN m % 100 = 0 THEN 4 WHEN m % 10 = 0 THEN 5 ELSE 6 END) \
             FROM (SELECT cast(amount * 1000000 as bigint) AS m FROM {} WHERE amount IS NOT NULL) AS amounts",
            all(Refunds)
        );
        let batches = self.session.query(&sql)?;
        let needed = batches.first().map(|batch| integers(batch, 0)).transpose()?;
        let needed =
            needed.filter(|needed| !needed.is_empty() && !needed.is_null(0)).map(|needed| needed.value(0));
        Ok(needed.and_then(|needed| u32::try_from(needed).ok()).map_or(orders, |needed| needed.max(orders)))
    }

    /// Whether anything says what orders cost.
    pub(super) fn has_costs(&self) -> bool {
        let gives_cost = |table| {
            self.others
                .iter()
                .any(|(place, read)| self.sources[*place].table == table && read.columns.contains(&"cost"))
        };
        let by_lines = self.has(OrderLines) && (gives_cost(OrderLines) || gives_cost(Products));
        self.orders.values().any(|read| read.understood.has_costs) || self.has(Costs) || by_lines
    }

    /// Settles the orders of the ledger; they become a part.
    pub(super) fn walk(&mut self, ledger: Ledger, money: &Money, has_costs: bool) -> Result<Findings, Error> {
        ledger.register(self.session)?;
        let gift = |read: &OrdersRead| read.understood.has_amounts.then_some(self.shop.zero_orders);
        let mut accounts: BTreeMap<usize, Quality> = BTreeMap::new();
        let too_large = |source| accounts.entry(source).or_default().refuse(Refusal::AmountTooLarge, 1);
        let costs = match (has_costs, self.has(Costs)) {
            (true, true) => Some(OrderCosts::read(self.session, money, too_large)?),
            (true, false) => Some(OrderCosts::default()),
            (false, _) => None,
        };
        let scales = self.orders.iter().map(|(place, read)| (*place, read.understood.scale)).collect();
        let mut walk = Walk {
            anybody: Anybody::look(self.session, self.sources, &scales, money.scale)?,
            tables: Tables::new(self.session, has_costs),
            refusals: Refusals::new(self.sources, self.shop),
            scale: money.scale,
            findings: Findings::default(),
            accounts,
            gifts: self.orders.iter().map(|(place, read)| (*place, gift(read))).collect(),
            costs,
        };
        let stream = Stream {
            sources: self.sources,
            identities: self.identities,
            has_refunds: self.has(Refunds),
            costs: CostTables {
                lines: self.has(OrderLines),
                products: self.has(Products),
                costs: self.has(Costs),
            },
            scales: &scales,
            money,
            zone: &ZoneTable::new(&self.shop.zone()),
        };
        stream.through(self.session, &mut walk)?;
        walk.refusals.finish(&mut walk.accounts)?;
        if !walk.tables.fits() {
            return Err(Error::AmountsOverflow { column: "amount".to_owned(), scale: money.scale });
        }
        walk.tables.register(self.session, false)?;
        self.parts.push(Part::set_aside(self.session, "walked", None, money.scale, has_costs)?);
        for (place, account) in &walk.accounts {
            let orders = self.orders.get_mut(place).map(|read| &mut read.quality);
            let others = self.others.get_mut(place).map(|read| &mut read.quality);
            if let Some(quality) = orders.or(others) {
                quality.add(account);
            }
        }
        Ok(walk.findings)
    }

    /// The account of all rows of orders and refunds.
    pub(super) fn account(&self) -> Quality {
        let refunds = self.others.iter().filter(|(place, _)| self.sources[**place].table == Refunds);
        let mut account = Quality::default();
        let all = self.orders.values().map(|read| &read.quality);
        all.chain(refunds.map(|(_, read)| &read.quality)).for_each(|quality| account.add(quality));
        if let [only] = self.orders.values().collect::<Vec<_>>().as_slice() {
            account.quarantine.clone_from(&only.quality.quarantine);
        }
        account
    }

    /// How the orders were understood; with several sources, each column stands behind its source's name.
    pub(super) fn understood(&self, currency: Option<String>, scale: u32, has_costs: bool) -> Understood {
        let several = self.orders.len() > 1;
        let column = |place: usize, read: &ColumnRead| {
            let source = &self.sources[place].name;
            let column = if several { format!("{source}: {}", read.column) } else { read.column.clone() };
            ColumnRead { column, ..read.clone() }
        };
        let formats: Vec<Format> = self.orders.values().map(|read| read.understood.format).collect();
        let same = formats.windows(2).all(|pair| pair[0] == pair[1]);
        Understood {
            format: formats.first().copied().filter(|_| same).unwrap_or(Format::Several),
            columns: self
                .orders
                .iter()
                .flat_map(|(place, read)| read.understood.columns.iter().map(|own| column(*place, own)))
                .collect(),
            currency,
            currencies: BTreeMap::new(),
            currency_examples: BTreeMap::new(),
            time_zone: self
                .shop
                .order_source("", Vec::new(), crate::columns::ColumnOverrides::default())
                .zone_name(),
            scale,
            has_amounts: self.orders.values().any(|read| read.understood.has_amounts),
            has_costs,
            date_order: None,
            assumed: None,
        }
    }
}
