//! The project's operational store, used from code that waits: runs and commands.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use perennial_store::{ProjectionRules, Run, Store, StoreUrl};
use tokio::runtime::Runtime;

use crate::run::{DateOutcome, RunOutcome};
use crate::snapshot::Lock;
use crate::{Error, Project};

/// How often a run says that it is still alive; much less than its lease is long.
const KEEP_EVERY: Duration = Duration::from_secs(20);
/// The environment variable that wins over `[store] url`.
const DATABASE_URL: &str = "DATABASE_URL";

/// A store with threads of its own to wait on.
#[derive(Debug)]
pub struct State {
    runtime: Runtime,
    store: Store,
}

/// What a SQLite address begins with, so that everything behind it is the file's path.
const SQLITE: &str = "sqlite://";

/// Where a project's store is, as text that may hold a password. Behind [`SQLITE`] stands a path, in which nothing is a mark,
/// as seen from the working folder.
///
/// # Errors
/// When the address cannot be resolved.
pub(crate) fn store_address(project: &Project) -> Result<String, Error> {
    let address = match std::env::var(DATABASE_URL) {
        Ok(url) if !url.trim().is_empty() => url.trim().to_owned(),
        _ => project
            .sections
            .store
            .url
            .resolve(&project.folder)
            .map_err(|problem| Error::Setting { key: "store.url".to_owned(), problem })?,
    };
    Ok(sqlite_address(project, &address)?.unwrap_or(address))
}

/// The address of a SQLite file, which lies beside the project, wherever the command was typed; `None` for other databases.
fn sqlite_address(project: &Project, address: &str) -> Result<Option<String>, Error> {
    let Some(path) = address.strip_prefix("sqlite:") else { return Ok(None) };
    let path = path.strip_prefix("//").unwrap_or(path);
    let wrong = |problem: &str| Error::Setting { key: "store.url".to_owned(), problem: problem.to_owned() };
    if path.is_empty() || path.contains(":memory:") {
        return Err(wrong("a SQLite address names a file, as in sqlite:perennial.db"));
    }
    if path.contains('?') {
        return Err(wrong("a SQLite address names its file and has no options behind a question mark"));
    }
    Ok(Some(format!("{SQLITE}{}", project.path(path).display())))
}

/// Where a project's store is.
///
/// # Errors
/// When the address cannot be resolved or understood.
pub fn store_url(project: &Project) -> Result<StoreUrl, Error> {
    let address = store_address(project)?;
    Ok(match address.strip_prefix(SQLITE) {
        Some(path) => StoreUrl::sqlite(Path::new(path)),
        None => StoreUrl::parse(&address)?,
    })
}

/// The rules by which events become orders and customers.
#[must_use]
pub fn projection_rules(project: &Project) -> ProjectionRules {
    let events = &project.sections.events;
    let mut rules = ProjectionRules { net: events.net, ..ProjectionRules::default() };
    rules.identity.join_by_email = events.join_by_email;
    rules.identity.external_kinds.clone_from(&events.external_kinds);
    rules
}

impl State {
    /// Opens a project's store, which is made where it is not there yet.
    ///
    /// # Errors
    /// When it cannot be reached, or was written by a later version.
    pub fn open(project: &Project) -> Result<Self, Error> {
        let url = store_url(project)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("perennial-store")
            .enable_all()
            .build()
            .map_err(|source| Error::Threads { source })?;
        let store = runtime.block_on(Store::open(&url))?;
        Ok(Self { runtime, store })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits for something that the store does.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Takes the lease of a run. That of a run of the same folder of snapshots, whose `lock` is now ours, is a dead one's and
    /// taken over.
    pub(crate) fn begin_run(
        &self,
        project: &Project,
        lock: &Lock,
        as_of: Date,
        now: Timestamp,
    ) -> Result<Run, Error> {
        let holder = holder(project, lock);
        let start = || self.wait(self.store.start_run(as_of, &holder, now));
        match start() {
            Err(perennial_store::Error::Held { name, holder: other, .. }) if is_of(&other, &holder) => {
                tracing::warn!(%other, "a run died without finishing; its lease is taken over");
                self.wait(self.store.release_lease(&name, &other))?;
                Ok(start()?)
            }
            Err(perennial_store::Error::Held { holder, since, .. }) => {
                Err(Error::Busy { holder: format!("{holder} since {since}") })
            }
            other => Ok(other?),
        }
    }

    /// Makes sure that no other run has begun meanwhile: before anything leaves the folder of snapshots.
    ///
    /// # Errors
    /// [`Error::GivenUp`] when the run was silent for too long.
    pub(crate) fn still_ours(&self, run: &Run) -> Result<(), Error> {
        match self.wait(self.store.keep_run(run.id, Timestamp::now())) {
            Err(perennial_store::Error::Held { .. } | perennial_store::Error::LeaseLost(_)) => {
                Err(Error::GivenUp { run: run.id })
            }
            other => Ok(other?),
        }
    }

    /// Does some work while the lease of a run is renewed.
    pub(crate) fn keeping<T>(&self, run: &Run, work: impl FnOnce() -> T) -> T {
        let (store, id) = (self.store.clone(), run.id);
        let keeping = self.runtime.spawn(async move {
            loop {
                tokio::time::sleep(KEEP_EVERY).await;
                if let Err(error) = store.keep_run(id, Timestamp::now()).await {
                    tracing::warn!(%error, "the lease of the run could not be renewed");
                }
            }
        });
        let done = work();
        keeping.abort();
        done
    }

    pub(crate) fn finish_run(&self, run: &Run, outcome: &RunOutcome) -> Result<(), Error> {
        let last = outcome.dates.iter().rev().find_map(|date| match date {
            DateOutcome::Made { manifest, .. } => Some(manifest.name.as_str()),
            DateOutcome::Unchanged { snapshot, .. } => Some(snapshot.as_str()),
            DateOutcome::TooEarly { .. } => None,
        });
        Ok(self.wait(self.store.finish_run(run.id, last, Timestamp::now()))?)
    }

    /// Writes down why a run failed, without its text, which may quote values of customers; where even that fails, the error
    /// itself is what is told.
    pub(crate) fn fail_run(&self, run: &Run, error: &Error) {
        if let Err(second) = self.wait(self.store.fail_run(run.id, error.code(), Timestamp::now())) {
            tracing::warn!(error = %second, "the failed run could not be written down");
        }
    }

    /// Brings profiles and orders up to date with the events that have arrived.
    pub(crate) fn project_events(&self, project: &Project) -> Result<(), Error> {
        self.wait(self.store.set_projection_rules(&projection_rules(project)))?;
        Ok(self.wait(self.store.project_all())?)
    }
}

impl Drop for State {
    /// Closes the connections, so that SQLite puts its log back into the file.
    fn drop(&mut self) {
        if let Err(error) = self.runtime.block_on(self.store.clone().close()) {
            tracing::warn!(%error, "the store could not be closed");
        }
    }
}

/// Who makes a run: the process, the machine and the project, so that others can find it, and the folder of snapshots, which
/// tells it from one of the same path on another machine of the same name.
fn holder(project: &Project, lock: &Lock) -> String {
    format!("process {} {}, folder {}", std::process::id(), place(project), lock.folder)
}

/// The machine and the project of this process.
fn place(project: &Project) -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "this machine",
        host => host,
    };
    let file = project.file.canonicalize().unwrap_or_else(|_| project.file.clone());
    format!("on {host}, {}", file.display())
}

/// Whether a lease was taken by a run of the same project and the same folder of snapshots as `ours`.
fn is_of(lease: &str, ours: &str) -> bool {
    ours.split_once(" on ").is_some_and(|(_, place)| lease.contains(&format!(" on {place}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_the_same_place_is_recognised() {
        let ours = "process 7 on box, /shop/perennial.toml, folder 1a";
        assert!(is_of("run 3 (process 5 on box, /shop/perennial.toml, folder 1a)", ours));
        assert!(!is_of("run 3 (process 5 on box, /shop/perennial.toml, folder 2b)", ours), "another machine");
        assert!(!is_of("run 3 (process 5 on other, /shop/perennial.toml, folder 1a)", ours));
        assert!(!is_of("run 3 (process 5 on box, /shop2/perennial.toml, folder 1a)", ours));
    }

    #[test]
    fn a_store_is_one_file_for_all_who_open_it() {
        let store = |file: &str, url: &str| {
            let project = Project::parse(Path::new(file), "").unwrap();
            let address = sqlite_address(&project, url)?.unwrap();
            let read = perennial_lake::DatabaseUrl::parse(&address).unwrap().to_string();
            let opened = StoreUrl::sqlite(Path::new(address.strip_prefix(SQLITE).unwrap())).to_string();
            assert_eq!(read, opened);
            Ok::<_, Error>(opened)
        };
        let relative = "sqlite:perennial.db";
        let of_folder = |folder: &str| store(&format!("{folder}/perennial.toml"), relative).unwrap();
        assert_eq!(of_folder("/srv/my%20shop"), "sqlite:/srv/my%20shop/perennial.db");
        assert_eq!(of_folder("/srv/which?"), "sqlite:/srv/which?/perennial.db");
        let of_address = |address: &str| store("shop/perennial.toml", address).unwrap();
        assert_eq!(of_address("sqlite://perennial.db"), "sqlite:shop/perennial.db");
        assert_eq!(of_address("sqlite:///var/a%b.db"), "sqlite:/var/a%b.db");
        assert_eq!(of_address("sqlite:/var/p.db"), "sqlite:/var/p.db");
        for wrong in ["sqlite:", "sqlite://", "sqlite::memory:", "sqlite:perennial.db?mode=ro"] {
            assert!(store("shop/perennial.toml", wrong).is_err(), "{wrong}");
        }
    }
}
