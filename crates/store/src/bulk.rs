//! Many rows in few statements.
//!
//! Numbers of rows are powers of two, so that there are few different statements and prepared ones are found again.

use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::{Error, sql};

/// The most rows of a statement.
const ROWS: usize = 128;

/// Writes rows: `head` ends before the rows, `tail` follows them (what to do on conflict). No two rows may have one key.
pub(crate) async fn write<C: ConnectionTrait, const N: usize>(
    connection: &C,
    head: &str,
    rows: Vec<[Value; N]>,
    tail: &str,
) -> Result<(), Error> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let count = power_of_two_up_to(left);
        let statement = format!("{head} {} {tail}", sql::placeholders(count, N));
        sql::execute(connection, &statement, rows.by_ref().take(count).flatten().collect()).await?;
        left -= count;
    }
    Ok(())
}

/// Finds rows by keys: `head` ends with `... IN`, `tail` follows the keys.
pub(crate) async fn find<C: ConnectionTrait, const N: usize>(
    connection: &C,
    head: &str,
    keys: Vec<[Value; N]>,
    tail: &str,
) -> Result<Vec<QueryResult>, Error> {
    let mut found = Vec::new();
    for keys in keys.chunks(ROWS) {
        let statement = matching(head, keys, tail);
        found.extend(sql::rows(connection, &statement, padded(keys)).await?);
    }
    Ok(found)
}

/// Changes or deletes rows by keys, like [`find`].
pub(crate) async fn change<C: ConnectionTrait, const N: usize>(
    connection: &C,
    head: &str,
    keys: Vec<[Value; N]>,
    tail: &str,
) -> Result<(), Error> {
    for keys in keys.chunks(ROWS) {
        sql::execute(connection, &matching(head, keys, tail), padded(keys)).await?;
    }
    Ok(())
}

fn matching<const N: usize>(head: &str, keys: &[[Value; N]], tail: &str) -> String {
    format!("{head} (VALUES {}) {tail}", sql::placeholders(keys.len().next_power_of_two(), N))
}

/// The last key is repeated up to the next power of two.
fn padded<const N: usize>(keys: &[[Value; N]]) -> Vec<Value> {
    let last = keys.last().into_iter().cycle().take(keys.len().next_power_of_two() - keys.len());
    keys.iter().chain(last).flatten().cloned().collect()
}

fn power_of_two_up_to(count: usize) -> usize {
    let count = count.min(ROWS);
    if count.is_power_of_two() { count } else { count.next_power_of_two() / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_have_few_sizes() {
        assert_eq!([1, 2, 3, 77, 128, 1000].map(power_of_two_up_to), [1, 2, 2, 64, 128, 128]);
        let keys = [1_i64, 2, 3].map(|key| [Value::from(key)]);
        assert_eq!(padded(&keys), [1_i64, 2, 3, 3].map(Value::from));
        assert_eq!(matching("IN", &keys, ""), "IN (VALUES ($1), ($2), ($3), ($4)) ");
    }
}
