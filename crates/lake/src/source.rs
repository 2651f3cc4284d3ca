//! Where order files lie and how they are to be read: paths, kinds, compression.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;

use crate::columns::ColumnOverrides;
use crate::error::Error;
use crate::location;

/// What becomes of orders of amount zero (a gift, a full discount).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroOrders {
    /// They are transactions without spend, as in the literature's counts of CDNOW.
    #[default]
    Keep,
    /// They are left out.
    Drop,
}

/// How far a reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in one word or two.
    pub stage: &'static str,
    /// Bytes of the files read so far (as they lie on disk) in this stage.
    pub done: u64,
    /// Bytes of all files.
    pub total: u64,
}

/// A function that is told about progress, from any thread.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// Who writes the rows of a source: what nobody in the shop can mend must not end a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrittenBy {
    /// The shop. A currency without a rate, or a day with more than it can hold, ends the reading with an error: whoever made
    /// the source has to say what its amounts mean.
    #[default]
    Shop,
    /// Anybody, as with events from web pages. Rows in a currency without a rate are refused, where the shop's currency or that
    /// of all its own orders is known; without it, the reading ends. So are orders of a day that would hold more than it can.
    /// What its lines say of costs counts for the orders of such sources only.
    Anybody,
}

/// Order files, and how to read them.
#[derive(Clone)]
pub struct OrderSource {
    /// Files, folders or globs, local or as URLs of object stores (see [`Location::Files`](crate::Location::Files)).
    pub paths: Vec<String>,
    /// Which columns to take, where the recognised ones are not the right ones.
    pub columns: ColumnOverrides,
    /// The shop's time zone, in which business days begin and times without an offset are meant. Default: UTC.
    pub time_zone: Option<TimeZone>,
    /// The currency to value in (ISO 4217), needed when the amounts are in several.
    pub currency: Option<String>,
    /// What one unit of a currency is worth in [`OrderSource::currency`], by currency code.
    pub rates: BTreeMap<String, f64>,
    /// Who writes the rows.
    pub written_by: WrittenBy,
    /// Where refused rows are written, as CSV.
    pub quarantine: Option<PathBuf>,
    /// What becomes of orders of amount zero.
    pub zero_orders: ZeroOrders,
    /// The present; rows dated after its day (in the shop's zone) are refused.
    pub now: jiff::Timestamp,
    /// Told about progress.
    pub on_progress: Option<OnProgress>,
}

impl OrderSource {
    /// Reads these paths with every setting at its default and the present from the system's clock.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            paths: paths.into_iter().map(Into::into).collect(),
            columns: ColumnOverrides::default(),
            time_zone: None,
            currency: None,
            rates: BTreeMap::new(),
            written_by: WrittenBy::default(),
            quarantine: None,
            zero_orders: ZeroOrders::default(),
            now: jiff::Timestamp::now(),
            on_progress: None,
        }
    }

    pub(crate) fn zone(&self) -> TimeZone {
        self.time_zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// The zone's IANA name, or how it is written where it has none (a fixed offset).
    pub(crate) fn zone_name(&self) -> String {
        let zone = self.zone();
        zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned)
    }
}

impl fmt::Debug for OrderSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderSource")
            .field("paths", &self.paths)
            .field("columns", &self.columns)
            .field("time_zone", &self.time_zone)
            .field("currency", &self.currency)
            .field("rates", &self.rates)
            .field("written_by", &self.written_by)
            .field("quarantine", &self.quarantine)
            .field("zero_orders", &self.zero_orders)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// The structure of a file's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Delimited text.
    Delimited,
    /// One JSON object per line.
    JsonLines,
    /// Parquet.
    Parquet,
}

/// One file of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceFile {
    /// Where it lies on this machine.
    pub(crate) path: PathBuf,
    /// What people know it by: its path, or the URL that it was fetched from.
    pub(crate) name: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) bytes: u64,
}

impl SourceFile {
    /// A file of the session's folder that was copied from `url`.
    pub(crate) fn copied(path: PathBuf, kind: Kind, url: String) -> Result<Self, Error> {
        Ok(Self { name: url.into(), ..source_file(path, kind)? })
    }

    /// The content, decompressed by what the first bytes say it is.
    pub(crate) fn open(&self, counter: &Arc<AtomicU64>) -> Result<Box<dyn Read>, Error> {
        let file = File::open(&self.path).map_err(Error::io(&self.name))?;
        let mut counted = Counted { inner: file, counter: Arc::clone(counter) };
        let mut magic = Vec::with_capacity(4);
        counted.by_ref().take(4).read_to_end(&mut magic).map_err(Error::io(&self.name))?;
        let whole = io::Cursor::new(magic.clone()).chain(counted);
        Ok(match magic.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::new(whole))),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                Box::new(zstd::stream::read::Decoder::new(whole).map_err(Error::io(&self.name))?)
            }
            _ => Box::new(whole),
        })
    }
}

/// Counts the bytes that pass, for progress.
struct Counted<R> {
    inner: R,
    counter: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.counter.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The files behind paths, folders and globs, each once, in the order of their paths.
pub(crate) fn find_files(paths: &[String]) -> Result<Vec<SourceFile>, Error> {
    let mut files = BTreeMap::new();
    for path in paths {
        for file in files_behind(path)? {
            // The same file may be meant twice (a folder and a file in it); links may lead to it under other names.
            let identity = file.path.canonicalize().unwrap_or_else(|_| file.path.clone());
            files.entry(identity).or_insert(file);
        }
    }
    if files.is_empty() {
        return Err(Error::NoFile { path: paths.join(", "), problem: "nothing to read".to_owned() });
    }
    let mut files: Vec<SourceFile> = files.into_values().collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn files_behind(text: &str) -> Result<Vec<SourceFile>, Error> {
    if location::is_url(text) {
        let problem =
            "only orders and the sources of a project are read from object stores; fetch this file first";
        return Err(Error::NoFile { path: text.to_owned(), problem: problem.to_owned() });
    }
    let path = Path::new(text);
    if path.is_file() {
        // A file named by the user is read whatever its name says; text is the guess.
        let kind = kind_of(path).unwrap_or(Kind::Delimited);
        return Ok(vec![source_file(path.to_path_buf(), kind)?]);
    }
    let found = if path.is_dir() { folder(path)? } else { glob(text)? };
    if found.is_empty() {
        let problem = if path.is_dir() {
            "the folder holds no file of a readable kind"
        } else {
            "there is no such file or folder, and as a glob it matches nothing readable"
        };
        return Err(Error::NoFile { path: text.to_owned(), problem: problem.to_owned() });
    }
    Ok(found)
}

fn folder(path: &Path) -> Result<Vec<SourceFile>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(Error::io(path))? {
        let entry = entry.map_err(Error::io(path))?.path();
        if let (true, false, Some(kind)) = (entry.is_file(), is_passed_over(&entry), kind_of(&entry)) {
            files.push(source_file(entry, kind)?);
        }
    }
    Ok(files)
}

/// Hidden files, and the refused rows of an earlier reading, are no orders unless named.
pub(crate) fn is_passed_over(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    name.starts_with('.') || name.ends_with(".quarantine.csv")
}

fn glob(pattern: &str) -> Result<Vec<SourceFile>, Error> {
    let no_file = |problem: String| Error::NoFile { path: pattern.to_owned(), problem };
    let mut files = Vec::new();
    for entry in glob::glob(pattern).map_err(|error| no_file(error.to_string()))? {
        let entry = entry.map_err(|error| no_file(error.to_string()))?;
        if let (true, false, Some(kind)) = (entry.is_file(), is_passed_over(&entry), kind_of(&entry)) {
            files.push(source_file(entry, kind)?);
        }
    }
    Ok(files)
}

fn source_file(path: PathBuf, kind: Kind) -> Result<SourceFile, Error> {
    let bytes = std::fs::metadata(&path).map_err(Error::io(&path))?.len();
    let kind = if starts_like_parquet(&path)? { Kind::Parquet } else { kind };
    Ok(SourceFile { name: path.clone(), path, kind, bytes })
}

fn starts_like_parquet(path: &Path) -> Result<bool, Error> {
    let mut magic = Vec::with_capacity(4);
    let file = File::open(path).map_err(Error::io(path))?;
    file.take(4).read_to_end(&mut magic).map_err(Error::io(path))?;
    Ok(magic == b"PAR1")
}

/// The kind that a file's name promises.
pub(crate) fn kind_of(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let (_, ending) = name.rsplit_once('.')?;
    match ending {
        "csv" | "tsv" | "txt" => Some(Kind::Delimited),
        "jsonl" | "ndjson" => Some(Kind::JsonLines),
        "parquet" | "pq" => Some(Kind::Parquet),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_name() {
        assert_eq!(kind_of(Path::new("a/Orders.CSV")), Some(Kind::Delimited));
        assert_eq!(kind_of(Path::new("orders.csv.gz")), Some(Kind::Delimited));
        assert_eq!(kind_of(Path::new("orders.ndjson.zst")), Some(Kind::JsonLines));
        assert_eq!(kind_of(Path::new("orders.parquet")), Some(Kind::Parquet));
        assert_eq!(kind_of(Path::new("README.md")), None);
    }

    #[test]
    fn a_folder_gives_its_readable_files_in_order_of_name_and_none_twice() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "notes.md", ".hidden.csv"] {
            std::fs::write(folder.path().join(name), "customer,date\n").unwrap();
        }
        let all = folder.path().to_string_lossy().into_owned();
        let one = folder.path().join("a.csv").to_string_lossy().into_owned();
        let names: Vec<_> = find_files(&[all, one])
            .unwrap()
            .into_iter()
            .map(|file| file.path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a.csv", "b.csv"]);
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let error = find_files(&["no/such/file.csv".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no/such/file.csv"), "{error}");
    }
}
