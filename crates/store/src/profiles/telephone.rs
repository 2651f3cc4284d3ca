//! Where a text mentions a telephone number: with its country code or without, with any marks between its digits. The same
//! digits behind the code of another country and a blank count as well: rather one text too many is forgotten than one too few.

/// A shorter number is not looked for: it could be any number.
const DIGITS: usize = 8;

/// Country codes of two digits; those that begin with 1 or 7 have one, all others three (ITU-T E.164).
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// What is written in front of the country code where there is no `+`: in most countries, and in North America.
const ABROAD: &[&str] = &["", "00", "011"];

/// A telephone number as it is looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Telephone {
    /// The country code, where it is known.
    country: Option<String>,
    /// Whether the number was given with the `0` that stands in front of numbers within a country.
    with_trunk: bool,
    /// The digits that are the same however it is written.
    national: String,
}

impl Telephone {
    /// A number as identifiers hold it: digits, perhaps with a `+` in front. `None` for one that is too short.
    pub(super) fn new(written: &str) -> Option<Self> {
        let digits = written.trim_start_matches('+');
        if digits.len() < DIGITS {
            return None;
        }
        let abroad = written.strip_prefix('+').or_else(|| written.strip_prefix("00"));
        let number = if let Some(digits) = abroad {
            let (country, national) = digits.split_at(country_digits(digits).min(digits.len()));
            Self { country: Some(country.to_owned()), with_trunk: false, national: national.to_owned() }
        } else if let Some(national) = written.strip_prefix('0') {
            Self { country: None, with_trunk: true, national: national.to_owned() }
        } else {
            Self { country: None, with_trunk: false, national: digits.to_owned() }
        };
        Some(number)
    }

    /// A pattern for the texts that may mention it.
    pub(super) fn pattern(&self) -> String {
        self.national.chars().flat_map(|digit| ['%', digit]).chain(['%']).collect()
    }

    /// Whether the groups of digits of a text make up the number, with or without marks between them.
    pub(super) fn is_in(&self, text: &str) -> bool {
        runs(text).iter().any(|run| {
            run.ends.iter().any(|end| {
                let Some(at) = end.checked_sub(self.national.len()) else { return false };
                run.digits[at..*end] == self.national
                    && run.starts.iter().any(|start| *start <= at && self.follows(&run.digits[*start..at]))
            })
        })
    }

    /// What stands in front of the national part within the country.
    fn trunk(&self) -> &'static str {
        match self.country.as_deref() {
            Some("7") => "8",
            Some("36") => "06",
            _ => "0",
        }
    }

    /// Whether the national part may stand behind these digits.
    fn follows(&self, before: &str) -> bool {
        // Without a country code a short one could be any number.
        let within = before.is_empty() || before == self.trunk();
        let country = |before: &str| match &self.country {
            Some(country) => before == country,
            None if self.with_trunk => (1..=3).contains(&before.len()) && !before.starts_with('0'),
            None => before.is_empty(),
        };
        // As in `+49 (0)171`.
        let with_zero = |before: &str| before.strip_suffix('0').is_some_and(country);
        within && before.len() + self.national.len() >= DIGITS
            || ABROAD
                .iter()
                .filter_map(|prefix| before.strip_prefix(prefix))
                .any(|before| country(before) || with_zero(before))
    }
}

/// How many digits of an international number are its country code.
fn country_digits(digits: &str) -> usize {
    match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        _ if TWO_DIGITS.iter().any(|code| digits.starts_with(code)) => 2,
        _ => 3,
    }
}

/// Digits that may be one number, with the places where groups of them begin and end.
#[derive(Default)]
struct Run {
    digits: String,
    starts: Vec<usize>,
    ends: Vec<usize>,
}

/// The digits of a text, apart where something stands between them that stands in no number.
fn runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::default();
    let mut before = ' ';
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_digit() {
            if !before.is_alphanumeric() {
                run.starts.push(run.digits.len());
            }
            run.digits.push(letter);
        } else {
            if before.is_ascii_digit() && !letter.is_alphabetic() {
                run.ends.push(run.digits.len());
            }
            if !" -/.()+\u{a0}".contains(letter) && !run.digits.is_empty() {
                runs.push(std::mem::take(&mut run));
            }
        }
        before = letter;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_in_all_its_forms() {
        let all = [
            "+491711234567",
            "+49 171 / 123-4567",
            "0049 171 1234567",
            "011 49 171 1234567",
            "+49 (0)171 1234567",
            "0171 1234567",
            "0171/123 45 67",
            "on 24. 12. 0171 1234567.",
            "171 1234567",
        ];
        let none = ["+4917112345678", "1491711234567", "X01711234567", "01711234567X", "20171 1234567"];
        let known = Telephone::new("+491711234567").unwrap();
        for text in all {
            assert!(known.is_in(text), "{text}");
            // The country is not known: it may be any.
            assert!(Telephone::new("01711234567").unwrap().is_in(text), "{text}");
        }
        for text in none {
            assert!(!known.is_in(text), "{text}");
        }
        let is_in = |number: &str, text: &str| Telephone::new(number).unwrap().is_in(text);
        assert!(is_in("+79123456789", "8 912 345-67-89") && is_in("+36301234567", "06 30 123 4567"));
        for same in ["+7 777 777 77 77", "8 777 777 77 77", "+77777777777"] {
            assert!(is_in("+77777777777", same), "{same}");
        }
        let bare = Telephone::new("5551234567").unwrap();
        assert!(bare.is_in("555-123-4567") && bare.is_in("(0555) 1234567") && !bare.is_in("15551234567"));
    }

    #[test]
    fn country_codes_have_one_to_three_digits() {
        let country = |text: &str| Telephone::new(text).unwrap().country.unwrap();
        assert_eq!(country("+12025550123"), "1");
        assert_eq!(country("+491711234567"), "49");
        assert_eq!(country("+3531234567"), "353");
        assert_eq!(country("00491711234567"), "49");
    }

    #[test]
    fn short_numbers_are_not_looked_for() {
        assert_eq!(Telephone::new("1234567"), None);
        let short = Telephone::new("+4512345678").unwrap();
        assert!(short.is_in("12345678") && short.is_in("+45 12 34 56 78"));
        // Seven digits alone could be anything.
        assert!(!Telephone::new("+451234567").unwrap().is_in("1234567"));
        assert!(!Telephone::new("+35412345").unwrap().is_in("012345"));
    }
}
