//! The real binary, in a folder of its own: what is typed, what comes out, and what is said when something is wrong.

#![allow(clippy::unwrap_used, reason = "a test ends where its preparation fails")]

mod cdnow;
mod demo;
mod dirt;
mod erasure;
mod hand_off;
mod library;
mod output;
mod places;
mod project;
mod run;
mod serve;
mod served;
mod shop;
mod simulated_sources;
#[path = "../../../store/tests/it/small_disk.rs"]
mod small_disk;
mod tables;
mod trouble;
mod usage;
mod workbench;
