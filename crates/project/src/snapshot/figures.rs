//! A checksum over the figures of all customers that does not depend on who they are or in which order they stand.

use perennial_lake::Session;
use perennial_lake::arrow::record_batch::RecordBatch;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::rows::{Cell, Column, columns};

/// Sums of hashes: the same whatever the order of what was hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SumOfHashes(u128);

impl SumOfHashes {
    /// Adds one row, of which `bytes` are the content.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let hash = Sha256::digest(bytes);
        let mut first = [0; 16];
        first.copy_from_slice(&hash[..16]);
        self.0 = self.0.wrapping_add(u128::from_le_bytes(first));
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl std::fmt::Display for SumOfHashes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// The checksum over all columns of a table but `customer_id`.
pub(crate) fn figures_sum(session: &Session, table: &str) -> Result<SumOfHashes, Error> {
    let mut sum = SumOfHashes::default();
    session.for_each(&format!("SELECT * FROM {table}"), |batch| {
        hash_rows(&batch, |name| name != "customer_id", |_, bytes| sum.add(bytes))
    })?;
    Ok(sum)
}

/// Hands the content of each row to `each`: the columns that `wanted` names, in their order.
pub(crate) fn hash_rows(
    batch: &RecordBatch,
    wanted: impl Fn(&str) -> bool,
    mut each: impl FnMut(usize, &[u8]),
) -> Result<(), Error> {
    let columns = columns(batch)?;
    let wanted: Vec<&Column> = columns.iter().filter(|column| wanted(column.name())).collect();
    let mut bytes = Vec::new();
    for row in 0..batch.num_rows() {
        bytes.clear();
        for column in &wanted {
            append(column.cell(row).as_ref(), &mut bytes);
        }
        each(row, &bytes);
    }
    Ok(())
}

/// A value's bytes behind a mark that tells null from any value, and where a text ends.
fn append(cell: Option<&Cell<'_>>, bytes: &mut Vec<u8>) {
    bytes.push(u8::from(cell.is_some()));
    match cell {
        None => {}
        Some(Cell::Whole(number)) => bytes.extend(number.to_le_bytes()),
        Some(Cell::Real(number)) => bytes.extend(number.to_le_bytes()),
        Some(Cell::Text(text)) => {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
}
