//! What can go wrong with a project.

use std::io;
use std::path::{Path, PathBuf};

use crate::file::Problem;

/// An error of a project; its message says what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no project here.
    #[error("there is no project file {}; `perennial init` writes one, --project names another", path.display())]
    NoProject {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The project file is there already.
    #[error("{} is there already; nothing was written", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The project file cannot be used.
    #[error("{}", listed(problems))]
    Problems {
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A setting of the file that cannot be used.
    #[error("{key}: {problem}")]
    Setting {
        /// The key.
        key: String,
        /// Why not.
        problem: String,
    },
    /// A date that has not come yet.
    #[error("{as_of} is in the future: it is {today} where the shop is; give an earlier date, or none")]
    Future {
        /// The date that was asked for.
        as_of: jiff::civil::Date,
        /// The day that it is.
        today: jiff::civil::Date,
    },
    /// The margin is to be measured and nothing says what goods cost.
    #[error(
        "value.margin: it is to be measured, and no source has costs; add a source with costs, or set a share such as \"35%\""
    )]
    NoCosts,
    /// There is not one order.
    #[error(
        "no order has arrived yet: send events to `perennial serve`, or add a source with table = \"orders\" to perennial.toml"
    )]
    NoOrders,
    /// A run was silent for so long that another may have begun.
    #[error(
        "run {run} could not say for minutes that it is alive, and another may have begun: it stopped, nothing more was published or sent; run again"
    )]
    GivenUp {
        /// The run's number.
        run: i64,
    },
    /// The program cannot begin its work.
    #[error(
        "no thread can be started ({source}); end other programs or raise the limit of threads, then try again"
    )]
    Threads {
        /// Why not.
        source: io::Error,
    },
    /// Another run is under way.
    #[error("a run is under way ({holder}); wait until it is done")]
    Busy {
        /// Who runs, since when.
        holder: String,
    },
    /// There is no such snapshot.
    #[error("there is no snapshot {name:?}; {}", known_snapshots(known))]
    NoSnapshot {
        /// The name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A file of a snapshot is not what was written.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The engine gave a column of another kind than was asked for.
    #[error("the column {column:?} cannot be read as what it is meant to be; this is a fault of Perennial")]
    Column {
        /// The column.
        column: String,
    },
    /// The sources cannot be read.
    #[error(transparent)]
    Lake(#[from] perennial_lake::Error),
    /// The customers cannot be valued.
    #[error(transparent)]
    Valuation(#[from] perennial_valuation::Error),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] perennial_report::Error),
    /// The operational store refuses.
    #[error(transparent)]
    Store(#[from] perennial_store::Error),
    /// Values cannot be handed off.
    #[error(transparent)]
    HandOff(#[from] perennial_handoff::Error),
}

impl Error {
    /// What went wrong in one word, for whoever is not to see names, paths or data.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoProject { .. }
            | Self::Exists { .. }
            | Self::Problems { .. }
            | Self::Setting { .. }
            | Self::Future { .. } => "settings",
            Self::NoCosts => "no_costs",
            Self::NoOrders => "no_orders",
            Self::Busy { .. } => "busy",
            Self::GivenUp { .. } => "given_up",
            Self::File { .. } | Self::Threads { .. } => "machine",
            Self::NoSnapshot { .. } | Self::Damaged { .. } => "snapshots",
            Self::Column { .. } => "fault",
            Self::Lake(_) => "sources",
            Self::Valuation(_) => "valuation",
            Self::Report(_) => "report",
            Self::Store(_) => "store",
            Self::HandOff(_) => "hand_off",
        }
    }

    /// What went wrong with a file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n       ")
}

fn known_snapshots(names: &[String]) -> String {
    if names.is_empty() { "there is none yet".to_owned() } else { format!("there are {}", names.join(", ")) }
}
