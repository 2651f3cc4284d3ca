//! Words of a query that come from people.

/// A text as SQL writes it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A column's name as SQL writes it.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_end_what_is_quoted() {
        assert_eq!(literal("O'Neill"), "'O''Neill'");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
    }
}
