//! Segment's e-commerce events become canonical orders, order lines and refunds; all others of the specification
//! become activities.
//!
//! Every message about an order is kept (table `order_events`), and the order's rows are a function of all of them: so
//! neither the order of arrival nor repetition matters, and a refund may arrive before its order.

pub(crate) mod activity;
mod amount;
pub(crate) mod event;
mod net;
pub(crate) mod order;
pub(crate) mod tables;

pub use amount::{Amount, NotAnAmount};
pub use net::{NetFormula, NetRule};
