//! The models against published figures, simulated truth and hard cases.

mod apparel;
mod cdnow;
mod covariates;
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
