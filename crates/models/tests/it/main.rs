//! The models against published figures, simulated truth and hard cases.

mod apparel;
mod assertions;
mod bayes;
mod bootstrap;
mod cdnow;
mod covariates;
mod data;
mod extremes;
mod forecasts;
mod gamma_gompertz_nbd;
mod grocery;
mod log_normal;
mod opportunities;
mod pareto_ggg;
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
