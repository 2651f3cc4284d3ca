//! Who was erased, as far as anybody can still tell: by the hashes of identifiers.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;

use super::tokens::{hash, salt};
use crate::identity::Identifier;
use crate::{Error, Store, sql};

/// All erasures, to look many identifiers up.
#[derive(Clone, Default)]
pub struct Erasures {
    mark: String,
    salt: String,
    tokens: HashMap<String, String>,
}

impl Erasures {
    /// The token that stands for an erased person.
    #[must_use]
    pub fn token(&self, identifier: &Identifier) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        self.tokens.get(&hash(&self.salt, identifier)).map(String::as_str)
    }

    /// A text that is another one after the next erasure; empty where nobody was ever erased. Whoever keeps it knows later
    /// whether there is something to search for again.
    #[must_use]
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Whether nobody was erased.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

impl std::fmt::Debug for Erasures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Erasures").field("identifiers", &self.tokens.len()).finish_non_exhaustive()
    }
}

impl Store {
    /// Who was erased: for data outside of the store that still name the person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn erasures(&self) -> Result<Erasures, Error> {
        // Before the hashes: who is erased in between is searched for once more.
        let mark = mark_of_erasures(self.reader()).await?;
        let Some(salt) = salt(self.reader()).await? else { return Ok(Erasures::default()) };
        let mut tokens = HashMap::new();
        for row in sql::rows(self.reader(), "SELECT hash, token FROM erasures", Vec::new()).await? {
            tokens.insert(sql::get(&row, "hash")?, sql::get(&row, "token")?);
        }
        Ok(Erasures { mark, salt, tokens })
    }

    /// The present [`Erasures::mark`], without the erasures.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn erasures_mark(&self) -> Result<String, Error> {
        mark_of_erasures(self.reader()).await
    }
}

/// See [`Erasures::mark`].
pub(crate) async fn mark_of_erasures<C: ConnectionTrait>(connection: &C) -> Result<String, Error> {
    let query = "SELECT COUNT(*) AS hashes, COALESCE(MAX(at), 0) AS newest, COUNT(DISTINCT token) AS persons FROM erasures";
    let Some(row) = sql::row(connection, query, Vec::new()).await? else { return Ok(String::new()) };
    let (hashes, newest): (i64, i64) = (sql::get(&row, "hashes")?, sql::get(&row, "newest")?);
    let persons: i64 = sql::get(&row, "persons")?;
    Ok(if hashes == 0 { String::new() } else { format!("{persons} persons, {hashes} identifiers, {newest}") })
}
