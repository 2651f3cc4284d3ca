//! Keys of the API: shown once when they are made, stored only as a hash.
//!
//! A key has 256 random bits, so a plain SHA-256 is enough to keep it secret: unlike a password it cannot be guessed.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::TryRng as _;
use sea_orm::QueryResult;
use sha2::{Digest, Sha256};

use crate::writer::Lock;
use crate::{Error, Store, sql};

/// How long a key counts as known before the database is asked again: so soon a revocation by another process holds.
const KNOWN_FOR: Duration = Duration::from_secs(5);

/// The use of a key is recorded at most this often.
const USE_RECORDED_EVERY: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// The most characters of a key's name.
const NAME_LIMIT: usize = 100;

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Sending events. Such a key may be public: browsers have it.
    Write,
    /// Reading values, profiles and lists.
    Read,
    /// Everything: also keys, merges, erasure, runs.
    Admin,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Admin];

    /// Its name, which is a part of the key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// True when a key of this scope may do what asks for `needed`.
    #[must_use]
    pub fn allows(self, needed: Self) -> bool {
        self == needed || self == Self::Admin
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or_else(|| {
            Error::invalid(format!("a key of the scope {name:?}"), "the scopes are write, read and admin")
        })
    }
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its number.
    pub id: i64,
    /// Its name; of a write key, the name of the source whose events it sends.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// About when it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A key that was just made, with its secret: shown now and never again.
#[derive(Clone)]
pub struct NewKey {
    /// The key without its secret.
    pub key: Key,
    /// The secret: `pk_write_`, `pk_read_` or `pk_admin_` and 64 hexadecimal digits.
    pub secret: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Keys that were looked up lately, by their hash.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys(Mutex<HashMap<String, (Key, Instant)>>);

impl KnownKeys {
    fn keys(&self) -> MutexGuard<'_, HashMap<String, (Key, Instant)>> {
        // A map of known keys has no invariant that a panic elsewhere could have broken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, hash: &str) -> Option<Key> {
        let keys = self.keys();
        let (key, since) = keys.get(hash)?;
        (since.elapsed() < KNOWN_FOR).then(|| key.clone())
    }

    fn remember(&self, hash: String, key: Key) {
        let mut keys = self.keys();
        keys.retain(|_, (_, since)| since.elapsed() < KNOWN_FOR);
        keys.insert(hash, (key, Instant::now()));
    }

    fn forget_all(&self) {
        self.keys().clear();
    }
}

const COLUMNS: &str = "id, name, scope, created_at, last_used_at, revoked_at";

impl Store {
    /// Makes a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is or was a key of that name (its events bear the name for ever); [`Error::Invalid`]
    /// for a name that is empty, longer than 100 characters or has control characters.
    pub async fn create_key(&self, name: &str, scope: Scope) -> Result<NewKey, Error> {
        if name.is_empty() || name.chars().count() > NAME_LIMIT || name.chars().any(char::is_control) {
            let reason = format!("a name has 1 to {NAME_LIMIT} characters and no control characters");
            return Err(Error::invalid(format!("a key named {name:?}"), reason));
        }
        let secret = new_secret(scope)?;
        let transaction = self.begin(Lock::State).await?;
        let insert = format!(
            "INSERT INTO keys (name, scope, hash, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO NOTHING RETURNING {COLUMNS}"
        );
        let now = sql::micros(Timestamp::now());
        let values = vec![name.into(), scope.as_str().into(), hash(&secret).into(), now.into()];
        let Some(row) = sql::row(&transaction, &insert, values).await? else {
            return Err(Error::Exists(format!("a key named {name:?}; choose another name")));
        };
        let key = stored(&row)?;
        transaction.commit().await?;
        Ok(NewKey { key, secret })
    }

    /// The key with this secret, if there is one that is not revoked. Known keys are found without the database; a
    /// revocation by another process holds after five seconds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn authenticate(&self, key: &str) -> Result<Option<Key>, Error> {
        if !has_form(key) {
            return Ok(None);
        }
        let hash = hash(key);
        if let Some(known) = self.known_keys.find(&hash) {
            return Ok(Some(known));
        }
        let query = format!("SELECT {COLUMNS}, hash FROM keys WHERE hash = $1 AND revoked_at IS NULL");
        let Some(row) = sql::row(self.reader(), &query, vec![hash.as_str().into()]).await? else {
            return Ok(None);
        };
        if !same(&sql::get::<String>(&row, "hash")?, &hash) {
            return Ok(None);
        }
        let key = stored(&row)?;
        self.known_keys.remember(hash, key.clone());
        self.record_use(&key);
        Ok(Some(key))
    }

    /// All keys, also revoked ones, in the order in which they were made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keys(&self) -> Result<Vec<Key>, Error> {
        let query = format!("SELECT {COLUMNS} FROM keys ORDER BY id");
        sql::rows(self.reader(), &query, Vec::new()).await?.iter().map(stored).collect()
    }

    /// Revokes a key for ever. Revoking it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no key of that name.
    pub async fn revoke_key(&self, name: &str) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let revoke = "UPDATE keys SET revoked_at = COALESCE(revoked_at, $1) WHERE name = $2";
        let values = vec![sql::micros(Timestamp::now()).into(), name.into()];
        if sql::execute(&transaction, revoke, values).await? == 0 {
            return Err(Error::NotFound(format!("key named {name:?}")));
        }
        transaction.commit().await?;
        self.known_keys.forget_all();
        Ok(())
    }

    /// Records that a key is used, beside the call that uses it: nobody waits for this, and it may fail.
    fn record_use(&self, key: &Key) {
        let now = Timestamp::now();
        if key.last_used_at.is_some_and(|last| now.duration_since(last) < USE_RECORDED_EVERY) {
            return;
        }
        let (store, id) = (self.clone(), key.id);
        tokio::spawn(async move {
            if let Err(error) = store.write_use(id, now).await {
                tracing::debug!(%error, "the use of a key was not recorded");
            }
        });
    }

    async fn write_use(&self, id: i64, now: Timestamp) -> Result<(), Error> {
        let transaction = self.begin(Lock::State).await?;
        let update = "UPDATE keys SET last_used_at = $1 WHERE id = $2";
        sql::execute(&transaction, update, vec![sql::micros(now).into(), id.into()]).await?;
        Ok(transaction.commit().await?)
    }
}

fn stored(row: &QueryResult) -> Result<Key, Error> {
    let id = sql::get(row, "id")?;
    let scope: String = sql::get(row, "scope")?;
    Ok(Key {
        id,
        name: sql::get(row, "name")?,
        scope: scope.parse().map_err(|error| Error::corrupt(format!("key {id}"), error))?,
        created_at: sql::get_time(row, "created_at")?,
        last_used_at: sql::get_optional_time(row, "last_used_at")?,
        revoked_at: sql::get_optional_time(row, "revoked_at")?,
    })
}

fn new_secret(scope: Scope) -> Result<String, Error> {
    let mut bytes = [0; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| {
        Error::invalid("a new key", format!("the system gives no random numbers ({error})"))
    })?;
    Ok(format!("pk_{scope}_{}", hex(&bytes)))
}

fn has_form(key: &str) -> bool {
    let digits = Scope::ALL
        .iter()
        .find_map(|scope| key.strip_prefix("pk_")?.strip_prefix(scope.as_str())?.strip_prefix('_'));
    digits.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The SHA-256 of a text, in hexadecimal digits.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Compares in a time that does not tell where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
