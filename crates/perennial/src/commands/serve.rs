//! `perennial serve`: the HTTP API, the projection of events, the schedule and the webhooks in one process.

use std::io::IsTerminal as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use perennial_handoff::webhooks::WebhookWorker;
use perennial_project::schedule::{Every, patience};
use perennial_project::snapshot::NotRedacted;
use perennial_project::{Project, projection_rules, redact_snapshots, store_url};
use perennial_server::{ServerOptions, listen, serve};
use perennial_store::Store;
use tokio::sync::{Mutex, watch};
use tracing_subscriber::EnvFilter;

use crate::arguments::project::{LogFormat, ServeArguments};

/// What is logged unless `RUST_LOG` says otherwise. The database notices what migrations find to be done already.
const LOGGED: &str = "info,sqlx::postgres::notice=warn,sea_orm_migration=warn";
/// How often it is looked whether somebody was erased whom snapshots still name.
const REDACT_EVERY: Duration = Duration::from_mins(1);
/// How often old payloads are looked for.
const FORGET_EVERY: Duration = Duration::from_hours(1);

pub(crate) fn run(arguments: &ServeArguments) -> Result<()> {
    let project = Project::open(&arguments.project.project)?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match arguments.log {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    for warning in &project.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serving(project, arguments));
    // A run that is under way goes on as a process of its own.
    runtime.shutdown_background();
    served
}

async fn serving(project: Project, arguments: &ServeArguments) -> Result<()> {
    let store = Store::open(&store_url(&project)?).await?;
    store.set_projection_rules(&projection_rules(&project)).await?;
    let worker = WebhookWorker::new(store.clone(), &project.sections.webhooks, &project.folder)?;
    let address = arguments.address.unwrap_or(project.sections.server.address);
    let listener = listen(&address.to_string()).await?;
    let snapshots = Some(project.snapshots().folder().to_path_buf());
    let shop = &project.sections.shop;
    let (time_zone, leap_day) = (shop.time_zone.clone(), shop.leap_day);
    let options = ServerOptions { snapshots, time_zone, leap_day, ..ServerOptions::default() };

    let (stop, stopped) = watch::channel(false);
    let ended = |mut stopped: watch::Receiver<bool>| async move {
        // An end of the sender is an end as well.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let webhooks = tokio::spawn({
        let ended = ended(stopped.clone());
        async move { worker.run(ended).await }
    });
    // Runs and redactions take turns: neither finds the folder of snapshots locked by the other.
    let turn = Arc::new(Mutex::new(()));
    let scheduled =
        tokio::spawn(schedule(project.clone(), store.clone(), turn.clone(), ended(stopped.clone())));
    let redacting = tokio::spawn(redact(project.clone(), store.clone(), turn, ended(stopped.clone())));
    let forgetting = tokio::spawn(forget(project, store.clone(), ended(stopped.clone())));
    let served = serve(listener, store.clone(), options, async move {
        told_to_end().await;
        let _ = stop.send(true);
    })
    .await;
    // Everything that was begun ends in order; a run goes on as a process of its own until its snapshot is whole.
    for task in [webhooks, scheduled, redacting, forgetting] {
        task.await.context("a task of the server broke off")?;
    }
    store.close().await?;
    Ok(served?)
}

/// Runs the project when it is due: in a process of its own, so that neither its memory nor its end touches the server.
async fn schedule(project: Project, store: Store, turn: Arc<Mutex<()>>, ended: impl Future<Output = ()>) {
    let Some(every) = project.sections.schedule.every else { return ended.await };
    tokio::pin!(ended);
    let running = run_when_due(&project, &store, &turn, every);
    tokio::select! {
        () = running => {}
        () = &mut ended => {}
    }
}

async fn run_when_due(project: &Project, store: &Store, turn: &Mutex<()>, every: Every) {
    let zone = &project.sections.shop.time_zone;
    let mut begun = last_run(store).await;
    // Runs that were missed while nothing ran are made up once.
    if every.is_overdue(begun, Timestamp::now(), zone) {
        tracing::info!("a run is overdue; it is made up now");
        begun = Some(Timestamp::now());
        run_once(project, turn).await;
    }
    loop {
        let now = Timestamp::now();
        let after = begun.map_or(now, |begun| begun.max(now));
        let Some(due) = every.next(after, zone) else { return };
        tracing::info!(%due, "next run");
        // In short steps: a clock that was set, or a machine that slept, is noticed.
        while Timestamp::now() < due {
            tokio::time::sleep(patience(Timestamp::now(), due)).await;
        }
        begun = Some(due);
        run_once(project, turn).await;
    }
}

async fn last_run(store: &Store) -> Option<Timestamp> {
    match store.runs(perennial_store::Page::newest(1)).await {
        Ok(runs) => runs.first().map(|run| run.started_at),
        Err(error) => {
            tracing::warn!(%error, "the last run is not known");
            None
        }
    }
}

async fn run_once(project: &Project, turn: &Mutex<()>) {
    let _turn = turn.lock().await;
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return tracing::error!(%error, "the run could not be started"),
    };
    let mut command = Command::new(program);
    command.args(["run", "--format", "json", "--project"]).arg(&project.file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    tracing::info!("a run begins");
    match tokio::task::spawn_blocking(move || command.output()).await {
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            match (output.status.success(), said.trim()) {
                (true, "") => tracing::info!("the run is done"),
                (true, said) => tracing::warn!("the run is done: {said}"),
                (false, said) => tracing::error!(status = %output.status, "the run failed: {said}"),
            }
        }
        Ok(Err(error)) => tracing::error!(%error, "the run could not be started"),
        Err(error) => tracing::error!(%error, "the run is out of sight"),
    }
}

/// Takes persons who were erased by the API out of the snapshots. At the end a search breaks off; the next one begins anew.
async fn redact(project: Project, store: Store, turn: Arc<Mutex<()>>, ended: impl Future<Output = ()>) {
    tokio::select! {
        () = redact_when_erased(&project, &store, &turn) => {}
        () = ended => {}
    }
}

async fn redact_when_erased(project: &Project, store: &Store, turn: &Mutex<()>) {
    // Snapshots that cannot be redacted are told of once for each erasure, and by every run.
    let mut searched_for = String::new();
    loop {
        if let Err(error) = redact_if_erased(project, store, turn, &mut searched_for).await {
            tracing::warn!(%error, "snapshots could not be searched for erased persons; they are searched again");
        }
        tokio::time::sleep(REDACT_EVERY).await;
    }
}

async fn redact_if_erased(
    project: &Project,
    store: &Store,
    turn: &Mutex<()>,
    searched_for: &mut String,
) -> Result<()> {
    let _turn = turn.lock().await;
    let mark = store.erasures_mark().await?;
    if mark == *searched_for || mark == project.snapshots().searched_for()? {
        return Ok(());
    }
    let searched = project.clone();
    match tokio::task::spawn_blocking(move || redact_snapshots(&searched, Timestamp::now())).await? {
        // A run that was not begun here searches them itself when it is done.
        Err(perennial_project::Error::Busy { .. }) => {}
        found => {
            *searched_for = mark;
            for NotRedacted { snapshot, problem } in found? {
                tracing::warn!(snapshot, problem, "a snapshot may still name an erased person");
            }
        }
    }
    Ok(())
}

/// Lets the content of old events go, as `[privacy]` says.
async fn forget(project: Project, store: Store, ended: impl Future<Output = ()>) {
    let Some(days) = project.sections.privacy.keep_event_payloads else { return ended.await };
    tokio::pin!(ended);
    loop {
        let kept = jiff::SignedDuration::from_secs_f64(days * 86_400.0);
        if let Ok(before) = Timestamp::now().checked_sub(kept) {
            match store.forget_payloads(before).await {
                Ok(0) => {}
                Ok(events) => tracing::info!(events, "the content of old events was forgotten"),
                Err(error) => tracing::warn!(%error, "the content of old events could not be forgotten"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(FORGET_EVERY) => {}
            () = &mut ended => return,
        }
    }
}

/// Done when the process is told to end: by Ctrl-C or, where there is such a thing, by SIGTERM.
async fn told_to_end() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "Ctrl-C cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
