//! One function per command.

pub(crate) mod demo;
pub(crate) mod fit;
pub(crate) mod simulate;
pub(crate) mod validate;
pub(crate) mod value;

use anyhow::Result;
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
