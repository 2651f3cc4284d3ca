//! The HTTP API: Segment's events, profiles, snapshots.
//!
//! [`serve`] answers requests on a listening socket with what a [`Store`](perennial_store::Store) holds, and projects
//! stored events into profiles and orders meanwhile. Events come as Segment's SDKs send them (`segment`); everything under
//! `/api` (`api`) is for programs of the shop. It does not know the query engine: values and snapshots are read as a run
//! left them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use perennial_server::{DEFAULT_ADDRESS, ServerOptions, listen, serve};
//! use perennial_store::{Store, StoreUrl};
//!
//! let store = Store::open(&StoreUrl::parse("sqlite:perennial.db")?).await?;
//! let until_interrupted = async {
//!     let _ = tokio::signal::ctrl_c().await;
//! };
//! serve(listen(DEFAULT_ADDRESS).await?, store, ServerOptions::default(), until_interrupted).await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod auth;
mod clock;
mod error;
mod health;
mod options;
mod projector;
mod request_id;
mod routes;
mod segment;
mod serve;
mod state;

pub use error::Error;
pub use options::{DEFAULT_ADDRESS, ServerOptions};
pub use segment::{EVENT_LIMIT, ID_LIMIT, MESSAGES_LIMIT, REQUEST_LIMIT};
pub use serve::{listen, serve};
