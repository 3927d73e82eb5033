//! Measures work in bursts, by what this thread's processor time says.
//!
//! A burst is short enough that no queue overflows, and between bursts the other threads get the
//! time that they need: what is measured is what the caller pays, not what the machine's other
//! work costs. The middle of many bursts is what counts; the least of them tells how much of it
//! is noise.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What this thread has used of a processor until now.
#[must_use]
pub fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    // The clock of a thread starts at nothing and never runs backwards.
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The results of one row of the table, in nanoseconds for one unit of work.
#[derive(Debug)]
struct Row {
    group: String,
    name: String,
    bursts: Vec<f64>,
}

/// Collects what each burst took, to print it as a table at the end.
#[derive(Debug, Default)]
pub struct Table {
    rows: Mutex<Vec<Row>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: Mutex::new(Vec::new()) }
    }

    /// Notes the bursts of one sample, and gives back their median.
    pub fn note(&self, group: &str, name: &str, bursts: &[f64]) -> f64 {
        let mut rows = self.rows.lock().unwrap();
        let at = rows.iter().position(|row| row.group == group && row.name == name);
        let at = at.unwrap_or_else(|| {
            rows.push(Row { group: group.into(), name: name.into(), bursts: Vec::new() });
            rows.len() - 1
        });
        rows[at].bursts.extend(bursts);
        quantile(bursts, 0.5)
    }

    /// The table as Markdown: for each row its median, its least, and how it stands to the first
    /// row of its group.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let rows = self.rows.lock().unwrap();
        let mut text = String::new();
        let mut base = ("", 0.0);
        for row in rows.iter() {
            let (median, least) = (quantile(&row.bursts, 0.5), quantile(&row.bursts, 0.0));
            if base.0 != row.group {
                base = (&row.group, median);
                let _ = writeln!(text, "\n| {} | median ns | least ns | × first |", row.group);
                let _ = writeln!(text, "|---|---:|---:|---:|");
            }
            let ratio = median / base.1;
            let _ = writeln!(text, "| {} | {median:.1} | {least:.1} | {ratio:.2} |", row.name);
        }
        text
    }
}

/// The value below which this share of the values lies.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}
