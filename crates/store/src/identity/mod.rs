//! Who is who: identifiers, links between them, and the customers that they make up.
//!
//! A person stands behind each identifier. A merge is a link between two persons and moves nothing: traits, consents and
//! orders stay with the identifier that they arrived for, and a customer is all that is linked. So a merge cannot lose
//! anything, and undoing it is taking the link away. The rules are in [`rules`], which links are told from a message in
//! [`crate::facts`], and what follows from them is written by [`register`].

mod identifier;
mod links;
mod merges;
mod register;
mod rules;

pub use identifier::{Identifier, IdentifierKind, NotAnIdentifier};
pub(crate) use links::Linked;
pub use merges::{Merge, MergeState};
pub(crate) use register::{People, Sightings, rebuild, rebuild_shared, register};
pub use rules::{IdentityRules, JoinByEmail};
