//! How many events a second the store takes, durable, in batches as a server receives them.
//!
//! `cargo run --release -p perennial-store --example append_load -- sqlite:/tmp/load.db 200000 16`: the store (a new one),
//! the number of events, and how many calls of 100 events are under way at once.

use std::env;
use std::error::Error;
use std::time::Instant;

use jiff::Timestamp;
use perennial_store::{EventKind, NewEvent, Store, StoreUrl};

const BATCH: u64 = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [address, events, callers] = arguments.as_slice() else {
        return Err("needs the store's address, the number of events, and the number of callers".into());
    };
    let (events, callers): (u64, u64) = (events.parse()?, callers.parse()?);
    let store = Store::open(&StoreUrl::parse(address)?).await?;
    let batches = events.div_ceil(BATCH);
    let begin = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut accepted = 0;
                for batch in (caller..batches).step_by(usize::try_from(callers).unwrap_or(1)) {
                    accepted += store.append("load", Timestamp::now(), new_batch(batch)).await?.accepted;
                }
                Ok::<_, perennial_store::Error>(accepted)
            })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += task.await??;
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{}: {accepted} events in {seconds:.2} s, {:.0} a second",
        store.url(),
        accepted as f64 / seconds
    );
    Ok(store.close().await?)
}

/// Events as browsers send them: random-looking ids, about 700 bytes each.
fn new_batch(batch: u64) -> Vec<NewEvent> {
    let event = |number: u64| {
        // A permutation of the numbers, so that the index of ids is written all over, as with real ids.
        let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let message_id = format!("ajs-next-{id:016x}-{number:08x}");
        let filler = "Mozilla/5.0 (X11; Linux x86_64) ".repeat(14);
        NewEvent {
            payload: format!(
                r#"{{"type":"track","messageId":"{message_id}","event":"Product Viewed","properties":{{"product_id":"{}","price":18.99,"currency":"EUR"}},"context":{{"userAgent":"{filler}"}}}}"#,
                number % 1000
            ),
            message_id,
            kind: EventKind::Track,
            event: Some("Product Viewed".to_owned()),
            user_id: number.is_multiple_of(3).then(|| format!("user-{}", number % 50_000)),
            anonymous_id: Some(format!("{id:032x}")),
            at: Timestamp::UNIX_EPOCH,
        }
    };
    (batch * BATCH..(batch + 1) * BATCH).map(event).collect()
}
