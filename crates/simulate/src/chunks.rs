//! Work in chunks: drawn in parallel, handed on in order, with a bounded number in memory.

use std::ops::Range;

use rayon::prelude::*;

use crate::Error;

/// How many customers or orders are drawn and formatted together by one thread.
pub(crate) const CHUNK: usize = 4_096;

/// How many chunks are in memory at once.
const CHUNKS_AT_ONCE: usize = 16;

/// An order's place: when, whose, and which of theirs. Sorting brings the shop's orders into the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderKey {
    pub(crate) second: u32,
    pub(crate) customer: u32,
    pub(crate) number: u32,
}

/// The `order_id` of the order at a place (from 0) in the order of time.
pub(crate) fn order_id(place: usize) -> i64 {
    i64::try_from(place).map_or(i64::MAX, |place| place + 1)
}

/// Makes the chunks of 0..len in parallel, some at a time, and hands them on in order with how much is done.
pub(crate) fn for_chunks<P: Send>(
    len: usize,
    chunk: usize,
    make: impl Fn(Range<usize>) -> Result<P, Error> + Sync,
    mut each: impl FnMut(usize, P) -> Result<(), Error>,
) -> Result<(), Error> {
    for group in (0..len).step_by(chunk * CHUNKS_AT_ONCE) {
        let end = (group + chunk * CHUNKS_AT_ONCE).min(len);
        let starts: Vec<usize> = (group..end).step_by(chunk).collect();
        let parts: Vec<P> = starts
            .into_par_iter()
            .map(|start| make(start..(start + chunk).min(end)))
            .collect::<Result<_, _>>()?;
        for (i, part) in parts.into_iter().enumerate() {
            each((group + (i + 1) * chunk).min(end), part)?;
        }
    }
    Ok(())
}
