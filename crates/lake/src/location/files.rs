//! Files, local or in object stores: which they are, and how they become a table.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::table_schema::TableSchema;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::parquet_files::{ParquetFiles, StoredFiles};
use super::remote::{self, RemoteFile, RemotePath};
use super::scan::Table;
use super::text_files::TextFiles;
use crate::error::Error;
use crate::input::Input;
use crate::quarantine::BrokenRows;
use crate::session::Session;
use crate::source::{Kind, OnProgress, SourceFile, find_files};

impl Session {
    /// The files behind paths, folders, globs and URLs, each once. Remote ones are fetched into the session's folder.
    pub(crate) fn find_files(
        &self,
        paths: &[String],
        on_progress: Option<&OnProgress>,
    ) -> Result<Vec<SourceFile>, Error> {
        let (local, remote) = self.list_files(paths)?;
        let mut files = self.fetch(&remote, on_progress)?;
        files.extend(local);
        files.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(files)
    }

    /// Files as one table of the engine: Parquet in place, text as it is read; `broken` keeps rows of text that cannot be used.
    pub(super) fn files_table(
        &self,
        paths: &[String],
        broken: Option<Arc<BrokenRows>>,
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let (local, remote) = self.list_files(paths)?;
        let kinds = local.iter().map(|file| file.kind).chain(remote.iter().map(|file| file.kind));
        let parquet = kinds.filter(|kind| *kind == Kind::Parquet).count();
        if parquet == local.len() + remote.len() {
            return self.parquet_files(&local, &remote);
        }
        if parquet > 0 {
            return Err(Error::NoFile {
                path: paths.join(", "),
                problem: format!(
                    "{parquet} of the {} files are Parquet and the others text, and a table is of one kind: make two sources of them",
                    local.len() + remote.len()
                ),
            });
        }
        let mut files = self.fetch(&remote, None)?;
        files.extend(local);
        files.sort_by(|left, right| left.name.cmp(&right.name));
        let inputs = files.into_iter().map(Input::inspect).collect::<Result<Vec<_>, Error>>()?;
        Ok(Table::of(TextFiles::new(inputs, broken)))
    }

    fn list_files(&self, paths: &[String]) -> Result<(Vec<SourceFile>, Vec<RemoteFile>), Error> {
        let (urls, paths): (Vec<String>, Vec<String>) =
            paths.iter().cloned().partition(|path| remote::is_url(path));
        let local = if paths.is_empty() && !urls.is_empty() { Vec::new() } else { find_files(&paths)? };
        let mut found = Vec::new();
        for url in &urls {
            found.extend(self.list_remote(&RemotePath::parse(url)?)?);
        }
        found.sort_by(|left: &RemoteFile, right| left.place.cmp(&right.place));
        found.dedup_by(|left, right| left.place == right.place);
        Ok((local, found))
    }

    fn parquet_files(
        &self,
        local: &[SourceFile],
        remote: &[RemoteFile],
    ) -> Result<Arc<dyn TableProvider>, Error> {
        let mut stores: Vec<(ObjectStoreUrl, Vec<ObjectMeta>, String)> = Vec::new();
        if let Some(first) = local.first() {
            let metas =
                local.iter().map(|file| self.local_object(&file.path)).collect::<Result<_, Error>>()?;
            stores.push((ObjectStoreUrl::local_filesystem(), metas, first.name.display().to_string()));
        }
        for RemoteFile { place, meta, .. } in remote {
            let url = place.store_url()?;
            match stores.iter_mut().find(|(store, ..)| *store == url) {
                Some((_, metas, _)) => metas.push(meta.clone()),
                None => stores.push((url, vec![meta.clone()], place.to_string())),
            }
        }
        let mut schemas = Vec::new();
        for (url, metas, name) in &stores {
            schemas.push(self.parquet_schema(url, metas, name)?.as_ref().clone());
        }
        let schema =
            Schema::try_merge(schemas).map_err(Error::engine("uniting the columns of Parquet files"))?;
        let stores = stores.into_iter().map(|(store, metas, _)| StoredFiles {
            store,
            files: metas.into_iter().map(PartitionedFile::from).collect(),
        });
        let columns = (0..schema.fields().len()).collect();
        // A column that some files lack is null there.
        let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let stored = TableSchema::from(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
        Ok(Table::of(ParquetFiles { stores: stores.collect(), stored, columns }))
    }

    fn local_object(&self, path: &Path) -> Result<ObjectMeta, Error> {
        let absolute = path.canonicalize().map_err(Error::io(path))?;
        let key = Key::from_absolute_path(&absolute)
            .map_err(|error| Error::io(path)(std::io::Error::other(error)))?;
        let doing = || format!("opening {}", path.display());
        let url = ObjectStoreUrl::local_filesystem();
        let store = self.context().runtime_env().object_store(&url).map_err(Error::engine(doing()))?;
        self.block_on(store.head(&key)).map_err(Error::engine(doing()))
    }

    /// The columns of all files of a store together.
    fn parquet_schema(
        &self,
        url: &ObjectStoreUrl,
        metas: &[ObjectMeta],
        name: &str,
    ) -> Result<SchemaRef, Error> {
        let doing = || {
            format!("reading the columns of {name}{}", if metas.len() > 1 { " and the others" } else { "" })
        };
        let store = self.context().runtime_env().object_store(url).map_err(Error::engine(doing()))?;
        let state = self.context().state();
        self.block_on(ParquetFormat::default().infer_schema(&state, &store, metas))
            .map_err(Error::engine(doing()))
    }
}
