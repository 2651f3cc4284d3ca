//! Parallel sums and maps whose result does not depend on the number of threads.

use std::ops::Range;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Sums `term` over the chunks of `0..len`, `K` sums at once.
///
/// The index range is cut into chunks of `chunk_size` (the last may be shorter; zero counts as one), whichever
/// thread takes them, and the chunks' sums are folded in index order with compensation (Neumaier, 1974). The result
/// is therefore the same, bit for bit, on any number of threads; it does depend on `chunk_size`.
pub fn sum_chunks<const K: usize>(
    len: usize,
    chunk_size: usize,
    term: impl Fn(Range<usize>) -> [f64; K] + Sync,
) -> [f64; K] {
    let size = chunk_size.max(1);
    if len <= size {
        // One chunk: not worth a round through the thread pool. The empty sum is zero.
        return if len == 0 { [0.0; K] } else { term(0..len) };
    }
    let parts: Vec<[f64; K]> = (0..len.div_ceil(size))
        .into_par_iter()
        .map(|chunk| {
            let start = chunk * size;
            term(start..len.min(start.saturating_add(size)))
        })
        .collect();
    let mut sums = [CompensatedSum::default(); K];
    for part in &parts {
        for (sum, &value) in sums.iter_mut().zip(part) {
            sum.add(value);
        }
    }
    sums.map(CompensatedSum::total)
}

/// [`sum_chunks`] with a number of sums that is known only at run time: `term` adds a chunk's terms to the `sums` sums it is handed,
/// which start at zero.
pub fn sum_chunks_into(
    len: usize,
    chunk_size: usize,
    sums: usize,
    term: impl Fn(Range<usize>, &mut [f64]) + Sync,
) -> Vec<f64> {
    let size = chunk_size.max(1);
    let parts: Vec<Vec<f64>> = (0..len.div_ceil(size))
        .into_par_iter()
        .map(|chunk| {
            let start = chunk * size;
            let mut part = vec![0.0; sums];
            term(start..len.min(start.saturating_add(size)), &mut part);
            part
        })
        .collect();
    let mut totals = vec![CompensatedSum::default(); sums];
    for part in &parts {
        for (sum, &value) in totals.iter_mut().zip(part) {
            sum.add(value);
        }
    }
    totals.into_iter().map(CompensatedSum::total).collect()
}

/// `item` of every index in `0..len`, in index order, computed on whichever threads are free.
pub fn map<T: Send>(len: usize, item: impl Fn(usize) -> T + Sync) -> Vec<T> {
    (0..len).into_par_iter().map(&item).collect()
}

/// A running sum that keeps what rounding loses (Neumaier, 1974).
#[derive(Clone, Copy, Debug, Default)]
pub struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.lost +=
            if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    /// The sum so far; infinite or `NaN` values come through as in a plain sum.
    #[must_use]
    pub fn total(self) -> f64 {
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}
