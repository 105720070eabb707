//! How many connections the process's limit of open files allows.

use tracing::{info, warn};

/// The default number of sockets.
const SOCKETS: u64 = 20_000;

/// Plain HTTP connections in addition to the sockets.
const HTTP: u64 = 1000;

/// Other open files: the database and its readers, and the runtime's own.
const BESIDES: u64 = 64;

/// How many connections of each kind are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) sockets: u64,
    pub(crate) http: u64,
}

/// Returns as many as were asked for, or as the system allows. Raises the limit of open
/// files as far as needed and permitted.
pub(crate) fn bounds(asked: Option<u32>) -> Bounds {
    let wanted = asked.map_or(SOCKETS, u64::from);
    // If the limit is unknown, accepts fail when it is reached, and the accept loop survives
    // that.
    let limit = rlimit::increase_nofile_limit(wanted + HTTP + BESIDES).unwrap_or(u64::MAX);
    let bounds = within(limit, wanted);
    if bounds.sockets < wanted {
        let sockets = bounds.sockets;
        if asked.is_some() {
            warn!(
                sockets,
                limit, "fewer sockets than --max-connections: raise the limit of open files (ulimit -n)"
            );
        } else {
            info!(sockets, limit, "the limit of open files (ulimit -n) sets the maximum of sockets");
        }
    }
    bounds
}

fn within(limit: u64, wanted: u64) -> Bounds {
    let http = HTTP.min(limit / 5).max(1);
    let sockets = limit.saturating_sub(http + BESIDES).clamp(1, wanted.max(1));
    Bounds { sockets, http }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_stay_below_the_limit_of_open_files() {
        for limit in [256, 1024, 4096, 20_000, 1 << 20, u64::MAX] {
            let bounds = within(limit, SOCKETS);
            assert!(bounds.sockets + bounds.http + BESIDES <= limit, "{limit}: {bounds:?}");
            assert!(bounds.sockets > bounds.http, "{limit}: {bounds:?}");
        }
    }

    #[test]
    fn what_was_asked_for_is_not_exceeded() {
        assert_eq!(within(u64::MAX, 50), Bounds { sockets: 50, http: HTTP });
        assert_eq!(within(0, 50), Bounds { sockets: 1, http: 1 }, "something must be served");
    }
}
