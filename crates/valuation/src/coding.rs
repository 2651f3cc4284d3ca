//! How the columns of a table become covariates.
//!
//! A column of numbers is taken as it is. A column of words becomes one covariate for each word but the most frequent one (1 for those
//! who have it, else 0), named `column=word`; yes and no, true and false are 1 and 0.

use std::collections::HashMap;

use perennial_lake::TableFile;

use crate::Error;

/// Different words of a column beyond which it is no category.
pub(crate) const MOST_WORDS: usize = 50;

/// Columns of a table that are covariates.
pub(crate) struct CodedColumns {
    /// Their places in the table.
    pub places: Vec<usize>,
    /// The names of the covariates that they become.
    pub names: Vec<String>,
    codings: Vec<Coding>,
}

/// How a column is turned into covariates.
enum Coding {
    Number,
    /// The words with a covariate of their own.
    Words(Vec<String>),
}

impl CodedColumns {
    /// Looks at all rows of the columns at `places`.
    ///
    /// # Errors
    /// When the table cannot be read, a field is empty, or a column of words has too many.
    pub(crate) fn of(table: &TableFile, places: Vec<usize>) -> Result<Self, Error> {
        let codings = codings(table, &places)?;
        Ok(Self { names: names(table, &places, &codings), places, codings })
    }

    /// The covariates of a row, from the fields of the columns.
    ///
    /// # Errors
    /// When a field is not what its column holds.
    pub(crate) fn values(&self, table: &TableFile, line: u64, fields: &[&str]) -> Result<Vec<f64>, Error> {
        let mut values = Vec::with_capacity(self.names.len());
        for ((field, coding), place) in fields.iter().zip(&self.codings).zip(&self.places) {
            match coding {
                Coding::Number => values.push(number(field).ok_or_else(|| {
                    table.wrong(
                        line,
                        format!("{field:?} in column {:?} is no number", table.columns()[*place]),
                    )
                })?),
                Coding::Words(words) => {
                    values.extend(words.iter().map(|word| if word == field { 1.0 } else { 0.0 }));
                }
            }
        }
        Ok(values)
    }
}

/// How each column is turned into covariates.
fn codings(table: &TableFile, places: &[usize]) -> Result<Vec<Coding>, Error> {
    let mut numeric = vec![true; places.len()];
    let mut words: Vec<HashMap<String, u64>> = vec![HashMap::new(); places.len()];
    table.for_each(places, |line, fields| {
        for (column, field) in fields.iter().enumerate() {
            if field.is_empty() {
                let problem = format!(
                    "column {:?} is empty; give it a value, or a word of its own such as unknown",
                    table.columns()[places[column]]
                );
                return Err(Error::from(table.wrong(line, problem)));
            }
            numeric[column] &= number(field).is_some();
            if words[column].len() <= MOST_WORDS {
                *words[column].entry((*field).to_owned()).or_default() += 1;
            }
        }
        Ok(())
    })?;
    let coding = |((numeric, words), place): ((bool, HashMap<String, u64>), &usize)| {
        if numeric {
            return Ok(Coding::Number);
        }
        if words.len() > MOST_WORDS {
            let name = &table.columns()[*place];
            let problem = format!(
                "column {name:?} holds words, and more than {MOST_WORDS} different ones: too many for a covariate; leave it out with --covariate-columns"
            );
            return Err(Error::Covariates { file: table.path().display().to_string(), problem });
        }
        let mut sorted: Vec<(String, u64)> = words.into_iter().collect();
        // The most frequent word is what the others are compared with.
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut others: Vec<String> = sorted.into_iter().skip(1).map(|(word, _)| word).collect();
        others.sort();
        Ok(Coding::Words(others))
    };
    numeric.into_iter().zip(words).zip(places).map(coding).collect()
}

fn names(table: &TableFile, places: &[usize], codings: &[Coding]) -> Vec<String> {
    let mut names = Vec::new();
    for (place, coding) in places.iter().zip(codings) {
        let column = &table.columns()[*place];
        match coding {
            Coding::Number => names.push(column.clone()),
            Coding::Words(words) => names.extend(words.iter().map(|word| format!("{column}={word}"))),
        }
    }
    names
}

/// A number, or a yes or no as one.
pub(crate) fn number(field: &str) -> Option<f64> {
    match field.to_ascii_lowercase().as_str() {
        "yes" | "true" | "ja" => Some(1.0),
        "no" | "false" | "nein" => Some(0.0),
        text => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}
