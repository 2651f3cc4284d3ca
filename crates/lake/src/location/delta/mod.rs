//! Delta tables: the files of one version, read by the engine as Parquet where a file is what the table holds, and by Delta's
//! own kernel where it is not (deletion vectors, column mapping).

mod by_kernel;

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::listing::{ListingTableUrl, PartitionedFile};
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::scalar::ScalarValue;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoArrow;
use deltalake_core::kernel::{LogicalFileView, Snapshot};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::{Path as Key, PathPart};
use object_store::prefix::PrefixStore;
use object_store::{ObjectMeta, ObjectStore};

use self::by_kernel::KernelTable;
use super::parquet_files::{ParquetFiles, StoredFiles};
use super::remote::{self, RemotePath};
use super::scan::Table;
use crate::error::Error;
use crate::session::{Session, file_url};

/// Features of a table that change nothing about what its files hold. (Deletion vectors do, file by file.)
const HARMLESS: [&str; 4] = ["deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"];

/// Where the table lies: a store, and the folder in it.
struct Place {
    url: ObjectStoreUrl,
    folder: Key,
    log: LogStoreRef,
}

impl Session {
    /// The latest version of a Delta table, or the one that `@` asks for, as a table of the engine.
    pub(super) fn delta_table(&self, text: &str) -> Result<Arc<dyn TableProvider>, Error> {
        let (path, version) = split_version(text);
        let place = self.delta_place(path)?;
        let failed = |error: &dyn std::fmt::Display| delta_failed(path, error);
        let opened = self.block_on(async {
            let snapshot = Snapshot::try_new(place.log.as_ref(), version).await?;
            let files: Vec<LogicalFileView> =
                snapshot.file_views(place.log.as_ref(), None).try_collect().await?;
            Ok::<_, deltalake_core::DeltaTableError>((snapshot, files))
        });
        let (snapshot, files) = opened.map_err(|error| failed(&error))?;
        let schema = snapshot.schema();
        let schema: Schema = schema.as_ref().try_into_arrow().map_err(|error| failed(&error))?;
        // The kernel refuses what it cannot read; asked here, so that the error comes before the first query.
        let kernel =
            KernelTable::new(path, snapshot.clone(), Arc::clone(&place.log), Arc::new(schema.clone()));
        kernel.check()?;
        if are_plain(&snapshot, &files) {
            let scan = plain_files(path, place, &snapshot, &files, &schema)?;
            Ok(Table::of(scan))
        } else {
            Ok(Table::of(kernel))
        }
    }

    fn delta_place(&self, path: &str) -> Result<Place, Error> {
        if remote::is_url(path) {
            let place = RemotePath::parse(path.trim_end_matches('/'))?;
            let store = self.object_store(&place)?;
            let url = place.store_url()?;
            let location = folder_url(path, &format!("{place}/"))?;
            let folder = Key::parse(&place.key).map_err(|error| delta_failed(path, &error))?;
            let log = log_store(store, &folder, |log, root| {
                default_logstore(log, root, location.get_url(), &StorageConfig::default())
            });
            return Ok(Place { url, folder, log });
        }
        let folder = std::path::Path::new(path);
        if !folder.join("_delta_log").is_dir() {
            return Err(delta_failed(
                path,
                &"there is no folder _delta_log in it, so it is no Delta table; check the path",
            ));
        }
        let absolute = folder.canonicalize().map_err(Error::io(folder))?;
        let location = folder_url(path, &format!("{}/", file_url(&absolute)))?;
        let folder = Key::from_absolute_path(&absolute).map_err(|error| delta_failed(path, &error))?;
        let log = log_store(Arc::new(LocalFileSystem::new()), &folder, |log, root| {
            default_logstore(log, root, location.get_url(), &StorageConfig::default())
        });
        Ok(Place { url: ObjectStoreUrl::local_filesystem(), folder, log })
    }
}

fn folder_url(path: &str, url: &str) -> Result<ListingTableUrl, Error> {
    ListingTableUrl::parse(url).map_err(Error::engine(format!("opening {path}")))
}

type Store = Arc<dyn ObjectStore>;

fn log_store(root: Store, folder: &Key, open: impl Fn(Store, Store) -> LogStoreRef) -> LogStoreRef {
    open(Arc::new(PrefixStore::new(Arc::clone(&root), folder.clone())), root)
}

fn delta_failed(path: &str, problem: &dyn std::fmt::Display) -> Error {
    Error::Delta { table: path.to_owned(), problem: problem.to_string() }
}

/// The path, and the version after the last `@` where that is a number.
fn split_version(text: &str) -> (&str, Option<u64>) {
    match text.rsplit_once('@') {
        Some((path, version)) if !path.is_empty() => match version.parse() {
            Ok(version) => (path, Some(version)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

/// Whether the rows of the table are those of its files, under the same names.
fn are_plain(snapshot: &Snapshot, files: &[LogicalFileView]) -> bool {
    let protocol = snapshot.protocol();
    let features = protocol.reader_features().unwrap_or_default();
    let harmless = features.iter().all(|feature| HARMLESS.contains(&feature.as_ref()));
    let is_old = protocol.min_reader_version() == 1;
    let is_new = protocol.min_reader_version() == 3;
    let is_inside = |file: &LogicalFileView| !file.path().contains("://") && !file.path().starts_with('/');
    (is_old || (is_new && harmless))
        && files.iter().all(|file| file.deletion_vector_descriptor().is_none() && is_inside(file))
}

fn plain_files(
    path: &str,
    place: Place,
    snapshot: &Snapshot,
    files: &[LogicalFileView],
    schema: &Schema,
) -> Result<ParquetFiles, Error> {
    let by = snapshot.metadata().partition_columns();
    let partitions = by.iter().map(|name| {
        let field = schema.field_with_name(name).map_err(|error| delta_failed(path, &error))?;
        Ok(Arc::new(field.clone()))
    });
    let partitions: Vec<Arc<Field>> = partitions.collect::<Result<_, Error>>()?;
    let inside: Vec<_> =
        schema.fields().iter().filter(|field| !by.contains(field.name())).map(Arc::clone).collect();
    let inside: SchemaRef = Arc::new(Schema::new(inside));
    let files = files.iter().map(|file| plain_file(path, &place.folder, file, &partitions));
    let files = files.collect::<Result<Vec<_>, Error>>()?;
    let stored = TableSchema::builder(inside).with_table_partition_cols(partitions).build();
    let order = schema.fields().iter().filter_map(|field| stored.table_schema().index_of(field.name()).ok());
    let columns = order.collect();
    Ok(ParquetFiles { stores: vec![StoredFiles { store: place.url, files }], stored, columns })
}

fn plain_file(
    path: &str,
    folder: &Key,
    file: &LogicalFileView,
    partitions: &[Arc<Field>],
) -> Result<PartitionedFile, Error> {
    let failed = |error: &dyn std::fmt::Display| delta_failed(path, error);
    let inside = file.object_store_path();
    let parts: Vec<PathPart<'_>> = folder.parts().chain(inside.parts()).collect();
    let meta = ObjectMeta {
        location: parts.into_iter().collect(),
        last_modified: file.modification_datetime().map_err(|error| failed(&error))?,
        size: u64::try_from(file.size()).map_err(|error| failed(&error))?,
        e_tag: None,
        version: None,
    };
    let texts = file.partition_values_map();
    let value = |field: &Arc<Field>| match texts.get(field.name()).cloned().flatten() {
        Some(text) if !text.is_empty() => ScalarValue::try_from_string(text, field.data_type()),
        _ => ScalarValue::try_from(field.data_type()),
    };
    let values = partitions.iter().map(value).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
    Ok(PartitionedFile::new_from_meta(meta).with_partition_values(values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_after_the_last_at_is_a_version() {
        assert_eq!(split_version("lake/orders@12"), ("lake/orders", Some(12)));
        assert_eq!(split_version("s3://b/me@home/orders"), ("s3://b/me@home/orders", None));
        assert_eq!(split_version("@3"), ("@3", None));
    }
}
