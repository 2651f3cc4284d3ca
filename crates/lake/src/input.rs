//! A file with its header: what is needed to read its rows, whatever their kind.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::columns::Header;
use crate::error::Error;
use crate::parquet::{self, ParquetRowReader};
use crate::source::{Kind, SourceFile};
use crate::text::{
    DelimitedReader, Dialect, Encoding, JsonLinesReader, Row, RowReader, json_keys, read_start, sniff,
};

/// Bytes from which a text's layout is recognised; longer than any header.
const SNIFFED_BYTES: u64 = 1 << 18;

/// One file whose structure is known.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) file: SourceFile,
    pub(crate) header: Header,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Delimited(Dialect, Encoding),
    JsonLines,
    Parquet,
}

impl Input {
    /// Looks at a file's beginning (at all keys of JSON lines, at the schema of Parquet).
    pub(crate) fn inspect(mut file: SourceFile) -> Result<Self, Error> {
        let unwatched = Arc::new(AtomicU64::new(0));
        if file.kind == Kind::Delimited {
            file.kind = kind_of_text(
                &read_start(file.open(&unwatched)?.as_mut(), SNIFFED_BYTES, &file.name)?,
                &file.name,
            )?;
        }
        let (columns, shape) = match file.kind {
            Kind::Delimited => {
                let start = read_start(file.open(&unwatched)?.as_mut(), SNIFFED_BYTES, &file.name)?;
                let dialect = sniff(&start, &file.name)?;
                (dialect.columns.clone(), Shape::Delimited(dialect, Encoding::Utf8))
            }
            Kind::JsonLines => (json_keys(&file.name, file.open(&unwatched)?)?, Shape::JsonLines),
            Kind::Parquet => (parquet::columns(&file)?, Shape::Parquet),
        };
        let bare = matches!(&shape, Shape::Delimited(dialect, _) if !dialect.headed);
        Ok(Self { header: Header::new(columns, bare), file, shape })
    }

    /// What people know the file by; it is opened by `file.path`.
    #[allow(clippy::misnamed_getters)]
    pub(crate) fn path(&self) -> &Path {
        &self.file.name
    }

    /// The file's rows; of Parquet only the columns at `needed` are read, and the others are empty.
    pub(crate) fn rows(
        &self,
        needed: &[usize],
        counter: &Arc<AtomicU64>,
    ) -> Result<Box<dyn RowReader>, Error> {
        match &self.shape {
            Shape::Delimited(dialect, encoding) => {
                let content = self.file.open(counter)?;
                let mut reader = DelimitedReader::new(self.path(), content, dialect, *encoding);
                reader.skip_bytes(dialect.preamble_bytes)?;
                reader.skip_lines(dialect.preamble_lines)?;
                if dialect.headed {
                    reader.read(&mut Row::default())?;
                }
                Ok(Box::new(reader))
            }
            Shape::JsonLines => {
                let content = self.file.open(counter)?;
                Ok(Box::new(JsonLinesReader::new(self.path(), content, &self.header.columns)))
            }
            Shape::Parquet => Ok(Box::new(ParquetRowReader::open(&self.file, needed, counter)?)),
        }
    }

    pub(crate) fn set_encoding(&mut self, decided: Encoding) {
        if let Shape::Delimited(_, encoding) = &mut self.shape {
            *encoding = decided;
        }
    }

    pub(crate) fn is_parquet(&self) -> bool {
        matches!(self.shape, Shape::Parquet)
    }

    /// The file's structure in words.
    pub(crate) fn structure(&self) -> String {
        match &self.shape {
            Shape::Delimited(dialect, encoding) => {
                format!("text in {}, fields divided by {}", encoding.name(), dialect.delimiter())
            }
            Shape::JsonLines => "JSON lines".to_owned(),
            Shape::Parquet => "Parquet".to_owned(),
        }
    }
}

/// Text that begins with an object is JSON lines, whatever the file's name; an array of objects is neither that nor a table.
fn kind_of_text(start: &[u8], file: &Path) -> Result<Kind, Error> {
    let mut bytes = start.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next(), bytes.next()) {
        (Some(b'{'), Some(b'"')) => Ok(Kind::JsonLines),
        (Some(b'['), Some(b'{')) => Err(Error::broken(
            file,
            1,
            "this is a JSON array; JSON lines are needed, one object on each line (jq -c '.[]' turns one into the other)",
        )),
        _ => Ok(Kind::Delimited),
    }
}
