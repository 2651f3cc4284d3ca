//! Object stores: Amazon S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

mod listing;
mod problem;
mod transfer;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{ObjectStore, RetryConfig};

use crate::error::Error;
use crate::session::Session;

pub(crate) use listing::RemoteFile;

/// Settings of object stores by the names of their environment variables (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...).
/// They win over the environment, which is asked for everything else. `Debug` shows their names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ObjectStoreSettings(BTreeMap<String, String>);

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for ObjectStoreSettings {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(settings: I) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for ObjectStoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The providers whose protocols are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Provider {
    Amazon,
    Google,
    Azure,
}

/// A place in an object store: `s3://bucket/key`. The key may also be a prefix or a glob.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RemotePath {
    pub(crate) provider: Provider,
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// Whether a text names something in an object store rather than a file.
pub(crate) fn is_url(text: &str) -> bool {
    text.contains("://")
}

impl RemotePath {
    /// Reads `s3://bucket/key`, `gs://bucket/key` or `az://container/key`.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let (scheme, place) = url.split_once("://").unwrap_or(("", url));
        // What follows may hold a password or a signature.
        let bad = |problem: &str| Error::ObjectStore {
            url: format!("{scheme}://..."),
            problem: problem.to_owned(),
        };
        let provider = match scheme {
            "s3" => Provider::Amazon,
            "gs" => Provider::Google,
            "az" => Provider::Azure,
            _ => {
                return Err(bad(
                    "object stores are named by s3://, gs:// or az:// URLs, local files by paths",
                ));
            }
        };
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if bucket.is_empty() || !bucket.chars().all(plain) {
            return Err(bad(
                "after :// comes the plain name of a bucket; user names, keys and endpoints are given by environment variables",
            ));
        }
        Ok(Self { provider, bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The same bucket with another key.
    pub(crate) fn at(&self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self.clone() }
    }

    /// The key as the store's client takes it.
    fn object(&self) -> Result<Key, Error> {
        Key::parse(&self.key).map_err(|error| self.failed(error.into()))
    }

    /// The bucket as the query engine names it.
    pub(crate) fn store_url(&self) -> Result<ObjectStoreUrl, Error> {
        let url = self.at("").to_string();
        ObjectStoreUrl::parse(&url).map_err(Error::engine(format!("opening {url}")))
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.provider {
            Provider::Amazon => "s3",
            Provider::Google => "gs",
            Provider::Azure => "az",
        };
        write!(f, "{scheme}://{}/{}", self.bucket, self.key)
    }
}

impl Session {
    /// The store that holds a place, opened once per bucket and session.
    pub(crate) fn object_store(&self, place: &RemotePath) -> Result<Arc<dyn ObjectStore>, Error> {
        let url = place.store_url()?;
        let registry = self.context().runtime_env();
        if let Ok(store) = registry.object_store(&url) {
            return Ok(store);
        }
        let store = open(place, self.object_store_settings()).map_err(|error| place.failed(error))?;
        registry.register_object_store(url.as_ref(), Arc::clone(&store));
        Ok(store)
    }
}

fn open(
    place: &RemotePath,
    settings: &ObjectStoreSettings,
) -> Result<Arc<dyn ObjectStore>, object_store::Error> {
    // A store that does not answer for a minute is an error that somebody should see.
    let retry =
        RetryConfig { max_retries: 5, retry_timeout: Duration::from_mins(1), ..RetryConfig::default() };
    let bucket = &place.bucket;
    Ok(match place.provider {
        Provider::Amazon => {
            let builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
            Arc::new(settings.fold("AWS_", builder, AmazonS3Builder::with_config).build()?)
        }
        Provider::Google => {
            let builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).with_retry(retry);
            Arc::new(settings.fold("GOOGLE_", builder, GoogleCloudStorageBuilder::with_config).build()?)
        }
        Provider::Azure => {
            let builder = MicrosoftAzureBuilder::from_env().with_container_name(bucket).with_retry(retry);
            Arc::new(settings.fold("AZURE_", builder, MicrosoftAzureBuilder::with_config).build()?)
        }
    })
}

impl ObjectStoreSettings {
    /// Hands the settings of one provider to the builder of its client.
    fn fold<B, K: FromStr>(&self, prefix: &str, builder: B, set: impl Fn(B, K, String) -> B) -> B {
        let own = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        own.fold(builder, |builder, (name, value)| match name.to_ascii_lowercase().parse() {
            Ok(key) => set(builder, key, value.clone()),
            Err(_) => builder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_a_bucket_and_a_key() {
        let place = RemotePath::parse("s3://shop/orders/2026/*.parquet").unwrap();
        assert_eq!((place.bucket.as_str(), place.key.as_str()), ("shop", "orders/2026/*.parquet"));
        assert_eq!(place.to_string(), "s3://shop/orders/2026/*.parquet");
        assert_eq!(RemotePath::parse("gs://shop").unwrap().to_string(), "gs://shop/");
        assert!(RemotePath::parse("ftp://shop/a").unwrap_err().to_string().contains("s3://"));
        let error = RemotePath::parse("s3://key:secret@shop/a").unwrap_err().to_string();
        assert!(error.contains("environment") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn settings_are_not_shown() {
        let settings = ObjectStoreSettings::from_iter([("AWS_SECRET_ACCESS_KEY", "hidden")]);
        assert_eq!(format!("{settings:?}"), r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    }
}
