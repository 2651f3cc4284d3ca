//! Valuations of whole data sets, from the raw file on.

mod cdnow;
mod coverage;
mod data;
mod dates;
mod online_retail;
mod small;
mod spend;
