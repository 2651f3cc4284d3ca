//! How many events a second the projector takes, and how long a profile is read when there are many.
//!
//! `cargo run --release -p perennial-store --example profile_load -- sqlite:/tmp/load.db 1000000`: the store (a new one; one
//! that has that many customers already is only read) and the number of customers. Each has a device, an account, an
//! address, some traits, a consent and an order, told by three messages.

use std::env;
use std::error::Error;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use perennial_store::{EventKind, Identifier, NewEvent, Store, StoreUrl};

/// Customers that are appended at a time.
const BATCH: u64 = 1000;

/// Profiles that are read.
const READS: u64 = 2000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, customers] = arguments.as_slice() else {
        return Err("needs the store's address and the number of customers".into());
    };
    let customers: u64 = customers.parse()?;
    let store = Store::open(&StoreUrl::parse(address)?).await?;
    let last: Identifier = format!("user_id:user-{customers}").parse()?;
    if store.profile(&last).await?.is_none() {
        load(&store, customers).await?;
    }
    read(&store, customers).await?;
    Ok(store.close().await?)
}

/// Appends the messages of all customers, and projects them.
async fn load(store: &Store, customers: u64) -> Result<(), Box<dyn Error>> {
    let (mut appending, mut projecting) = (Duration::ZERO, Duration::ZERO);
    for first in (1..=customers).step_by(usize::try_from(BATCH)?) {
        let begin = Instant::now();
        let messages = (first..=customers.min(first + BATCH - 1)).flat_map(messages).collect();
        store.append("load", Timestamp::now(), messages).await?;
        appending += begin.elapsed();
        let begin = Instant::now();
        store.project_all().await?;
        projecting += begin.elapsed();
    }
    let rate = |time: Duration| 3.0 * customers as f64 / time.as_secs_f64();
    println!("{customers} customers, 3 events each, by one caller in turn");
    println!(
        "appended {:.0} events a second, projected {:.0} events a second",
        rate(appending),
        rate(projecting)
    );
    Ok(())
}

/// Reads profiles from all over the store by different kinds of identifiers.
async fn read(store: &Store, customers: u64) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for n in 0..READS {
        let customer = 1 + scattered(n) % customers;
        let identifier: Identifier = match n % 3 {
            0 => format!("user_id:user-{customer}"),
            1 => format!("email:customer-{customer}@example.org"),
            _ => format!("anonymous_id:{:016x}", scattered(customer)),
        }
        .parse()?;
        let begin = Instant::now();
        let profile = store.profile(&identifier).await?.ok_or("no profile")?;
        times.push(begin.elapsed());
        if profile.orders.count != 1 || profile.identifiers.len() != 3 {
            return Err(format!("{identifier} has an odd profile: {profile:?}").into());
        }
    }
    times.sort();
    let at = |share: usize| times[times.len() * share / 1000];
    println!(
        "{READS} profiles read: median {:?}, 99 % within {:?}, slowest {:?}",
        at(500),
        at(990),
        times[times.len() - 1]
    );
    Ok(())
}

/// A permutation of the numbers.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn messages(customer: u64) -> [NewEvent; 3] {
    let (user, device) = (format!("user-{customer}"), format!("{:016x}", scattered(customer)));
    let message = |number: u64, kind, event: Option<&str>, user: Option<&str>, payload: String| NewEvent {
        message_id: format!("load-{:016x}-{number}", scattered(customer)),
        kind,
        event: event.map(Into::into),
        user_id: user.map(Into::into),
        anonymous_id: Some(device.clone()),
        at: Timestamp::UNIX_EPOCH,
        payload,
    };
    [
        message(1, EventKind::Page, None, None, r#"{"properties":{"path":"/"}}"#.to_owned()),
        message(
            2,
            EventKind::Identify,
            None,
            Some(&user),
            format!(
                r#"{{"traits":{{"email":"customer-{customer}@example.org","name":"Customer {customer}","city":"Bonn","birthday":"1990-05-17","preferences":{{"size":42}},"consents":[{{"channel":"email","topic":"news","granted":true}}]}}}}"#
            ),
        ),
        message(
            3,
            EventKind::Track,
            Some("Order Completed"),
            Some(&user),
            format!(
                r#"{{"properties":{{"order_id":"order-{customer}","subtotal":22.5,"total":27.5,"tax":2,"shipping":3,"currency":"EUR","products":[{{"sku":"A","price":10,"quantity":2}},{{"sku":"B","price":2.5}}]}}}}"#
            ),
        ),
    ]
}
