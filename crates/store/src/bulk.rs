//! Many rows in few statements.
//!
//! Numbers of rows are powers of two, so that there are few different statements and prepared ones are found again.

use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::{Error, sql};

/// The most rows of a statement.
const ROWS: usize = 64;

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
        let statement = format!("{head} {} {tail}", sql::bulk_placeholders(connection, count, N));
        sql::execute(connection, &statement, rows.by_ref().take(count).flatten().collect()).await?;
        left -= count;
    }
    Ok(())
}

/// Finds rows by the values of columns: `head` ends with `WHERE` or `AND`, `tail` follows the condition.
pub(crate) async fn find<C: ConnectionTrait, const N: usize>(
    connection: &C,
    head: &str,
    columns: [&str; N],
    keys: Vec<[Value; N]>,
    tail: &str,
) -> Result<Vec<QueryResult>, Error> {
    let mut found = Vec::new();
    for keys in keys.chunks(ROWS) {
        let statement = format!("{head} {} {tail}", condition(columns, keys.len().next_power_of_two()));
        found.extend(sql::rows(connection, &statement, padded(keys)).await?);
    }
    Ok(found)
}

/// Changes or deletes rows by the values of columns: see [`find`].
pub(crate) async fn change<C: ConnectionTrait, const N: usize>(
    connection: &C,
    head: &str,
    columns: [&str; N],
    keys: Vec<[Value; N]>,
) -> Result<(), Error> {
    for keys in keys.chunks(ROWS) {
        let statement = format!("{head} {}", condition(columns, keys.len().next_power_of_two()));
        sql::execute(connection, &statement, padded(keys)).await?;
    }
    Ok(())
}

/// That columns have the values of one of `count` keys.
fn condition<const N: usize>(columns: [&str; N], count: usize) -> String {
    if let [column] = columns.as_slice() {
        return format!("{column} IN (VALUES {})", sql::placeholders(count, 1));
    }
    // SQLite finds rows by an index for each of these, but would read the whole table for `(a, b) IN (VALUES ...)`.
    let equal = |key: usize| {
        let column = |(n, name): (usize, &&str)| format!("{name} = ${}", key * N + n + 1);
        format!("({})", columns.iter().enumerate().map(column).collect::<Vec<_>>().join(" AND "))
    };
    format!("({})", (0..count).map(equal).collect::<Vec<_>>().join(" OR "))
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
        assert_eq!([1, 2, 3, 63, 64, 1000].map(power_of_two_up_to), [1, 2, 2, 32, 64, 64]);
        let keys = [1_i64, 2, 3].map(|key| [Value::from(key)]);
        assert_eq!(padded(&keys), [1_i64, 2, 3, 3].map(Value::from));
        assert_eq!(condition(["a"], 2), "a IN (VALUES ($1), ($2))");
        assert_eq!(condition(["a", "b"], 2), "((a = $1 AND b = $2) OR (a = $3 AND b = $4))");
    }
}
