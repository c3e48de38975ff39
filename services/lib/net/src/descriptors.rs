//! File descriptors: each connection takes one, and a process may have only so many.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// More than this a process does not ask for: what is started by it may walk over all of them.
const WANTED: u64 = 65_536;

/// Raises the process's limit as far as it may, and gives it.
///
/// # Errors
/// The system does not say.
pub fn raise() -> std::io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = hard.min(WANTED);
    if wanted <= soft {
        return Ok(soft);
    }
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    Ok(wanted)
}

/// How many connections each port of a process may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The port of the gateway.
    pub http: usize,
    /// Each port of gRPC.
    pub grpc: usize,
    /// The port of the metrics.
    pub metrics: usize,
}

/// Most connections of a port.
const MOST: usize = 8_192;
const MOST_METRICS: usize = 128;
/// With fewer a port is of no use.
const LEAST: usize = 16;

/// The process may not open enough.
#[derive(Debug, thiserror::Error)]
#[error(
    "the process may have {limit} file descriptors open and needs {needed} or more; raise it with: ulimit -n {needed}"
)]
pub struct TooFew {
    limit: u64,
    needed: u64,
}

impl Shares {
    /// Divides what a limit leaves beside what is reserved for databases, channels and files: half for the
    /// gateway, where there is one, the rest for gRPC.
    ///
    /// # Errors
    /// It does not leave enough.
    pub fn of(limit: u64, reserved: u64, serves_http: bool, grpc_ports: u64) -> Result<Self, TooFew> {
        let ports = u64::from(serves_http) + grpc_ports + 1;
        let least = u64::try_from(LEAST).unwrap_or(u64::MAX);
        // A connection that is being closed still has its descriptor while the next one is accepted.
        let needed = reserved + ports * (2 * least + 1) * 2;
        if limit < needed {
            return Err(TooFew { limit, needed });
        }
        let free = usize::try_from(limit - reserved).unwrap_or(usize::MAX);
        let metrics = (free / 16).clamp(LEAST, MOST_METRICS);
        let free = free - metrics;
        let grpc_ports = usize::try_from(grpc_ports).unwrap_or(usize::MAX);
        let http = if grpc_ports == 0 { free } else { free / 2 };
        let grpc = (if serves_http { free - http } else { free }) / grpc_ports.max(1);
        // A tenth stays free for connections that are on their way out.
        let share = |free: usize| (free - free / 10).clamp(LEAST, MOST);
        Ok(Self { http: share(http), grpc: share(grpc), metrics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shares_and_the_reserve_together_stay_below_the_limit() {
        for limit in [512, 1_024, 4_096, 65_536] {
            for (http, grpc) in [(true, 3), (true, 0), (false, 1)] {
                let shares = Shares::of(limit, 160, http, grpc).unwrap();

                let total = if http { shares.http } else { 0 }
                    + shares.grpc * usize::try_from(grpc).unwrap()
                    + shares.metrics;
                assert!(u64::try_from(total).unwrap() + 160 < limit, "{limit}: {shares:?}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_too_low_is_refused_with_the_way_out() {
        let refused = Shares::of(128, 160, true, 3).unwrap_err().to_string();

        assert!(refused.contains("ulimit -n"), "{refused}");
    }
}
