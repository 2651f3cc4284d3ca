//! Who was erased, as far as anybody can still tell: by the hashes of identifiers.

use std::collections::HashMap;

use super::tokens::{hash, salt};
use crate::identity::Identifier;
use crate::{Error, Store, sql};

/// All erasures, to look many identifiers up.
#[derive(Clone, Default)]
pub struct Erasures {
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
        let Some(salt) = salt(self.reader()).await? else { return Ok(Erasures::default()) };
        let mut tokens = HashMap::new();
        for row in sql::rows(self.reader(), "SELECT hash, token FROM erasures", Vec::new()).await? {
            tokens.insert(sql::get(&row, "hash")?, sql::get(&row, "token")?);
        }
        Ok(Erasures { salt, tokens })
    }
}
