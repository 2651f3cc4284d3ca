//! Covariates of customers, from a file beside the orders: what is known of each that may move how often it buys and when it leaves.
//!
//! How columns become covariates is in [`crate::coding`]. Customers with the same covariates form a
//! profile.

use std::collections::HashMap;
use std::sync::Arc;

use perennial_lake::arrow::array::{ArrayRef, StringArray, UInt32Array};
use perennial_lake::arrow::record_batch::RecordBatch;
use perennial_lake::{Reading, Session, TableFile};

use crate::Error;
use crate::coding::{CodedColumns, MOST_WORDS};
use crate::columns::{i64s, texts};
use crate::history::PROFILES;

/// What the column of the customers may be called, most telling first; the first column otherwise.
pub(crate) const CUSTOMER_NAMES: [&str; 8] =
    ["customer_id", "customer", "cust", "client_id", "user_id", "master_customer_id", "email", "id"];
/// The table of the file's rows while profiles are assigned.
const ROWS: &str = "covariate_rows";

/// The covariates of a file, one row per customer.
#[derive(Debug, Clone)]
pub struct Covariates {
    /// The names of the covariates.
    pub names: Vec<String>,
    /// The distinct vectors of covariates, by number.
    pub(crate) profiles: Arc<Vec<Vec<f64>>>,
    /// The customers' ids, as text, and the numbers of their profiles.
    customers: Vec<(String, u32)>,
    file: String,
}

impl Covariates {
    /// Reads the covariates of a file; `columns` names those to take, all by default.
    ///
    /// # Errors
    /// When the file cannot be read, has no column for the customers or the covariates, a field is empty, a column of words has too
    /// many, or a customer has two rows.
    pub fn read(file: &str, columns: Option<&[String]>) -> Result<Self, Error> {
        let table = TableFile::open(file)?;
        let id = table.find(&CUSTOMER_NAMES).unwrap_or(0);
        let places: Vec<usize> = match columns {
            Some(columns) => columns.iter().map(|name| table.column(name)).collect::<Result<_, _>>()?,
            None => (0..table.columns().len()).filter(|place| *place != id).collect(),
        };
        if places.is_empty() {
            return Err(Error::Covariates {
                file: file.to_owned(),
                problem: "it has no column beside that of the customers".to_owned(),
            });
        }
        let columns = CodedColumns::of(&table, places)?;
        let (profiles, customers) = rows(&table, id, &columns)?;
        Ok(Self { names: columns.names, profiles: Arc::new(profiles), customers, file: file.to_owned() })
    }

    /// The covariates of each customer.
    pub(crate) fn by_customer(&self) -> HashMap<&str, &[f64]> {
        let profiles = &self.profiles;
        self.customers
            .iter()
            .map(|(id, profile)| (id.as_str(), profiles[*profile as usize].as_slice()))
            .collect()
    }

    /// Reads the groups of customers from one column of a file: each word of it is a group, in alphabetical order.
    ///
    /// # Errors
    /// As [`Covariates::read`].
    pub fn groups(file: &str, column: &str) -> Result<Self, Error> {
        let table = TableFile::open(file)?;
        let places = [table.find(&CUSTOMER_NAMES).unwrap_or(0), table.column(column)?];
        let mut read: Vec<(String, String)> = Vec::new();
        table.for_each(&places, |line, fields| {
            if fields.iter().any(|field| field.is_empty()) {
                return Err(Error::from(table.wrong(line, format!("the customer or {column:?} is empty"))));
            }
            read.push((fields[0].to_owned(), fields[1].to_owned()));
            Ok(())
        })?;
        let mut names: Vec<String> = read.iter().map(|(_, group)| group.clone()).collect();
        names.sort();
        names.dedup();
        if names.len() < 2 {
            let problem = format!("column {column:?} makes one group; there is nothing to pool");
            return Err(Error::Covariates { file: file.to_owned(), problem });
        }
        if names.len() > MOST_WORDS {
            let problem = format!(
                "column {column:?} makes {} groups; at most {MOST_WORDS} are estimated together",
                names.len()
            );
            return Err(Error::Covariates { file: file.to_owned(), problem });
        }
        read.sort();
        read.dedup();
        if let Some(pair) = read.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let problem = format!("customer {} is in two groups, {} and {}", pair[0].0, pair[0].1, pair[1].1);
            return Err(Error::Covariates { file: file.to_owned(), problem });
        }
        let number = |group: &String| names.binary_search(group).map_or(0, |place| place as u32);
        let customers = read.iter().map(|(customer, group)| (customer.clone(), number(group))).collect();
        let profiles = (0..names.len()).map(|place| vec![place as f64]).collect();
        Ok(Self { names, profiles: Arc::new(profiles), customers, file: file.to_owned() })
    }

    /// Registers the table of the profiles of all customers who bought.
    pub(crate) fn register(&self, session: &Session, reading: &Reading) -> Result<(), Error> {
        let ids: StringArray = self.customers.iter().map(|(id, _)| Some(id.as_str())).collect();
        let profiles: UInt32Array = self.customers.iter().map(|(_, profile)| Some(*profile)).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![("id", Arc::new(ids)), ("profile", Arc::new(profiles))];
        session.register(ROWS, vec![RecordBatch::try_from_iter(columns)?])?;
        let buyers = "SELECT DISTINCT customer FROM purchases";
        let joined = format!(
            "SELECT b.customer AS customer, c.profile AS profile FROM ({buyers}) AS b \
             JOIN {ROWS} AS c ON CAST(b.customer AS VARCHAR) = c.id"
        );
        let found = session.materialise(PROFILES, &joined)?;
        let all = session.query(&format!("SELECT count(*) AS n FROM ({buyers}) AS buyers"))?;
        let all = all.first().map(|batch| i64s(batch, "n")).transpose()?.map_or(0, |n| n.value(0));
        let all = u64::try_from(all).unwrap_or(0);
        if found < all {
            let missing = format!(
                "SELECT CAST(b.customer AS VARCHAR) AS id FROM ({buyers}) AS b \
                 LEFT JOIN {ROWS} AS c ON CAST(b.customer AS VARCHAR) = c.id WHERE c.id IS NULL ORDER BY id LIMIT 3"
            );
            let examples: Vec<String> = session
                .query(&missing)?
                .iter()
                .map(|batch| texts(batch, "id"))
                .collect::<Result<Vec<_>, _>>()?
                .concat();
            return Err(Error::Covariates {
                file: self.file.clone(),
                problem: format!(
                    "{} of the {all} customers with orders in {} have no row in it, for example {}; add them, or leave their orders out",
                    all - found,
                    reading.files.first().map_or_else(String::new, |file| file.path.display().to_string()),
                    examples.join(", ")
                ),
            });
        }
        session.drop_table(ROWS)?;
        Ok(())
    }
}

/// The distinct covariate vectors, and each customer's id with the number of its own.
#[expect(clippy::type_complexity, reason = "two lists that belong together for a moment")]
fn rows(
    table: &TableFile,
    id: usize,
    columns: &CodedColumns,
) -> Result<(Vec<Vec<f64>>, Vec<(String, u32)>), Error> {
    let (mut profiles, mut customers) = (Vec::new(), Vec::new());
    let mut numbers: HashMap<Vec<u64>, u32> = HashMap::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    let wanted: Vec<usize> = std::iter::once(id).chain(columns.places.iter().copied()).collect();
    table.for_each(&wanted, |line, fields| {
        let customer = fields[0].to_owned();
        if customer.is_empty() {
            return Err(Error::from(table.wrong(line, "the row names no customer")));
        }
        if let Some(first) = seen.insert(customer.clone(), line) {
            let problem = format!(
                "customer {customer} has a row on line {first} already; one row for each customer is needed"
            );
            return Err(table.wrong(line, problem).into());
        }
        let values = columns.values(table, line, &fields[1..])?;
        let key: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let profile = *numbers.entry(key).or_insert(next);
        if profile == next {
            profiles.push(values);
        }
        customers.push((customer, profile));
        Ok(())
    })?;
    Ok((profiles, customers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Covariates, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("covariates.csv");
        std::fs::write(&file, text).unwrap();
        Covariates::read(&file.to_string_lossy(), None).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_words_and_yes_or_no_become_covariates() {
        let read =
            read("Id,Age,Channel,Member\n1,30,web,yes\n2,30,shop,no\n3,30,web,yes\n4,41,mail,no\n").unwrap();
        assert_eq!(read.names, ["Age", "Channel=mail", "Channel=shop", "Member"]);
        assert_eq!(*read.profiles, [[30.0, 0.0, 0.0, 1.0], [30.0, 0.0, 1.0, 0.0], [41.0, 1.0, 0.0, 0.0]]);
        let numbers: Vec<u32> = read.customers.iter().map(|(_, profile)| *profile).collect();
        assert_eq!(numbers, [0, 1, 0, 2]);
    }

    #[test]
    fn what_cannot_be_a_covariate_is_named() {
        let empty = read("id,age\n1,3\n2,\n").unwrap_err();
        assert!(empty.contains("line 3") && empty.contains("\"age\" is empty"), "{empty}");
        let twice = read("id,age\n1,3\n1,4\n").unwrap_err();
        assert!(twice.contains("customer 1 has a row on line 2 already"), "{twice}");
        let none = read("id\n1\n").unwrap_err();
        assert!(none.contains("no column beside"), "{none}");
    }
}
