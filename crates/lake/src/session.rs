//! The query session: an embedded engine with bounded memory that spills to a folder of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{MemorySchemaProvider, TableProvider};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use perennial_planner as planner;
use tempfile::TempDir;

use crate::error::Error;
use crate::location::{self, ObjectStoreSettings};
use crate::output::{OutputFormat, Writer};
use crate::spool::{Spool, Spooled};

/// How much of the machine a [`Session`] may use.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Threads, and partitions of every query. Default: as many as the machine offers.
    pub threads: usize,
    /// Bytes that running queries may hold together before they spill to disk. Default: 1 GiB.
    pub query_memory: usize,
    /// Bytes up to which a materialised table stays in memory; a larger one becomes a temporary Parquet file.
    /// Default: 512 MiB.
    pub table_memory: usize,
    /// Rows per batch. Default: 8,192.
    pub batch_rows: usize,
    /// Where temporary files lie. Default: the system's temporary folder.
    pub temporary_folder: Option<PathBuf>,
    /// Settings of object stores that win over the environment. Default: none.
    pub object_stores: ObjectStoreSettings,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            query_memory: 1 << 30,
            table_memory: 512 << 20,
            batch_rows: 8192,
            temporary_folder: None,
            object_stores: ObjectStoreSettings::default(),
        }
    }
}

/// A query engine with its tables. It owns the threads it works on, so that callers stay synchronous; it must not be
/// used from within an asynchronous task (run it on a blocking thread instead).
pub struct Session {
    // Declared first, so that it is dropped first: running tasks end before their files vanish.
    runtime: tokio::runtime::Runtime,
    context: SessionContext,
    folder: TempDir,
    options: SessionOptions,
    files_made: AtomicU64,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("folder", &self.folder)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Starts a session.
    ///
    /// # Errors
    /// When the temporary folder cannot be made or the threads not be started.
    pub fn new(options: &SessionOptions) -> Result<Self, Error> {
        let mut options = options.clone();
        options.threads = options.threads.max(1);
        options.batch_rows = options.batch_rows.max(1);
        let parent = options.temporary_folder.clone().unwrap_or_else(std::env::temp_dir);
        let folder =
            tempfile::Builder::new().prefix("perennial-").tempdir_in(&parent).map_err(Error::io(&parent))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.threads)
            .thread_name("perennial-lake")
            .enable_all()
            .build()
            .map_err(Error::io(&parent))?;
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(options.query_memory)))
            .with_temp_file_path(folder.path())
            .build_arc()
            .map_err(Error::engine("starting the query engine"))?;
        let config = SessionConfig::new()
            .with_target_partitions(options.threads)
            .with_batch_size(options.batch_rows)
            .with_information_schema(true);
        let context = SessionContext::new_with_config_rt(config, environment);
        Ok(Self { runtime, context, folder, options, files_made: AtomicU64::new(0) })
    }

    /// The answer to a `select`, as a whole. For large answers use [`Session::for_each`].
    ///
    /// # Errors
    /// When the query is not a valid `select` or fails.
    pub fn query(&self, sql: &str) -> Result<Vec<RecordBatch>, Error> {
        planner::query(&self.runtime, &self.context, sql).map_err(|source| query_failed(sql, source))
    }

    /// Hands the answer to a `select` to `consume`, batch by batch.
    ///
    /// # Errors
    /// When the query is not a valid `select` or fails, and what `consume` returns.
    pub fn for_each<E: From<Error>>(
        &self,
        sql: &str,
        mut consume: impl FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut stream = self.stream(sql)?;
        // One batch at a time, so that `consume` runs outside of the engine and may ask the session itself.
        while let Some(batch) = self.runtime.block_on(stream.next()) {
            consume(batch.map_err(|source| query_failed(sql, source))?)?;
        }
        Ok(())
    }

    /// Makes batches of one schema known as a table; a table of that name is replaced.
    ///
    /// # Errors
    /// When there is no batch (and so no schema), or the batches differ in schema.
    pub fn register(&self, table: &str, batches: Vec<RecordBatch>) -> Result<(), Error> {
        let Some(first) = batches.first() else {
            return Err(Error::Engine {
                doing: format!("registering the table {table:?}"),
                source: Box::new(datafusion::error::DataFusionError::Plan(
                    "a table needs at least one batch, which may be empty".to_owned(),
                )),
            });
        };
        let schema = first.schema();
        let provider = MemTable::try_new(schema, deal(batches, self.options.threads))
            .map_err(Error::engine(format!("registering the table {table:?}")))?;
        self.register_provider(table, Arc::new(provider))
    }

    /// Makes a `select` known as a view; it runs anew whenever it is used.
    ///
    /// # Errors
    /// When the query is not a valid `select`.
    pub fn view(&self, name: &str, sql: &str) -> Result<(), Error> {
        let plan = planner::logical_plan(&self.runtime, &self.context, sql)
            .map_err(|source| query_failed(sql, source))?;
        self.register_provider(name, Arc::new(ViewTable::new(plan, Some(sql.to_owned()))))
    }

    /// Runs a `select` once and makes its answer known as a table, in memory when it is small, else in a temporary
    /// Parquet file that is removed with the session. Returns the number of rows.
    ///
    /// # Errors
    /// When the query is not a valid `select` or fails, or the temporary file cannot be written.
    pub fn materialise(&self, table: &str, sql: &str) -> Result<u64, Error> {
        let mut stream = self.stream(sql)?;
        let mut spool = self.spool(stream.schema());
        while let Some(batch) = self.runtime.block_on(stream.next()) {
            spool.push(batch.map_err(|source| query_failed(sql, source))?)?;
        }
        self.register_spool(table, spool)
    }

    /// Writes the answer to a `select` to a file, or to an object where the path is an `s3://`, `gs://` or `az://` URL,
    /// streaming. The file or object appears whole or not at all. Returns the number of rows.
    ///
    /// # Errors
    /// When the query is not a valid `select` or fails, or the file or object cannot be written.
    pub fn write(&self, sql: &str, path: &Path, format: OutputFormat) -> Result<u64, Error> {
        if let Some(url) = path.to_str().filter(|path| location::is_url(path)) {
            let place = location::RemotePath::parse(url)?;
            let copy = self.temporary_path("output");
            let rows = self.write(sql, &copy, format)?;
            self.upload(&copy, &place)?;
            std::fs::remove_file(&copy).map_err(Error::io(&copy))?;
            return Ok(rows);
        }
        let mut stream = self.stream(sql)?;
        let mut writer = Writer::create(path, format, stream.schema())?;
        while let Some(batch) = self.runtime.block_on(stream.next()) {
            writer.write(&batch.map_err(|source| query_failed(sql, source))?)?;
        }
        writer.finish()
    }

    /// The columns of the answer to a `select`, found out without running it.
    pub(crate) fn schema_of(&self, sql: &str) -> Result<Schema, Error> {
        let plan = planner::logical_plan(&self.runtime, &self.context, sql)
            .map_err(|source| query_failed(sql, source))?;
        Ok(plan.schema().as_arrow().clone())
    }

    /// Whether a table of this name exists.
    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.context.table_exist(table).unwrap_or(false)
    }

    /// Gives a table another name; a table of that name is replaced.
    pub(crate) fn rename_table(&self, table: &str, name: &str) -> Result<(), Error> {
        let doing = || format!("renaming the table {table:?}");
        let found = self.context.deregister_table(table).map_err(Error::engine(doing()))?;
        let missing = || DataFusionError::Plan("there is no such table".to_owned());
        self.register_provider(name, found.ok_or_else(missing).map_err(Error::engine(doing()))?)
    }

    /// Makes `name` a schema, so that tables may be called `name.table`.
    pub(crate) fn make_schema(&self, name: &str) -> Result<(), Error> {
        for catalog in self.context.catalog_names().iter().filter_map(|name| self.context.catalog(name)) {
            if catalog.schema(name).is_none() {
                catalog
                    .register_schema(name, Arc::new(MemorySchemaProvider::new()))
                    .map_err(Error::engine(format!("making the schema {name:?}")))?;
            }
        }
        Ok(())
    }

    /// Forgets a table; its memory is free once no query uses it.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn drop_table(&self, table: &str) -> Result<(), Error> {
        self.context
            .deregister_table(table)
            .map_err(Error::engine(format!("dropping the table {table:?}")))
            .map(drop)
    }

    pub(crate) fn register_provider(
        &self,
        table: &str,
        provider: Arc<dyn TableProvider>,
    ) -> Result<(), Error> {
        self.drop_table(table)?;
        self.context
            .register_table(table, provider)
            .map_err(Error::engine(format!("registering the table {table:?}")))
            .map(drop)
    }

    /// An empty spool whose file, should it need one, lies in the session's folder.
    pub(crate) fn spool(&self, schema: SchemaRef) -> Spool {
        Spool::new(schema, self.options.table_memory, self.temporary_path("table.parquet"))
    }

    /// A path in the session's folder that no other file has, ending in `name`.
    pub(crate) fn temporary_path(&self, name: &str) -> PathBuf {
        let number = self.files_made.fetch_add(1, Ordering::Relaxed);
        self.folder.path().join(format!("{number}-{name}"))
    }

    pub(crate) fn register_spool(&self, table: &str, spool: Spool) -> Result<u64, Error> {
        let rows = spool.rows();
        match spool.finish()? {
            Spooled::Memory(batches) => self.register(table, batches)?,
            Spooled::File(path, schema) => {
                self.register_provider(table, Self::parquet_table(&[&path], schema)?)?;
            }
        }
        Ok(rows)
    }

    /// Parquet files as one table of a known schema.
    pub(crate) fn parquet_table(paths: &[&Path], schema: SchemaRef) -> Result<Arc<dyn TableProvider>, Error> {
        let doing = "opening Parquet files";
        let url = |path: &&Path| {
            let absolute = std::path::absolute(path).map_err(Error::io(path))?;
            // A path is no pattern: what looks like one is escaped by going through a file URL.
            ListingTableUrl::parse(file_url(&absolute)).map_err(Error::engine(doing))
        };
        let urls = paths.iter().map(url).collect::<Result<Vec<_>, Error>>()?;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
        let config =
            ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
        Ok(Arc::new(ListingTable::try_new(config).map_err(Error::engine(doing))?))
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    pub(crate) fn object_store_settings(&self) -> &ObjectStoreSettings {
        &self.options.object_stores
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    pub(crate) fn task_context(&self) -> Arc<TaskContext> {
        self.context.task_ctx()
    }

    /// Runs tasks on all threads; their results come in the order of the tasks.
    pub(crate) fn in_parallel<F>(&self, tasks: Vec<F>, doing: &str) -> Result<Vec<F::Output>, Error>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let running: Vec<_> = tasks.into_iter().map(|task| self.runtime.spawn(task)).collect();
        let finish = |task: tokio::task::JoinHandle<F::Output>| {
            self.runtime.block_on(task).map_err(|error: tokio::task::JoinError| {
                Error::engine(doing)(DataFusionError::External(Box::new(error)))
            })
        };
        running.into_iter().map(finish).collect()
    }

    /// A plan that reads the columns at `places`, on all threads.
    pub(crate) fn scan(
        &self,
        table: &dyn TableProvider,
        places: &Vec<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, Error> {
        planner::scan(&self.runtime, &self.context, table, places, self.options.threads)
            .map_err(Error::engine("reading by columns"))
    }

    /// The answer to a `select`, to be taken batch by batch.
    pub(crate) fn stream(&self, sql: &str) -> Result<SendableRecordBatchStream, Error> {
        planner::stream(&self.runtime, &self.context, sql).map_err(|source| query_failed(sql, source))
    }
}

pub(crate) fn query_failed(sql: &str, source: DataFusionError) -> Error {
    Error::Query { sql: sql.to_owned(), source: Box::new(source) }
}

/// A `file:` URL with everything escaped that is not plainly part of a path.
pub(crate) fn file_url(path: &Path) -> String {
    let escaped = |url: String, byte: u8| match byte {
        b'/' | b'.' | b'_' | b'-' => url + char::from(byte).encode_utf8(&mut [0; 4]),
        _ if byte.is_ascii_alphanumeric() => url + char::from(byte).encode_utf8(&mut [0; 4]),
        _ => url + &format!("%{byte:02X}"),
    };
    path.to_string_lossy().bytes().fold("file://".to_owned(), escaped)
}

/// Deals batches out to `hands` partitions, so that a query over them uses all threads.
fn deal(batches: Vec<RecordBatch>, hands: usize) -> Vec<Vec<RecordBatch>> {
    let share = batches.len().div_ceil(hands).max(1);
    let mut partitions = Vec::with_capacity(hands);
    let mut rest = batches.into_iter().peekable();
    while rest.peek().is_some() {
        partitions.push(rest.by_ref().take(share).collect());
    }
    partitions
}
