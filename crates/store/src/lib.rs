//! Operational state in a real database: live events, identities, profiles, consents, runs, deliveries, keys.
//!
//! [`Store::open`] connects to SQLite (one file, nothing to set up) or PostgreSQL and brings the schema up to date. All
//! statements run on both. Times are microseconds since 1970 UTC in the database and [`jiff::Timestamp`] here; exact
//! decimals and JSON are text.
//!
//! There is one writer of state at a time, and one of new events (see `writer`; on SQLite the two are one): so what a
//! transaction has read of its own stays true until it commits, and no statement here has to think about what another
//! writer does meanwhile.

// Tests within the crate use the same helpers as those beside it.
#[cfg(test)]
extern crate self as perennial_store;

mod backup;
mod bulk;
mod commerce;
mod connection;
mod deliveries;
mod error;
mod events;
mod facts;
mod identity;
mod json;
mod keys;
mod leases;
mod migrations;
mod page;
mod probe;
mod profiles;
mod projector;
mod runs;
mod sent_values;
mod sql;
mod url;
mod values;
mod writer;

pub use commerce::{Amount, NetFormula, NetRule, NotAnAmount};
pub use connection::Store;
pub use deliveries::{Attempt, Claim, Delivery, DeliveryState, DisabledEndpoint, NewDelivery, Recipients};
pub use error::Error;
pub use events::{
    Appended, EventKind, MESSAGE_ID_LIMIT, NewEvent, REJECTED_PAYLOAD_LIMIT, RejectedEvent, StoredEvent,
    StoredRejection,
};
pub use identity::{
    Identifier, IdentifierKind, IdentityRules, JoinByEmail, Merge, MergeState, NotAnIdentifier,
};
pub use keys::{Key, NewKey, Scope};
pub use leases::Lease;
pub use page::Page;
pub use profiles::{
    Celebration, Consent, Consented, DateOfLife, Erased, Erasures, KnownIdentifier, LeapDay, NewConsent,
    NotADate, OrdersSummary, Origin, Profile, ProfileTrait,
};
pub use projector::{Projected, ProjectionRules};
pub use runs::{Run, RunState};
pub use sent_values::SentProperties;
pub use url::StoreUrl;
pub use values::{CustomerValues, Publication};
