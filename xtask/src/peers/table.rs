//! The table of a run, in Markdown.

use super::program::Measured;

/// One comparison.
#[derive(Debug)]
pub(super) struct Row {
    /// What was computed, at what size.
    pub(super) case: String,
    /// Who else computed it; `None` when Perennial ran alone.
    pub(super) peer: Option<Side>,
    /// Perennial.
    pub(super) ours: Side,
    /// What is to be reached.
    pub(super) goal: Goal,
    /// How far the two results agree.
    pub(super) agreement: String,
}

/// What one side used.
#[derive(Debug)]
pub(super) struct Side {
    /// Its name.
    pub(super) name: &'static str,
    /// CPU seconds of the work alone.
    pub(super) work: f64,
    /// How much was got for it; ratios are of CPU seconds per unit of it. 1 where both sides compute the same.
    pub(super) got: f64,
    /// CPU seconds of the whole process.
    pub(super) process: f64,
    /// Peak resident memory of the process in MiB.
    pub(super) peak: f64,
}

impl Side {
    /// What a program used, the work alone under the name `work`.
    pub(super) fn new(name: &'static str, measured: &Measured, work: &str) -> anyhow::Result<Self> {
        Ok(Self {
            name,
            work: measured.number(work)?,
            got: 1.0,
            process: measured.number("process_cpu")?,
            peak: measured.number("process_peak")?,
        })
    }
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// At least this many times less CPU for the work than the peer.
    TimesLessCpu(f64),
    /// Less CPU for the work than this, in seconds.
    CpuBelow(f64),
    /// Nothing: the figure is to be known.
    None,
    /// A peak of memory below this, in MiB.
    PeakBelow(f64),
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        let cost = |side: &Side| side.work / side.got;
        self.peer.as_ref().map(|peer| cost(peer) / cost(&self.ours))
    }

    fn goal(&self) -> String {
        let (text, reached) = match self.goal {
            Goal::TimesLessCpu(times) => {
                (format!(">= {times}x"), self.ratio().is_some_and(|ratio| ratio >= times))
            }
            Goal::CpuBelow(limit) => (format!("< {limit} s"), self.ours.work < limit),
            Goal::None => return "-".to_owned(),
            Goal::PeakBelow(limit) => (format!("peak < {limit:.0} MiB"), self.ours.peak < limit),
        };
        format!("{text}, {}", if reached { "reached" } else { "missed" })
    }
}

/// All rows as a Markdown table.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut table = String::from(
        "| case | peer | work, CPU s: peer | Perennial | ratio | goal | process, CPU s: peer | Perennial | peak MiB: peer | Perennial | agreement |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let peer = |value: fn(&Side) -> String| row.peer.as_ref().map_or_else(|| "-".to_owned(), value);
        let cells = [
            row.case.clone(),
            peer(|side| side.name.to_owned()),
            peer(|side| seconds(side.work)),
            seconds(row.ours.work),
            row.ratio().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}")),
            row.goal(),
            peer(|side| seconds(side.process)),
            seconds(row.ours.process),
            peer(|side| format!("{:.0}", side.peak)),
            format!("{:.0}", row.ours.peak),
            row.agreement.clone(),
        ];
        table.push_str("| ");
        table.push_str(&cells.join(" | "));
        table.push_str(" |\n");
    }
    table
}

fn seconds(value: f64) -> String {
    if value < 1.0 { format!("{value:.4}") } else { format!("{value:.2}") }
}
