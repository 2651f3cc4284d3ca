//! What a CRM was told last about each object, so that only what has changed is sent.
//!
//! An object is known there by an e-mail address or another identifier. Here it is the SHA-256 of that, so
//! that this table tells nothing about anybody who is not asked for by name.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use crate::keys::hash;
use crate::writer::Lock;
use crate::{Error, Store, bulk, sql};

/// Objects per statement.
const CHUNK: usize = 200;

/// The properties of an object by name, as text.
pub type SentProperties = BTreeMap<String, String>;

impl Store {
    /// What `connector` was told last about those of the objects that it was told about.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sent_values<'a>(
        &self,
        connector: &str,
        objects: &[&'a str],
    ) -> Result<HashMap<&'a str, SentProperties>, Error> {
        let mut sent = HashMap::new();
        for chunk in objects.chunks(CHUNK) {
            let names: HashMap<String, &'a str> =
                chunk.iter().map(|object| (hash(object), *object)).collect();
            let query = format!(
                "SELECT object, properties FROM sent_values WHERE connector = ${} AND object IN {}",
                names.len() + 1,
                sql::placeholders(1, names.len())
            );
            let mut values: Vec<Value> = names.keys().map(|name| name.as_str().into()).collect();
            values.push(connector.into());
            for row in sql::rows(self.reader(), &query, values).await? {
                let properties: String = sql::get(&row, "properties")?;
                let properties = serde_json::from_str(&properties)
                    .map_err(|error| Error::corrupt("a sent value", error))?;
                if let Some(object) = names.get(&sql::get::<String>(&row, "object")?) {
                    sent.insert(*object, properties);
                }
            }
        }
        Ok(sent)
    }

    /// Remembers what `connector` has accepted: of each object, which is named once, all properties that it
    /// holds now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn remember_sent(
        &self,
        connector: &str,
        at: Timestamp,
        objects: &[(&str, &SentProperties)],
    ) -> Result<(), Error> {
        if objects.is_empty() {
            return Ok(());
        }
        let row = |(object, properties): &(&str, &SentProperties)| -> Result<[Value; 4], Error> {
            let properties = serde_json::to_string(properties)
                .map_err(|error| Error::invalid("a sent value", error.to_string()))?;
            Ok([connector.into(), hash(object).into(), properties.into(), sql::micros(at).into()])
        };
        let rows = objects.iter().map(row).collect::<Result<Vec<_>, Error>>()?;
        let transaction = self.begin(Lock::State).await?;
        bulk::write(
            &transaction,
            "INSERT INTO sent_values (connector, object, properties, at) VALUES",
            rows,
            "ON CONFLICT (connector, object) DO UPDATE SET properties = excluded.properties, at = excluded.at",
        )
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Forgets what `connector` was told, so that everything is sent again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_connector(&self, connector: &str) -> Result<u64, Error> {
        let transaction = self.begin(Lock::State).await?;
        let statement = "DELETE FROM sent_values WHERE connector = $1";
        let forgotten = sql::execute(&transaction, statement, vec![connector.into()]).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }

    /// Forgets what any connector was told about an object.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_object(&self, object: &str) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        forget_sent(&transaction, [object]).await?;
        Ok(transaction.commit().await?)
    }
}

/// Forgets what any connector was told about objects, within a transaction such as the one that erases a person.
pub(crate) async fn forget_sent<C: ConnectionTrait>(
    transaction: &C,
    objects: impl IntoIterator<Item = &str>,
) -> Result<(), Error> {
    let hashes = objects.into_iter().map(|object| [hash(object).into()]).collect();
    bulk::change(transaction, "DELETE FROM sent_values WHERE", ["object"], hashes).await
}
