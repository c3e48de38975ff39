//! Resource usage of processes, from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;

use crate::stack::Processes;
use crate::stack::processes::ROLES;

/// Clock ticks per second in the kernel's accounting (`USER_HZ`, 100 on every Linux).
const TICKS_A_SECOND: u64 = 100;
/// The page size on the measured platforms.
const PAGE_KIB: u64 = 4;

/// CPU time in microseconds by process: the roles, `postgres` with all its backends, `client`.
pub type CpuTimes = BTreeMap<&'static str, u64>;

/// Reads the CPU times so far.
///
/// # Errors
/// A process is not running.
pub fn cpu(processes: &Processes) -> anyhow::Result<CpuTimes> {
    let mut times = CpuTimes::new();
    for role in ROLES {
        let pid = processes.pid(role).with_context(|| format!("{role} does not run"))?;
        times.insert(role, Process::read(pid)?.micros());
    }
    let server = processes.postgres_pid().context("PostgreSQL is not running")?;
    let mut postgres = Process::read(server)?.micros();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the two steps.
        if let Ok(process) = Process::read(pid)
            && process.parent == server
        {
            postgres += process.micros();
        }
    }
    times.insert("postgres", postgres);
    times.insert("client", Process::read(std::process::id())?.micros());
    Ok(times)
}

/// The resident memory of each role, in MiB.
///
/// # Errors
/// A role is not running.
pub fn memory(processes: &Processes) -> anyhow::Result<BTreeMap<&'static str, u64>> {
    let mut resident = BTreeMap::new();
    for role in ROLES {
        let pid = processes.pid(role).with_context(|| format!("{role} does not run"))?;
        let text = fs::read_to_string(format!("/proc/{pid}/statm"))?;
        let pages: u64 = text.split(' ').nth(1).context("statm")?.parse()?;
        resident.insert(role, pages * PAGE_KIB / 1_024);
    }
    Ok(resident)
}

/// Resets the peak memory of a role, so that [`peak`] measures from now on.
///
/// # Errors
/// The role is not running.
pub fn reset_peak(processes: &Processes, role: &str) -> anyhow::Result<()> {
    let pid = processes.pid(role).with_context(|| format!("{role} does not run"))?;
    // proc(5): 5 resets the peak resident set size.
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("clear_refs")
}

/// The peak of a role's resident memory, in MiB.
///
/// # Errors
/// The role is not running.
pub fn peak(processes: &Processes, role: &str) -> anyhow::Result<u64> {
    let pid = processes.pid(role).with_context(|| format!("{role} does not run"))?;
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1_024)
}

/// Fields of `/proc/<pid>/stat` (proc(5)).
struct Process {
    parent: u32,
    ticks: u64,
}

impl Process {
    fn read(pid: u32) -> anyhow::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The command may contain spaces and parentheses; the fields after it don't.
        let fields: Vec<&str> = text.rsplit_once(") ").context("stat")?.1.split(' ').collect();
        let field = |number: usize| fields.get(number).context("stat")?.parse::<u64>().context("stat");
        // utime and stime, also of children that have ended.
        let ticks = field(11)? + field(12)? + field(13)? + field(14)?;
        Ok(Self { parent: u32::try_from(field(1)?)?, ticks })
    }

    fn micros(&self) -> u64 {
        self.ticks * 1_000_000 / TICKS_A_SECOND
    }
}
