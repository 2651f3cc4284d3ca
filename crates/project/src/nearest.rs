//! The name that a misspelt one was meant to be.

/// How alike two names have to be, 0 (nothing in common) to 1 (equal), before one is offered for the other.
const ALIKE: f64 = 0.75;

/// The candidate that is spelt most like `word`, if any is.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    candidates
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&wanted, name), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The same as the end of a sentence: `; did you mean "horizon"?`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keys_is_recognised_and_another_word_is_not() {
        let keys = ["horizon", "discount", "margin"];
        assert_eq!(nearest("horizn", keys), Some("horizon"));
        assert_eq!(nearest("Discuont", keys), Some("discount"));
        assert_eq!(nearest("tiers", keys), None);
        assert_eq!(did_you_mean("margim", keys), "; did you mean \"margin\"?");
    }
}
