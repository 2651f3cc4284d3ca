//! A shop's project: perennial.toml, its check, its runs, snapshots and schedule.
