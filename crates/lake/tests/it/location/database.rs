//! What both databases have to fulfil: a filter that they apply keeps the rows that the engine would keep.

use perennial_lake::{Location, Session};

use crate::data::rows;

/// Columns with literals around and beside their values, as SQL.
pub(super) struct Comparable {
    pub(super) column: &'static str,
    pub(super) literals: &'static [&'static str],
}

const SIGNS: [&str; 6] = ["=", "<", ">", "<>", "<=", ">="];

/// Filters of every shape over the columns: each comparison, lists, ranges, nulls, negations, and pairs of these.
fn filters(columns: &[Comparable]) -> Vec<String> {
    let mut filters = Vec::new();
    for Comparable { column, literals } in columns {
        for (place, literal) in literals.iter().enumerate() {
            let signs = &SIGNS[..if place == 0 { SIGNS.len() } else { 3 }];
            filters.extend(signs.iter().map(|sign| format!("{column} {sign} {literal}")));
        }
        let list = literals.join(", ");
        let (low, high) = (literals[0], literals[literals.len() - 1]);
        filters.push(format!("{column} in ({list})"));
        filters.push(format!("{column} not in ({low}, {high})"));
        filters.push(format!("{column} between {low} and {high}"));
        filters.push(format!("{column} not between {low} and {high}"));
        filters.push(format!("{column} is null"));
        filters.push(format!("not ({column} > {low})"));
        filters.push(format!("{column} is not null"));
    }
    // Neighbours in a stride that pairs different columns.
    let pairs: Vec<String> = (0..filters.len())
        .map(|place| {
            let other = &filters[(place * 7 + 31) % filters.len()];
            let word = if place % 2 == 0 { "or" } else { "and not" };
            format!("({}) {word} ({other})", filters[place])
        })
        .step_by(9)
        .collect();
    filters.extend(pairs);
    filters
}

/// Compares every filter's answer with the engine's own over a copy of the table.
pub(super) fn same_rows_as_the_engine(session: &Session, location: &Location, columns: &[Comparable]) {
    session.register_location("remote", location).unwrap();
    session.materialise("copy", "select * from remote").unwrap();
    for filter in filters(columns) {
        let ids = |table: &str| rows(session, &format!("select id from {table} where {filter} order by id"));
        assert_eq!(ids("remote"), ids("copy"), "where {filter}");
    }
}
