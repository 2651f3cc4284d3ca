//! Where data lies: order files of many formats, read where they are, become canonical tables of a query session.
//!
//! [`Session::read_orders`] recognises an [`OrderSource`], decides how its columns are read, accounts for every row and
//! registers the tables that [`Reading`] describes. [`Session::read_sources`] does so for all [`Source`]s of a shop together, wherever
//! they lie, and for the other [`CanonicalTable`]s. [`Session::query`] and its companions answer SQL over them.

mod canonical;
mod canonical_table;
mod columns;
mod currency;
mod error;
mod format;
mod input;
mod location;
mod output;
mod parquet;
mod profile;
mod quality;
mod quarantine;
mod reading;
mod session;
mod source;
mod sources;
mod spool;
mod synonyms;
mod table;
mod text;

pub use canonical_table::{CanonicalColumn, CanonicalTable, ColumnKind};
pub use columns::{ColumnOverrides, Role, RowsAre};
pub use datafusion::arrow;
pub use error::Error;
pub use format::Format;
pub use location::{DatabaseUrl, Location, ObjectStoreSettings};
pub use output::OutputFormat;
pub use profile::amounts::{DecimalMark, SPEND_LIMIT};
pub use profile::dates::DateOrder;
pub use quality::report::{Change, Found, QualityCheck, QualityCode, QualityReport, QualityTrend};
pub use quality::{Examples, Quality, Refusal, Treatment};
pub use reading::{ColumnRead, FileRead, Reading};
pub use session::{Session, SessionOptions};
pub use source::{OnProgress, OrderSource, Progress, WrittenBy, ZeroOrders};
pub use sources::{Mapping, MappingProblem, Shop, Source, SourceCheck, SourceRead, SourcesRead};
pub use table::TableFile;
