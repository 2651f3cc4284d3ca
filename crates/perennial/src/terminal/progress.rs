//! Progress on the standard error: a bar for whatever takes more than a second, nothing where nobody watches.

use std::io::{IsTerminal, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use perennial_lake::OnProgress;
use perennial_report::Texts;
use perennial_valuation::Stage;

/// Work that is done sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar of the stage that is under way.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    started: Instant,
    texts: Texts,
    bar: Arc<Mutex<Option<Bar>>>,
}

#[derive(Debug)]
struct Bar {
    stage: &'static str,
    bar: ProgressBar,
}

impl Progress {
    /// Nothing shown yet.
    pub(crate) fn new(texts: &Texts) -> Self {
        Self { started: Instant::now(), texts: texts.clone(), bar: Arc::default() }
    }

    /// What the reading of orders calls, in bytes.
    pub(crate) fn of_reading(&self) -> OnProgress {
        let progress = self.clone();
        Arc::new(move |reading| progress.show("read", reading.done, reading.total))
    }

    /// What the valuation calls.
    pub(crate) fn of_stage(&self, stage: Stage, done: u64, total: u64) {
        let stage = match stage {
            Stage::Summarise => "summarise",
            Stage::Select => "select",
            Stage::Fit => "fit",
            Stage::Score => "score",
            Stage::Join => "join",
            Stage::Validate => "validate",
        };
        self.show(stage, done, total);
    }

    /// Moves the bar of a stage, whose text is the message `progress-<stage>`; another stage's bar makes place for it.
    pub(crate) fn show(&self, stage: &'static str, done: u64, total: u64) {
        if self.started.elapsed() < PATIENCE || !stderr().is_terminal() {
            return;
        }
        let mut shown = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.as_ref().is_none_or(|bar| bar.stage != stage) {
            clear(shown.take());
            *shown = Some(Bar { stage, bar: self.new_bar(stage) });
        }
        if let Some(Bar { bar, .. }) = shown.as_ref() {
            bar.set_length(total);
            bar.set_position(done.min(total));
        }
    }

    /// Takes the bar away, before anything else is printed.
    pub(crate) fn clear(&self) {
        clear(self.bar.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn new_bar(&self, stage: &str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {percent:>3} %  {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(self.texts.text(&format!("progress-{stage}")));
        bar
    }
}

fn clear(bar: Option<Bar>) {
    if let Some(Bar { bar, .. }) = bar {
        bar.finish_and_clear();
    }
}
