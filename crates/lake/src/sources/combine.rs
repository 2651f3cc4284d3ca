//! All sources of a shop as one reading.

mod parts;
mod reports;
mod settle;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::anybody::is_anybodys;
use super::findings::Findings;
use super::ledger::LEDGER;
use super::mapped::{self, MappedRead};
use super::orders::{self, Part};
use super::stream::Money;
use super::views::{self, Identities, Mapped};
use super::{Ledger, Shop, Source, SourcesRead};
use crate::canonical_table::CanonicalTable;
use crate::canonical_table::conversion::the_only;
use crate::columns::ColumnOverrides;
use crate::currency;
use crate::error::Error;
use crate::quality::Examples;
use crate::reading::{OrdersRead, conclude};
use crate::session::Session;

impl Session {
    /// Reads all sources of a shop, registers the tables that [`Reading`](crate::Reading) describes over the orders of all of them, and
    /// `shop.<table>` for every other canonical table that a source has.
    ///
    /// Orders that several sources hold under one number count once, for the source that stands first. Refunds lower the order whose
    /// number they name, on their day; costs, lines and products say what orders cost. Customers are looked up in the table
    /// `identities(kind, value, customer)` where the caller has registered one.
    ///
    /// # Errors
    /// When a source cannot be read or mapped, two have the same name, none has orders, or amounts are in several currencies without
    /// rates; the error names the source.
    pub fn read_sources(&self, sources: &[Source], shop: &Shop) -> Result<SourcesRead, Error> {
        check_list(sources)?;
        let mut reader = Reader::new(self, sources, shop);
        reader.read_orders()?;
        reader.read_others()?;
        reader.combine()
    }
}

fn check_list(sources: &[Source]) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    if let Some(again) = sources.iter().find(|source| !names.insert(&source.name)) {
        return Err(Error::SameName { name: again.name.clone() });
    }
    if sources.iter().any(|source| source.table == CanonicalTable::Orders) {
        Ok(())
    } else {
        Err(Error::NoOrdersSource)
    }
}

/// The state of a reading.
pub(super) struct Reader<'a> {
    pub(super) session: &'a Session,
    pub(super) sources: &'a [Source],
    shop: &'a Shop,
    identities: Identities,
    /// What was read, by the place of its source in the list.
    pub(super) orders: BTreeMap<usize, OrdersRead>,
    pub(super) others: BTreeMap<usize, MappedRead>,
    parts: Vec<Part>,
    /// Orders by their numbers, where these tell more than one source knows.
    ledger: Option<Ledger>,
}

impl<'a> Reader<'a> {
    fn new(session: &'a Session, sources: &'a [Source], shop: &'a Shop) -> Self {
        use CanonicalTable::{Costs, OrderLines, Orders, Refunds};
        let several = sources.iter().filter(|source| source.table == Orders).count() > 1;
        let by_number = several
            || sources.iter().any(is_anybodys)
            || sources.iter().any(|source| matches!(source.table, Refunds | Costs | OrderLines));
        Self {
            session,
            sources,
            shop,
            identities: Identities::of(session),
            orders: BTreeMap::new(),
            others: BTreeMap::new(),
            parts: Vec::new(),
            ledger: by_number.then(|| Ledger::new(session)),
        }
    }

    fn read_orders(&mut self) -> Result<(), Error> {
        for (place, source) in self.sources.iter().enumerate() {
            if source.table != CanonicalTable::Orders {
                continue;
            }
            let named = Error::in_source(&source.name);
            let read = orders::read(self.session, source, place, &self.shop_of(source), self.ledger.as_mut())
                .map_err(named)?;
            let (scale, has_costs) = (read.understood.scale, read.understood.has_costs);
            self.parts.push(Part::set_aside(
                self.session,
                &place.to_string(),
                Some(place),
                scale,
                has_costs,
            )?);
            self.orders.insert(place, read);
        }
        Ok(())
    }

    /// The shop, for a source. What anybody writes has no say in the currency where the shop's own orders are in one.
    fn shop_of(&self, source: &Source) -> Cow<'a, Shop> {
        if self.shop.currency.is_some() || !is_anybodys(source) {
            return Cow::Borrowed(self.shop);
        }
        let own = self.orders.iter().filter(|(place, _)| !is_anybodys(&self.sources[**place]));
        let currency = the_only(own.flat_map(|(_, read)| read.understood.currencies.keys().cloned()));
        Cow::Owned(Shop { currency, ..self.shop.clone() })
    }

    fn read_others(&mut self) -> Result<(), Error> {
        let usual = the_only(self.orders.values().filter_map(|read| read.understood.date_order));
        for (place, source) in self.sources.iter().enumerate() {
            if source.table != CanonicalTable::Orders {
                let named = Error::in_source(&source.name);
                let read =
                    mapped::read(self.session, source, place, &self.shop_of(source), usual).map_err(named)?;
                self.others.insert(place, read);
            }
        }
        views::clear(self.session)?;
        for table in self.tables() {
            let of_table: Vec<Mapped<'_>> = self
                .others
                .iter()
                .map(|(place, read)| (*place, &self.sources[*place], read))
                .filter(|(_, source, _)| source.table == table)
                .collect();
            views::register(self.session, table, &of_table, self.identities)?;
        }
        Ok(())
    }

    /// The canonical tables that sources have, but the orders.
    fn tables(&self) -> Vec<CanonicalTable> {
        CanonicalTable::ALL
            .into_iter()
            .filter(|table| *table != CanonicalTable::Orders && self.has(*table))
            .collect()
    }

    pub(super) fn has(&self, table: CanonicalTable) -> bool {
        self.sources.iter().any(|source| source.table == table)
    }

    fn combine(mut self) -> Result<SourcesRead, Error> {
        let shop = self.shop.order_source("", Vec::new(), ColumnOverrides::default());
        let target = currency::target(self.currencies()?, &shop, "")?;
        let money = Money { scale: self.scale()?, rates: target.rates };
        let has_costs = self.has_costs();
        let findings = match self.ledger.take() {
            Some(ledger) => self.walk(ledger, &money, has_costs)?,
            None => Findings::default(),
        };
        let days = self.days()?;
        self.session.drop_table(LEDGER)?;
        parts::unite(self.session, self.sources, self.identities, &self.parts, money.scale, has_costs)?;
        let files = self.orders.values().flat_map(|read| read.files.iter().cloned()).collect();
        let all = OrdersRead {
            files,
            quality: self.account(),
            understood: self.understood(target.currency, money.scale, has_costs),
            customers: None,
            repeated: Examples::default(),
        };
        let reading = conclude(self.session, all)?;
        let sources = self.reports(&findings, &days)?;
        Ok(SourcesRead { reading, tables: self.tables(), sources })
    }
}
