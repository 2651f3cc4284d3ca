//! What can be typed about a project: its runs, snapshots, store, keys and customers.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use perennial_project::quantities;
use perennial_project::run::Period;

use super::{FormatArgument, parsed};

/// Which project.
#[derive(Debug, Args)]
pub(crate) struct ProjectArgument {
    /// The project: its folder, or its perennial.toml.
    #[arg(long, value_name = "PATH", default_value = ".", global = true)]
    pub(crate) project: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The project's folder; it is made where it does not exist.
    #[arg(default_value = ".", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,

    /// Orders to begin with: they are looked at, and what is recognised is written into the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) orders: Option<PathBuf>,

    /// The shop's name [default: that of the folder].
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArgument,

    /// Also show what HubSpot would be told of the newest values: a dry run, which asks nothing of it and sends nothing.
    #[arg(long)]
    pub(crate) crm: bool,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArgument,

    /// The last day that counts [default: the last day of the data, but no day that is not over].
    #[arg(long, value_name = "DATE", value_parser = quantities::date, conflicts_with_all = ["every", "since"])]
    pub(crate) as_of: Option<Date>,

    /// A snapshot for the end of every week, month, quarter or year since a date; those that would say the same are left alone.
    #[arg(long, value_name = "PERIOD", value_parser = parsed::<Period>, requires = "since")]
    pub(crate) every: Option<Period>,

    /// Where the history begins.
    #[arg(long, value_name = "DATE", value_parser = quantities::date, requires = "every")]
    pub(crate) since: Option<Date>,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Args)]
pub(crate) struct SnapshotsArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArgument,

    #[command(subcommand)]
    pub(crate) command: Option<SnapshotsCommand>,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotsCommand {
    /// List all: what was found as of which date, what restates what, and whether the files are as they were made.
    List,
    /// Compare two: totals, who came, who went, whose value moved.
    Compare {
        /// The first, such as 2026-06-30_1.
        before: String,
        /// The second.
        after: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) project: ProjectArgument,

    /// The address to listen on [default: that of the project file].
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) address: Option<std::net::SocketAddr>,

    /// Whether log lines are for people or for programs.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// A command about something that the store holds.
#[derive(Debug, Args)]
pub(crate) struct OfStore<C: Subcommand> {
    #[command(flatten)]
    pub(crate) project: ProjectArgument,

    #[command(subcommand)]
    pub(crate) command: C,

    #[command(flatten)]
    pub(crate) format: FormatArgument,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key; its secret is shown this once.
    Create {
        /// Its name; of a write key also that of the source of its events.
        name: String,
        /// What it may do: send events, read profiles, or everything.
        #[arg(long, value_enum, default_value_t = KeyScope::Write)]
        scope: KeyScope,
    },
    /// List the keys, without their secrets.
    List,
    /// Make a key useless.
    Revoke {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyScope {
    Write,
    Read,
    Admin,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Show what is known of a customer, with the newest values.
    Show {
        /// Any identifier: `email:jane@example.org`, `user_id:17`, ...
        identifier: String,
    },
    /// Print all that is known of a person as JSON, events included.
    Export {
        /// Any identifier of the person.
        identifier: String,
    },
    /// Erase a person: identifiers become a random token everywhere, snapshots included; figures and totals stay.
    Erase {
        /// Any identifier of the person.
        identifier: String,
        /// Without it, only what would be erased is shown.
        #[arg(long)]
        yes: bool,
    },
    /// Let an erased identifier in again, for a person who comes back and agrees: what arrives from now on makes a new customer.
    Readmit {
        /// The identifier as it was erased.
        identifier: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List the events that could not be used, newest first, with the reason.
    Rejected {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveriesCommand {
    /// List deliveries to webhooks, newest first.
    List {
        /// Only those that were given up.
        #[arg(long)]
        dead: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Let deliveries go again to an endpoint that said that it is gone.
    Enable {
        /// The endpoint's name in the project file.
        endpoint: String,
    },
    /// Try a delivery again that was given up.
    Replay {
        /// The delivery's id.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Write a copy of a SQLite store to a new file, also while it is in use.
    Backup {
        /// The new file.
        to: PathBuf,
    },
    /// Make a store out of a copy; refuses to write over one that is there.
    Restore {
        /// The copy.
        from: PathBuf,
    },
}
