//! What leaves after a run: webhooks, write-back to a CRM, and the deliveries that carry them.
