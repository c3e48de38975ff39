//! The figures and their targets.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;

use super::cost::Cost;
use crate::usage::CpuTimes;

/// The maximum p99 of every path, in milliseconds.
const P99_TARGET: f64 = 15.0;
/// The maximum memory of the four idle roles together, in MiB.
const IDLE_TARGET: u64 = 150;
/// Columns of CPU time.
const PROCESSES: [&str; 6] = ["gateway", "identity", "tenant", "billing", "postgres", "client"];

/// One path under load.
#[derive(Clone, Debug)]
pub struct Row {
    name: String,
    rate: f64,
    target: Option<f64>,
    p50: f64,
    p99: f64,
    /// Microseconds per request, by process.
    cpu: BTreeMap<&'static str, f64>,
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "figures for people to read")]
    pub(super) fn new(
        name: &str,
        target: Option<f64>,
        times: &Histogram<u64>,
        seconds: f64,
        before: &CpuTimes,
        after: &CpuTimes,
    ) -> Self {
        let requests = times.len().max(1) as f64;
        let cpu = after
            .iter()
            .map(|(process, micros)| {
                let used = micros - before.get(process).copied().unwrap_or_default();
                (*process, used as f64 / requests)
            })
            .collect();
        Self {
            name: name.to_owned(),
            rate: times.len() as f64 / seconds,
            target,
            p50: times.value_at_quantile(0.5) as f64 / 1_000.0,
            p99: times.value_at_quantile(0.99) as f64 / 1_000.0,
            cpu,
        }
    }
}

/// All figures.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub(super) users: u64,
    pub(super) costs: Vec<Cost>,
    pub(super) rows: Vec<Row>,
    pub(super) idle: BTreeMap<&'static str, u64>,
    pub(super) loaded: BTreeMap<&'static str, u64>,
    pub(super) billing: Vec<String>,
}

impl Figures {
    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nEach request, warm (target: 1 call from the gateway, 1 transaction)")?;
        writeln!(f, "{:<40} {:>10} {:>11} {:>6}", "", "statements", "round trips", "calls")?;
        for cost in &self.costs {
            let Cost { operation, statements, round_trips, calls } = cost;
            writeln!(f, "{operation:<40} {statements:>10.2} {round_trips:>11.2} {calls:>6.2}")?;
        }
        writeln!(f, "\nUnder load (large: {} people)", self.users)?;
        write!(
            f,
            "{:<40} {:>7} {:>7} {:>6} {:>7} {:>7}  µs of CPU:",
            "", "per s", "target", "met", "p50 ms", "p99 ms"
        )?;
        for process in PROCESSES {
            write!(f, " {process:>8}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            let met = row.target.is_none_or(|target| row.rate >= target) && row.p99 <= P99_TARGET;
            write!(
                f,
                "{:<40} {:>7.0} {:>7.0} {:>6} {:>7.1} {:>7.1}            ",
                row.name,
                row.rate,
                row.target.unwrap_or_default(),
                if met { "yes" } else { "NO" },
                row.p50,
                row.p99
            )?;
            for process in PROCESSES {
                write!(f, " {:>8.0}", row.cpu.get(process).copied().unwrap_or_default())?;
            }
            writeln!(f)?;
        }
        writeln!(f, "p99 target: {P99_TARGET} ms")?;
        writeln!(f, "\nBilling, with the memory of its process afterwards")?;
        for figure in &self.billing {
            writeln!(f, "{figure}")?;
        }
        for (when, memory) in [("idle", &self.idle), ("after the load", &self.loaded)] {
            let parts: Vec<String> = memory.iter().map(|(role, size)| format!("{role} {size}")).collect();
            let sum: u64 = memory.values().sum();
            writeln!(f, "memory {when}: {sum} MiB ({}); target idle: {IDLE_TARGET} MiB", parts.join(", "))?;
        }
        Ok(())
    }
}
