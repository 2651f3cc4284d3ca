//! One function per command.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod deliveries;
pub(crate) mod demo;
pub(crate) mod discrete;
pub(crate) mod events;
pub(crate) mod fit;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod models;
pub(crate) mod over_time;
pub(crate) mod profile;
pub(crate) mod retention;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod snapshots;
pub(crate) mod store;
pub(crate) mod validate;
pub(crate) mod value;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use perennial_lake::{OrderSource, Reading, Session, SessionOptions};

use crate::terminal::Progress;

/// Starts a session and reads orders into it.
fn open(source: &OrderSource, progress: &Progress) -> Result<(Session, Reading)> {
    let session = Session::new(&SessionOptions::default())?;
    let mut source = source.clone();
    source.on_progress = Some(progress.of_reading());
    let reading = session.read_orders(&source)?;
    Ok((session, reading))
}

/// Refuses to write over a file that orders were read from.
fn spare_sources(reading: &Reading, path: &Path) -> Result<()> {
    let Ok(target) = path.canonicalize() else { return Ok(()) };
    if reading.files.iter().any(|file| file.path.canonicalize().is_ok_and(|source| source == target)) {
        bail!("{} is one of the order files; give the output another name", path.display());
    }
    Ok(())
}

/// As [`open`], with refused rows kept in `unasked`, a file that nobody named and that stays only if it holds a row.
fn open_with_quarantine(
    source: &OrderSource,
    unasked: PathBuf,
    progress: &Progress,
) -> Result<(Session, Reading)> {
    let source = OrderSource { quarantine: Some(unasked.clone()), ..source.clone() };
    let mut opened = open(&source, progress);
    // After a failure the rows refused so far may be what it is about; a header alone helps nobody.
    let has_row = File::open(&unasked).is_ok_and(|file| BufReader::new(file).lines().nth(1).is_some());
    if !has_row && unasked.exists() {
        std::fs::remove_file(&unasked)?;
    }
    if let Ok((_, reading)) = &mut opened {
        reading.quality.quarantine = has_row.then_some(unasked);
    }
    opened
}
