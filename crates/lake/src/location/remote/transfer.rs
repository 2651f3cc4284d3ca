//! Objects to files and files to objects, in pieces: memory stays bounded whatever their size.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};

use super::{RemoteFile, RemotePath};
use crate::error::Error;
use crate::session::Session;
use crate::source::{OnProgress, Progress, SourceFile};

/// Objects that are fetched at the same time.
const FETCHED_AT_ONCE: usize = 4;
/// Bytes of a part; stores take parts of 5 MiB and more.
const PART: usize = 8 << 20;
/// Parts that are on their way at the same time.
const PARTS_AT_ONCE: usize = 4;

impl Session {
    /// Copies objects into the session's folder, where they stay until the session ends.
    pub(crate) fn fetch(
        &self,
        files: &[RemoteFile],
        on_progress: Option<&OnProgress>,
    ) -> Result<Vec<SourceFile>, Error> {
        let total = files.iter().map(|file| file.meta.size).sum();
        let done = AtomicU64::new(0);
        let mut copies = Vec::with_capacity(files.len());
        for file in files {
            let name = file.place.key.rsplit('/').next().unwrap_or_default();
            copies.push((file, self.object_store(&file.place)?, self.temporary_path(name)));
        }
        let report = |bytes: u64| {
            let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            if let Some(on_progress) = on_progress {
                on_progress(Progress { stage: "fetching", done: done.min(total), total });
            }
        };
        let fetching = copies.into_iter().map(|(file, store, path)| fetch(file, store, path, &report));
        self.block_on(futures::stream::iter(fetching).buffered(FETCHED_AT_ONCE).try_collect())
    }

    /// Copies a file to an object, which appears whole or not at all.
    pub(crate) fn upload(&self, path: &Path, place: &RemotePath) -> Result<(), Error> {
        let store = self.object_store(place)?;
        self.block_on(upload(store.as_ref(), path, place))
    }
}

async fn fetch(
    file: &RemoteFile,
    store: Arc<dyn ObjectStore>,
    path: PathBuf,
    report: &(impl Fn(u64) + Sync),
) -> Result<SourceFile, Error> {
    // The client itself resumes an answer that breaks off, as long as the object is still the same.
    let answer = store.get(&file.meta.location).await.map_err(|error| file.place.failed(error))?;
    let mut chunks = answer.into_stream();
    let mut copy = File::create(&path).map_err(Error::io(&path))?;
    let mut bytes = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| file.place.failed(error))?;
        copy.write_all(&chunk).map_err(Error::io(&path))?;
        bytes += chunk.len() as u64;
        report(chunk.len() as u64);
    }
    if bytes != file.meta.size {
        return Err(Error::ObjectStore {
            url: file.place.to_string(),
            problem: format!(
                "{bytes} bytes came where {} were announced: it changes while it is read; read it again",
                file.meta.size
            ),
        });
    }
    SourceFile::copied(path, file.kind, file.place.to_string())
}

async fn upload(store: &dyn ObjectStore, path: &Path, place: &RemotePath) -> Result<(), Error> {
    let object = place.object()?;
    let mut file = File::open(path).map_err(Error::io(path))?;
    let size = file.metadata().map_err(Error::io(path))?.len();
    let failed = |error| place.failed(error);
    if size <= PART as u64 {
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(Error::io(path))?;
        return store.put(&object, PutPayload::from(content)).await.map(drop).map_err(failed);
    }
    let upload = store.put_multipart(&object).await.map_err(failed)?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
    match send_parts(&mut file, path, &mut upload, place).await {
        Ok(()) => upload.finish().await.map(drop).map_err(failed),
        Err(error) => {
            // What was sent is given back; the error that stopped the upload is the one to tell.
            let _ = upload.abort().await;
            Err(error)
        }
    }
}

async fn send_parts(
    file: &mut File,
    path: &Path,
    upload: &mut WriteMultipart,
    place: &RemotePath,
) -> Result<(), Error> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(Error::io(path))?;
        if read == 0 {
            return Ok(());
        }
        upload.wait_for_capacity(PARTS_AT_ONCE).await.map_err(|error| place.failed(error))?;
        upload.write(&buffer[..read]);
    }
}
