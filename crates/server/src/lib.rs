//! The HTTP API: Segment's events, profiles, snapshots; the schedule beside it.
