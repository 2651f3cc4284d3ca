//! The plain order log that the benchmarks read: customer, moment, amount.

use std::{
    fs::{self, File},
    io::BufWriter,
    path::Path,
    sync::Arc,
};

use arrow::{
    array::{Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray},
    datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
};
use rayon::prelude::*;

use crate::{
    Channel, Error, ShopSettings, World,
    chunks::{CHUNK, OrderKey, for_chunks},
    output::parquet_writer,
    world::{DAY, Domain},
};

/// The customers of the log: r, s and beta (days) of the Pareto/NBD model; alpha follows from the number of orders.
const POPULATION: (f64, f64, f64) = (0.9, 0.8, 150.0);

/// Writes a Parquet file with one row per order in the order of time: `customer_id` (64-bit integer),
/// `ordered_at` (timestamp in microseconds without a zone) and `amount` (64-bit float, EUR, whole cents).
///
/// The log covers three years. Every customer has at least one order; purchase rates are such that `orders` are expected,
/// and the number that came out, which is returned, differs from it by less than a thousandth for a million customers.
/// Customers' ids are in no order. What is held in memory is 12 bytes per order and some row groups.
///
/// # Errors
/// When there are fewer orders than customers, or so many that a customer would buy five times a day; when the file
/// cannot be written.
pub fn purchase_log(customers: u32, orders: u64, seed: u64, path: &Path) -> Result<u64, Error> {
    let world = log_world(customers, orders, seed)?;
    let partial = path.with_extension("partial");
    let file = File::create(&partial).map_err(Error::write(&partial))?;
    let mut writer = parquet_writer(BufWriter::new(file), schema())?;
    let keys = order_keys(&world)?;
    for_chunks(keys.len(), CHUNK, |range| rows(&world, &keys[range]), |_, batch| Ok(writer.write(&batch)?))?;
    writer.close()?;
    fs::rename(&partial, path).map_err(Error::write(path))?;
    Ok(keys.len() as u64)
}

/// A shop with as many customers, no season, and purchase rates such that as many orders are expected.
///
/// E[X(t)] = r / alpha x beta / (s - 1) x (1 - (beta / (beta + t))^(s - 1)) (Schmittlein, Morrison and Colombo 1987,
/// equation 17), so alpha follows from its mean over the customers' ages without search.
fn log_world(customers: u32, orders: u64, seed: u64) -> Result<World, Error> {
    let (r, s, beta) = POPULATION;
    let repeat = orders as f64 / f64::from(customers.max(1)) - 1.0;
    if repeat < 0.0 {
        return Err(Error::Setting {
            name: "orders",
            value: orders.to_string(),
            allowed: "at least the number of customers",
        });
    }
    let mut settings = ShopSettings { customers, seed, season: 0.0, ..ShopSettings::default() };
    settings.channels =
        vec![Channel { name: "all".to_owned(), share: 1.0, r, alpha: r, s, beta, acquisition_cost: 0.0 }];
    let world = World::new(&settings)?;
    let end = f64::from(world.observed_days());
    let active_days = |age: f64| beta / (s - 1.0) * (1.0 - (beta / (beta + age)).powf(s - 1.0));
    let quantiles = (0..10_000).map(|i| (f64::from(i) + 0.5) / 10_000.0);
    let mean_days =
        quantiles.map(|quantile| active_days(end - world.arrival(quantile))).sum::<f64>() / 10_000.0;
    settings.channels[0].alpha = (r * mean_days / repeat).min(1e7);
    World::new(&settings)
}

/// The places of all orders in the order of time.
fn order_keys(world: &World) -> Result<Vec<OrderKey>, Error> {
    let mut keys = Vec::new();
    let make = |range: std::ops::Range<usize>| {
        let mut part = Vec::new();
        for index in range {
            #[expect(clippy::cast_possible_truncation, reason = "the number of customers is 32 bits wide")]
            let index = index as u32;
            observed_orders(world, index, &mut part);
        }
        Ok(part)
    };
    for_chunks(world.settings().customers as usize, CHUNK, make, |_, part| {
        keys.extend(part);
        Ok(())
    })?;
    keys.par_sort_unstable();
    Ok(keys)
}

fn observed_orders(world: &World, index: u32, keys: &mut Vec<OrderKey>) {
    let end = world.observed_days() * DAY;
    let mut number = 0;
    world.orders_of(&world.customer(index), |second| {
        if second < end {
            keys.push(OrderKey { second, customer: index, number });
        }
        number += 1;
    });
}

fn schema() -> SchemaRef {
    let column = |name, kind| Field::new(name, kind, false);
    Arc::new(Schema::new(vec![
        column("customer_id", DataType::Int64),
        column("ordered_at", DataType::Timestamp(TimeUnit::Microsecond, None)),
        column("amount", DataType::Float64),
    ]))
}

fn rows(world: &World, keys: &[OrderKey]) -> Result<RecordBatch, Error> {
    let customers = world.settings().customers;
    let ids = keys.iter().map(|key| shuffled(key.customer, customers));
    let moments = keys.iter().map(|key| world.microseconds(key.second));
    let amounts = keys.iter().map(|key| amount(world, *key));
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(ids)),
            Arc::new(TimestampMicrosecondArray::from_iter_values(moments)),
            Arc::new(Float64Array::from_iter_values(amounts)),
        ],
    )?)
}

/// The value of goods in an order, in EUR to the cent and at least one.
fn amount(world: &World, key: OrderKey) -> f64 {
    let customer = world.customer(key.customer);
    let rng = &mut world.stream(Domain::Order, u64::from(key.customer) << 32 | u64::from(key.number));
    (world.goods_value(&customer, rng) * 100.0).round().max(1.0) / 100.0
}

/// A customer's id from 1: multiplication by a prime that no number of customers has as a factor visits each id once and
/// leaves no order.
fn shuffled(index: u32, customers: u32) -> i64 {
    const PRIME: u128 = (1 << 61) - 1;
    #[expect(clippy::cast_possible_truncation, reason = "below the number of customers, 32 bits wide")]
    let place = (u128::from(index) * PRIME % u128::from(customers)) as u32;
    i64::from(place) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffling_gives_each_id_once() {
        for customers in [1, 2, 1_000, 1_021] {
            let mut ids: Vec<i64> = (0..customers).map(|index| shuffled(index, customers)).collect();
            ids.sort_unstable();
            assert!(ids.iter().copied().eq(1..=i64::from(customers)));
        }
    }
}
