//! Object stores: Amazon S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.

use std::collections::BTreeMap;
use std::fmt;

/// Settings of object stores by the names of their environment variables (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, ...).
/// They win over the environment, which is asked for everything else. Neither `Display` nor `Debug` shows a value.
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

/// Whether a text names something in an object store rather than a file.
pub(crate) fn is_url(text: &str) -> bool {
    text.contains("://")
}
