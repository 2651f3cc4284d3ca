//! The models against published figures, simulated truth and hard cases.

mod cdnow;
mod data;
mod extremes;
mod forecasts;
mod grocery;
mod opportunities;
mod recovery;
mod regular;
mod retention;
mod spend;
mod survival;
mod threads;
