//! Where data lies: order files of many formats, read where they are, become canonical tables of a query session.
//!
//! [`Session::read_orders`] recognises an [`OrderSource`], decides how its columns are read, accounts for every row and
//! registers the tables that [`Reading`] describes. [`Session::query`] and its companions answer SQL over them.

mod canonical;
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
mod spool;
mod synonyms;
mod table;
mod text;

pub use columns::{ColumnOverrides, Role, RowsAre};
pub use datafusion::arrow;
pub use error::Error;
pub use format::Format;
pub use location::{DatabaseUrl, Location, ObjectStoreSettings};
pub use output::OutputFormat;
pub use profile::amounts::{DecimalMark, SPEND_LIMIT};
pub use profile::dates::DateOrder;
pub use quality::{Quality, Refusal, Treatment};
pub use reading::{ColumnRead, FileRead, Reading};
pub use session::{Session, SessionOptions};
pub use source::{OnProgress, OrderSource, Progress, ZeroOrders};
pub use table::TableFile;
