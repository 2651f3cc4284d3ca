//! The models against published figures, simulated truth and hard cases.

mod cdnow;
mod data;
mod extremes;
mod forecasts;
mod gamma_gompertz_nbd;
mod grocery;
mod opportunities;
mod pareto_ggg;
mod recovery;
mod regular;
mod retention;
mod spend;
mod survival;
mod threads;
