//! File descriptors. Each connection uses one, and the number per process is limited.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The maximum that a process asks for. Some programs that it starts iterate over all possible descriptors.
const MAX_DESCRIPTORS: u64 = 65_536;

/// Raises the process's limit as far as permitted, and returns it.
///
/// # Errors
/// The system does not report the limit.
pub fn raise() -> std::io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = hard.min(MAX_DESCRIPTORS);
    if wanted <= soft {
        return Ok(soft);
    }
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    Ok(wanted)
}

/// The maximum number of connections of each port of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// The gateway's port.
    pub http: usize,
    /// Each gRPC port.
    pub grpc: usize,
    /// The metrics port.
    pub metrics: usize,
}

/// The maximum number of connections of a port.
const MAX_CONNECTIONS: usize = 8_192;
const MAX_METRICS_CONNECTIONS: usize = 128;
/// The minimum: with fewer connections a port is unusable.
const MIN_CONNECTIONS: usize = 16;

/// The limit of the process is too low.
#[derive(Debug, thiserror::Error)]
#[error(
    "the process may have {limit} file descriptors open and needs {needed} or more; raise it with: ulimit -n {needed}"
)]
pub struct TooFew {
    limit: u64,
    needed: u64,
}

impl Shares {
    /// Divides the descriptors that remain after `reserved` (for databases, channels and files): half for the gateway
    /// if there is one, the rest for gRPC.
    ///
    /// # Errors
    /// Too few remain.
    pub fn divide(limit: u64, reserved: u64, serves_http: bool, grpc_ports: u64) -> Result<Self, TooFew> {
        let ports = u64::from(serves_http) + grpc_ports + 1;
        let least = u64::try_from(MIN_CONNECTIONS).unwrap_or(u64::MAX);
        // A connection that is being closed still has its descriptor while the next one is accepted.
        let needed = reserved + ports * (2 * least + 1) * 2;
        if limit < needed {
            return Err(TooFew { limit, needed });
        }
        let free = usize::try_from(limit - reserved).unwrap_or(usize::MAX);
        let metrics = (free / 16).clamp(MIN_CONNECTIONS, MAX_METRICS_CONNECTIONS);
        let free = free - metrics;
        let grpc_ports = usize::try_from(grpc_ports).unwrap_or(usize::MAX);
        let http = if grpc_ports == 0 { free } else { free / 2 };
        let grpc = (if serves_http { free - http } else { free }) / grpc_ports.max(1);
        // A tenth stays free for connections that are being closed.
        let share = |free: usize| (free - free / 10).clamp(MIN_CONNECTIONS, MAX_CONNECTIONS);
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
                let shares = Shares::divide(limit, 160, http, grpc).unwrap();

                let total = if http { shares.http } else { 0 }
                    + shares.grpc * usize::try_from(grpc).unwrap()
                    + shares.metrics;
                assert!(u64::try_from(total).unwrap() + 160 < limit, "{limit}: {shares:?}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_too_low_is_refused_with_the_remedy() {
        let refused = Shares::divide(128, 160, true, 3).unwrap_err().to_string();

        assert!(refused.contains("ulimit -n"), "{refused}");
    }
}
