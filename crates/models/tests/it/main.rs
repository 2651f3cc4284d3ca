//! The models against published figures, simulated truth and hard cases.

mod cdnow;
mod data;
mod extremes;
mod forecasts;
mod grocery;
mod opportunities;
mod log_normal;
mod recovery;
mod retention;
mod spend;
mod survival;
mod spend_models;
mod threads;
