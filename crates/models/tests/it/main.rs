//! The models against published figures, simulated truth and hard cases.

mod cdnow;
mod data;
mod extremes;
mod forecasts;
mod grocery;
mod recovery;
mod regular;
mod spend;
mod threads;
