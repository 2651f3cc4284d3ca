//! What leaves after a run: webhooks, write-back to a CRM, and the deliveries that carry them.
//!
//! ```text
//! run -> announce -> deliveries (store) -> WebhookWorker -> endpoints
//! run -> ValueRecord, ... -> WriteBack -> CrmConnector (HubSpot); sent_values (store): what it was told last
//! ```
//!
//! - [`webhooks`]: the Standard Webhooks form; a delivery is a row before it is sent, so no crash loses one.
//! - [`crm`]: only changed values, within the limits of the service, and only of customers who consented.
//! - [`secret`]: settings name secrets, they do not hold them.

mod error;
mod http;

pub mod crm;
pub mod secret;
pub mod webhooks;

pub use error::Error;
