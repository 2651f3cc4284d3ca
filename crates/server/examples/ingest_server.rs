//! The server alone, for `cargo xtask bench-ingest`: `ingest_server DATABASE_URL` makes keys and prints its address, a write
//! key and a read key on one line.

use std::error::Error;

use perennial_server::{ServerOptions, listen, serve};
use perennial_store::{Scope, Store, StoreUrl};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("usage: ingest_server DATABASE_URL")?;
    let store = Store::open(&StoreUrl::parse(&url)?).await?;
    let write = store.create_key("bench-write", Scope::Write).await?.secret;
    let read = store.create_key("bench-read", Scope::Read).await?.secret;
    let listener = listen("127.0.0.1:0").await?;
    println!("{} {write} {read}", listener.local_addr()?);
    serve(listener, store, ServerOptions::default(), std::future::pending()).await?;
    Ok(())
}
