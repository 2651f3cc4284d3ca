//! Operational state in a real database: live events, identities, profiles, consents, runs, deliveries, keys.
