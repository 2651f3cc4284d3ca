//! The objects behind a key, a prefix or a glob.

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};

use super::RemotePath;
use crate::error::Error;
use crate::session::Session;
use crate::source::{Kind, is_passed_over, kind_of};

/// An object that is there and of a readable kind.
#[derive(Clone, Debug)]
pub(crate) struct RemoteFile {
    pub(crate) place: RemotePath,
    pub(crate) kind: Kind,
    pub(crate) meta: ObjectMeta,
}

/// What `*`, `?` and `[` mean in a key; `*` stays within a folder, `**` does not.
const GLOB: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

impl Session {
    /// The objects that a URL means, in the order of their keys.
    pub(crate) fn list_remote(&self, place: &RemotePath) -> Result<Vec<RemoteFile>, Error> {
        let store = self.object_store(place)?;
        let mut found = self.block_on(objects(store.as_ref(), place))?;
        if found.is_empty() {
            return Err(Error::NoFile {
                path: place.to_string(),
                problem: "nothing readable is there under this key, prefix or glob".to_owned(),
            });
        }
        found.sort_by(|left, right| left.place.cmp(&right.place));
        Ok(found)
    }
}

async fn objects(store: &dyn ObjectStore, place: &RemotePath) -> Result<Vec<RemoteFile>, Error> {
    if place.key.contains(['*', '?', '[']) {
        return matching(store, place).await;
    }
    if !place.key.is_empty() && !place.key.ends_with('/') {
        match store.head(&place.object()?).await {
            // An object named by the user is read whatever its name says; text is the guess.
            Ok(meta) => {
                let kind = kind_of(place.key.as_ref()).unwrap_or(Kind::Delimited);
                return Ok(vec![RemoteFile { place: place.clone(), kind, meta }]);
            }
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(place.failed(error)),
        }
        let inside = folder(store, place).await?;
        // Neither an object nor a folder: what the store says about the object tells the bucket from the key.
        return match store.head(&place.object()?).await {
            Err(error) if inside.is_empty() => Err(place.failed(error)),
            _ => Ok(inside),
        };
    }
    folder(store, place).await
}

async fn folder(store: &dyn ObjectStore, place: &RemotePath) -> Result<Vec<RemoteFile>, Error> {
    let prefix = prefix(place, place.key.trim_end_matches('/'))?;
    let listed = store.list_with_delimiter(prefix.as_ref()).await.map_err(|error| place.failed(error))?;
    Ok(listed.objects.into_iter().filter_map(|meta| readable(place, meta)).collect())
}

async fn matching(store: &dyn ObjectStore, place: &RemotePath) -> Result<Vec<RemoteFile>, Error> {
    let bad = |problem: String| Error::NoFile { path: place.to_string(), problem };
    let pattern = glob::Pattern::new(&place.key).map_err(|error| bad(error.to_string()))?;
    let literal = place.key.split(['*', '?', '[']).next().unwrap_or_default();
    let parent = literal.rsplit_once('/').map_or("", |(parent, _)| parent);
    let prefix = prefix(place, parent)?;
    let matches = store
        .list(prefix.as_ref())
        .try_filter(|meta| std::future::ready(pattern.matches_with(meta.location.as_ref(), GLOB)))
        .try_collect::<Vec<_>>()
        .await
        .map_err(|error| place.failed(error))?;
    Ok(matches.into_iter().filter_map(|meta| readable(place, meta)).collect())
}

fn prefix(place: &RemotePath, folder: &str) -> Result<Option<Key>, Error> {
    if folder.is_empty() { Ok(None) } else { place.at(folder).object().map(Some) }
}

fn readable(place: &RemotePath, meta: ObjectMeta) -> Option<RemoteFile> {
    let place = place.at(meta.location.as_ref());
    let name = std::path::Path::new(&place.key);
    let kind = kind_of(name).filter(|_| !is_passed_over(name))?;
    Some(RemoteFile { place, kind, meta })
}
