//! What the columns of a source mean, decided for each column as a whole and never row by row.

pub(crate) mod amounts;
pub(crate) mod columns;
pub(crate) mod dates;
mod written_dates;
pub(crate) mod zone;

/// Whether a text stands for "no value", as databases and statistics programs write it.
pub(crate) fn is_empty_value(text: &str) -> bool {
    text.is_empty()
        || (text.len() <= 4
            && ["null", "none", "nan", "n/a", "na", "\\n", "#n/a", "nil"]
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word)))
}
