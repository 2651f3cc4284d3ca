//! The models against published figures, simulated truth and hard cases.

mod bayes;
mod bootstrap;
mod cdnow;
mod data;
mod extremes;
mod forecasts;
mod grocery;
mod log_normal;
mod opportunities;
mod pooling;
mod recovery;
mod regular;
mod retention;
mod saved;
mod spend;
mod spend_covariates;
mod spend_models;
mod survival;
mod threads;
