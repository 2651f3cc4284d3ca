//! `GET /api/snapshots` and `/api/snapshots/{name}`: the snapshots of the shop, as their runs wrote them.

use std::io::ErrorKind;
use std::path::Path;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::fs;

use super::asking::Reader;
use crate::error::ApiError;
use crate::state::AppState;

/// A larger description than this is none of ours.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// All snapshots by name, each with those of its figures that are a single value.
pub(crate) async fn list(State(state): State<AppState>, _: Reader) -> Result<Json<Value>, ApiError> {
    let Some(folder) = &state.snapshots else { return Ok(Json(json!({ "snapshots": [] }))) };
    let mut snapshots = Vec::new();
    for name in names(folder).await? {
        let mut description = match read(folder, &name).await {
            Ok(Some(description)) => description,
            // A folder without a description is no snapshot, or one that is just being removed.
            Ok(None) => continue,
            // One that is broken does not hide the others.
            Err(error) => Map::from_iter([("unreadable".to_owned(), error.message().into())]),
        };
        description.retain(|_, value| !value.is_array() && !value.is_object());
        description.insert("name".to_owned(), name.into());
        snapshots.push(description);
    }
    Ok(Json(json!({ "snapshots": snapshots })))
}

/// One snapshot's whole description.
pub(crate) async fn show(
    State(state): State<AppState>,
    _: Reader,
    name: Result<UrlPath<String>, PathRejection>,
) -> Result<Json<Value>, ApiError> {
    let missing = || ApiError::not_found("there is no snapshot of this name; /api/snapshots lists them");
    let UrlPath(name) = name.map_err(|_| missing())?;
    if !is_name(&name) {
        return Err(missing());
    }
    let folder = state.snapshots.as_deref().ok_or_else(missing)?;
    let mut description = read(folder, &name).await?.ok_or_else(missing)?;
    description.insert("name".to_owned(), name.into());
    Ok(Json(Value::Object(description)))
}

/// The names of the snapshots, in order. Names that begin with a dot are of snapshots in the making.
async fn names(folder: &Path) -> Result<Vec<String>, ApiError> {
    let mut entries = match fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.map_err(|error| unreadable(folder, &error))? {
        names.extend(entry.file_name().into_string().ok().filter(|name| is_name(name)));
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a text can be a snapshot's name; none that could lead out of the folder is.
fn is_name(text: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=100).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(harmless)
}

async fn read(folder: &Path, name: &str) -> Result<Option<Map<String, Value>>, ApiError> {
    let file = folder.join(name).join("snapshot.json");
    match fs::metadata(&file).await {
        Ok(found) if found.len() > SIZE_LIMIT => return Err(unreadable(&file, &"it is too large")),
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(&file, &error)),
    }
    let bytes = fs::read(&file).await.map_err(|error| unreadable(&file, &error))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(&file, &error))
}

/// The path is for the log: it says where things lie on the server.
fn unreadable(file: &Path, problem: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(file = %file.display(), %problem, "a snapshot cannot be read");
    let message = "a snapshot cannot be read; the server's log says which and why";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable_snapshot", message)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_stay_in_their_folder() {
        assert!(is_name("2026-11-22_1"));
        for name in ["", ".", "..", ".making", "a/b", "a\\b", "../a", "a\0", "ä"] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
