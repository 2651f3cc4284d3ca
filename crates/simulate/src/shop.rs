//! The whole shop, table by table.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use jiff::civil::Date;
use rayon::prelude::*;

use crate::{
    Customer, Error, Format, Order, ShopSettings, World,
    chunks::{CHUNK, OrderKey, for_chunks, order_id},
    dirt::DirtyRow,
    output::{Part, TableFile, Target, write_table},
    tables::{
        Costs, Customers, OrderLines, OrderRow, Orders, Products, Refunds, Spend, Truth, TruthRow, clean_row,
        dirty_row,
    },
};

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The number of customers.
    pub customers: u64,
    /// The number of clean orders; the dirty rows stand beside them.
    pub orders: u64,
    /// The first day of the history.
    pub first_day: Date,
    /// The as-of date, its last day.
    pub as_of: Date,
    /// The rows of every table, dirty ones included.
    pub rows: BTreeMap<&'static str, u64>,
    /// The dirty rows among the orders, by the name of their [`DirtKind`](crate::DirtKind).
    pub dirty: BTreeMap<&'static str, u64>,
    /// How many customers are still active at the end of the as-of date.
    pub alive: u64,
    /// The truth of the year after the as-of date, summed over all customers.
    pub future: Future,
}

/// Sums over all customers for the [`FUTURE_DAYS`](crate::FUTURE_DAYS) days after the as-of date.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Future {
    /// Transactions that the customers' rates let expect.
    pub expected_transactions: f64,
    /// Transactions that happen.
    pub actual_transactions: i64,
    /// Revenue net of refunds that the customers' rates let expect, in EUR.
    pub expected_revenue: f64,
    /// Revenue net of refunds that comes in, in cents.
    pub actual_revenue: i64,
    /// Margin that the customers' rates let expect, in EUR.
    pub expected_margin: f64,
    /// Margin that is made, in cents.
    pub actual_margin: i64,
}

/// Simulates a shop and writes its tables into `folder`, which is made if it does not exist; files of an earlier
/// simulation in the same format are replaced.
///
/// `progress` is told how much is done of how much, in customers: each counts once when drawn and once, in proportion,
/// when the orders are written.
///
/// # Errors
/// When a setting is out of its range or a file cannot be written.
pub fn simulate(
    settings: &ShopSettings,
    folder: &Path,
    format: Format,
    progress: impl Fn(u64, u64),
) -> Result<Simulation, Error> {
    simulate_in_chunks(settings, Target { folder, format }, CHUNK, &progress)
}

fn simulate_in_chunks(
    settings: &ShopSettings,
    target: Target,
    chunk: usize,
    progress: &dyn Fn(u64, u64),
) -> Result<Simulation, Error> {
    let world = World::new(settings)?;
    fs::create_dir_all(target.folder).map_err(Error::write(target.folder))?;
    let mut simulation = Simulation {
        customers: u64::from(settings.customers),
        orders: 0,
        first_day: world.first_day(),
        as_of: settings.as_of,
        rows: BTreeMap::new(),
        dirty: BTreeMap::new(),
        alive: 0,
        future: Future::default(),
    };
    let days: Vec<u32> = (0..world.observed_days()).collect();
    simulation.rows.extend([
        write_table::<Products>(&world, target, world.products())?,
        write_table::<Costs>(&world, target, &Costs::kinds())?,
        write_table::<Spend>(&world, target, &days)?,
    ]);
    let writer = Writer { world: &world, target, chunk };
    let keys = writer.write_customers(&mut simulation, progress)?;
    writer.write_orders(&keys, &mut simulation, progress)?;
    Ok(simulation)
}

/// What all parts of the writing share.
struct Writer<'a> {
    world: &'a World,
    target: Target<'a>,
    chunk: usize,
}

/// The customers of a chunk, with the places of their orders up to the as-of date.
struct CustomerChunk {
    customers: Part<Customers>,
    truth: Part<Truth>,
    rows: Vec<TruthRow>,
    keys: Vec<OrderKey>,
}

/// The orders of a chunk.
struct OrderChunk {
    orders: Part<Orders>,
    lines: Part<OrderLines>,
    refunds: Part<Refunds>,
}

impl Writer<'_> {
    /// Writes what there is per customer, and returns the places of all orders in the order of time.
    fn write_customers(
        &self,
        simulation: &mut Simulation,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Vec<OrderKey>, Error> {
        let mut customers = TableFile::<Customers>::create(self.world, self.target)?;
        let mut truth = TableFile::<Truth>::create(self.world, self.target)?;
        let mut keys = Vec::new();
        let all = simulation.customers;
        let make = |range: Range<usize>| self.customer_chunk(range);
        for_chunks(
            self.world.settings().customers as usize,
            self.chunk,
            make,
            |done, part: CustomerChunk| {
                customers.append(&part.customers)?;
                truth.append(&part.truth)?;
                part.rows.iter().for_each(|row| simulation.count(self.world, row));
                keys.extend(part.keys);
                progress(done as u64, 2 * all);
                Ok(())
            },
        )?;
        simulation.rows.extend([customers.finish()?, truth.finish()?]);
        keys.par_sort_unstable();
        Ok(keys)
    }

    fn customer_chunk(&self, range: Range<usize>) -> Result<CustomerChunk, Error> {
        let mut keys = Vec::new();
        #[expect(clippy::cast_possible_truncation, reason = "the number of customers is 32 bits wide")]
        let rows: Vec<TruthRow> =
            range.map(|index| truth_of(self.world, self.world.customer(index as u32), &mut keys)).collect();
        let customers = Part::new(self.world, self.target, &rows)?;
        let truth = Part::new(self.world, self.target, &rows)?;
        Ok(CustomerChunk { customers, truth, rows, keys })
    }

    /// Writes what there is per order.
    fn write_orders(
        &self,
        keys: &[OrderKey],
        simulation: &mut Simulation,
        progress: &dyn Fn(u64, u64),
    ) -> Result<(), Error> {
        let dirt = self.world.dirty_rows(keys.len(), self.target.format);
        for row in &dirt {
            *simulation.dirty.entry(row.kind.name()).or_default() += 1;
        }
        simulation.orders = keys.len() as u64;
        let mut orders = TableFile::<Orders>::create(self.world, self.target)?;
        let mut lines = TableFile::<OrderLines>::create(self.world, self.target)?;
        let mut refunds = TableFile::<Refunds>::create(self.world, self.target)?;
        let customers = simulation.customers;
        let make = |range: Range<usize>| self.order_chunk(range, keys, &dirt);
        for_chunks(keys.len(), self.chunk, make, |done, part: OrderChunk| {
            orders.append(&part.orders)?;
            lines.append(&part.lines)?;
            refunds.append(&part.refunds)?;
            progress(customers + customers * done as u64 / keys.len() as u64, 2 * customers);
            Ok(())
        })?;
        simulation.rows.extend([orders.finish()?, lines.finish()?, refunds.finish()?]);
        Ok(())
    }

    fn order_chunk(
        &self,
        range: Range<usize>,
        keys: &[OrderKey],
        dirt: &[DirtyRow],
    ) -> Result<OrderChunk, Error> {
        let dirt = &dirt[dirt.partition_point(|row| row.place < range.start)..];
        let dirt = &dirt[..dirt.partition_point(|row| row.place < range.end)];
        let orders: Vec<(i64, Order)> =
            range.clone().map(|place| (order_id(place), order_of(self.world, keys[place]))).collect();
        let rows = order_rows(self.world, range.start, &orders, dirt);
        Ok(OrderChunk {
            orders: Part::new(self.world, self.target, &rows)?,
            lines: Part::new(self.world, self.target, &orders)?,
            refunds: Part::new(self.world, self.target, &orders)?,
        })
    }
}

/// A customer's truth; the places of the orders up to the as-of date go to `keys`.
fn truth_of(world: &World, customer: Customer, keys: &mut Vec<OrderKey>) -> TruthRow {
    let index = customer.index;
    let outturn =
        world.history(&customer, |number, second| keys.push(OrderKey { second, customer: index, number }));
    TruthRow { outlook: world.outlook(&customer), outturn, customer }
}

fn order_of(world: &World, key: OrderKey) -> Order {
    world.order(&world.customer(key.customer), key.number, key.second)
}

/// The clean rows of orders that begin at place `first`, each followed by the dirty rows made from it.
fn order_rows(world: &World, first: usize, orders: &[(i64, Order)], dirt: &[DirtyRow]) -> Vec<OrderRow> {
    let mut dirt = dirt.iter().peekable();
    let mut rows = Vec::with_capacity(orders.len() + dirt.len());
    for (offset, (id, order)) in orders.iter().enumerate() {
        let clean = clean_row(world, order, *id);
        rows.push(clean.clone());
        while let Some(row) = dirt.next_if(|row| row.place == first + offset) {
            rows.push(dirty_row(&clean, *row));
        }
    }
    rows
}

impl Simulation {
    fn count(&mut self, world: &World, row: &TruthRow) {
        self.alive += u64::from(row.customer.is_alive_at(f64::from(world.observed_days())));
        let future = &mut self.future;
        future.expected_transactions += row.outlook.transactions;
        future.expected_revenue += row.outlook.revenue;
        future.expected_margin += row.outlook.margin;
        future.actual_transactions += row.outturn.transactions;
        future.actual_revenue += row.outturn.revenue;
        future.actual_margin += row.outturn.margin;
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::*;

    /// All files of a simulated shop, by name, made with `chunk` on `threads` threads.
    fn files(format: Format, chunk: usize, threads: usize) -> BTreeMap<String, Vec<u8>> {
        let settings =
            ShopSettings { customers: 700, seed: 11, dirty_share: 0.01, ..ShopSettings::default() };
        let folder = tempfile::tempdir().unwrap();
        let target = Target { folder: folder.path(), format };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let simulation = pool.install(|| simulate_in_chunks(&settings, target, chunk, &|_, _| ())).unwrap();
        let files: BTreeMap<_, _> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect();
        let expected = simulation.rows.keys().map(|name| format!("{name}.{}", format.extension()));
        assert!(files.keys().cloned().eq(expected), "one file per table and no other: {:?}", files.keys());
        files
    }

    #[test]
    fn neither_chunks_nor_threads_change_a_byte() {
        let reference = files(Format::Csv, CHUNK, 1);
        for (chunk, threads) in [(CHUNK, 4), (1, 2), (37, 3)] {
            assert!(
                files(Format::Csv, chunk, threads) == reference,
                "chunks of {chunk} on {threads} threads"
            );
        }
        assert!(files(Format::Parquet, 50, 1) == files(Format::Parquet, 50, 4));
    }

    #[test]
    fn progress_grows_to_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let settings = ShopSettings { customers: 10_000, ..ShopSettings::default() };
        let seen = std::cell::RefCell::new(Vec::new());
        simulate(&settings, folder.path(), Format::Parquet, |done, total| {
            seen.borrow_mut().push((done, total));
        })
        .unwrap();
        let seen = seen.into_inner();
        assert!(seen.is_sorted() && seen.len() > 4, "{seen:?}");
        assert_eq!(seen.last(), Some(&(20_000, 20_000)));
    }
}
