//! The project's operational store, used from code that waits: runs and commands.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use perennial_store::{ProjectionRules, Run, Store, StoreUrl};
use tokio::runtime::Runtime;

use crate::run::{DateOutcome, RunOutcome};
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

/// Where a project's store is, as text that may hold a password.
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
    // A file beside the project, wherever the command was typed.
    Ok(match address.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with('/') => format!("sqlite:{}", project.path(path).display()),
        _ => address,
    })
}

/// Where a project's store is.
///
/// # Errors
/// When the address cannot be resolved or understood.
pub fn store_url(project: &Project) -> Result<StoreUrl, Error> {
    let address = store_address(project)?;
    Ok(match address.strip_prefix("sqlite:").map(Path::new) {
        // A path is a path: nothing in it is a query.
        Some(path) if !path.starts_with("//") => StoreUrl::sqlite(path),
        _ => StoreUrl::parse(&address)?,
    })
}

/// The rules by which events become orders and customers.
#[must_use]
pub fn projection_rules(project: &Project) -> ProjectionRules {
    let events = &project.sections.events;
    let mut rules = ProjectionRules { net: events.net, ..ProjectionRules::default() };
    rules.identity.join_by_email = events.join_by_email;
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
            .map_err(Error::file(&project.file))?;
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

    /// Takes the lease of a run; that of a run on this machine that died is taken over, because its lock is free.
    pub(crate) fn begin_run(&self, project: &Project, now: Timestamp) -> Result<Run, Error> {
        let asked_at = now.to_zoned(project.sections.shop.time_zone.clone()).date();
        let holder = holder(project);
        let start = || self.wait(self.store.start_run(asked_at, &holder, now));
        match start() {
            Err(perennial_store::Error::Held { name, holder: other, .. }) if is_of(&other, &holder) => {
                tracing::warn!(%other, "a run died without finishing; its lease is taken over");
                self.wait(self.store.release_lease(&name, &other))?;
                Ok(start()?)
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
        match last {
            Some(snapshot) => self.wait(self.store.finish_run(run.id, snapshot, Timestamp::now()))?,
            None => self.wait(self.store.fail_run(run.id, "there was no date to value", Timestamp::now()))?,
        }
        Ok(())
    }

    /// Writes down why a run failed; where even that fails, the error itself is what is told.
    pub(crate) fn fail_run(&self, run: &Run, error: &Error) {
        if let Err(second) = self.wait(self.store.fail_run(run.id, &error.to_string(), Timestamp::now())) {
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

/// Who makes a run: the process, the machine and the project, so that others can find it.
fn holder(project: &Project) -> String {
    format!("process {} {}", std::process::id(), place(project))
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

/// Whether a lease was taken by a run of the same project on the same machine as `ours`.
fn is_of(lease: &str, ours: &str) -> bool {
    ours.split_once(" on ").is_some_and(|(_, place)| lease.contains(&format!(" on {place}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_of_the_same_place_is_recognised() {
        let ours = "process 7 on box, /shop/perennial.toml";
        assert!(is_of("run 3 (process 5 on box, /shop/perennial.toml)", ours));
        assert!(!is_of("run 3 (process 5 on other, /shop/perennial.toml)", ours));
        assert!(!is_of("run 3 (process 5 on box, /shop2/perennial.toml)", ours));
    }
}
