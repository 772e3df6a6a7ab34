//! The limit of file descriptors. Each connection needs one, and so do the database, the model's
//! process, each request to an endpoint and each open file. Shells and systemd start a process with
//! a soft limit of 1024, which it may raise up to the hard limit; the Go runtime does so at every
//! start.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

use crate::config::settings::Http;

/// Descriptors that are kept for everything but connections and observers.
pub const RESERVED: u64 = 256;
/// Connections that are allowed even if the limit leaves no room for them.
const FEWEST: u64 = 8;

/// How many connections may be open at a time: `max_connections`, or fewer where the limit of file
/// descriptors leaves less room. Raises the limit if necessary and possible.
pub fn room_for_connections(http: &Http) -> usize {
    let (wanted, observers) = (http.max_connections.get(), http.max_observers.get());
    let limit = raise(wanted + observers + RESERVED);
    let room = room(limit, wanted, observers);
    if room < wanted {
        warn!(
            limit,
            wanted,
            room,
            "too few file descriptors for max_connections: raise the limit (ulimit -n)"
        );
    }
    usize::try_from(room).unwrap_or(usize::MAX)
}

/// Raises the soft limit to `wanted`, or as far as the hard limit allows. Returns the limit that is
/// then in force, and `u64::MAX` for none.
fn raise(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` means unlimited.
    let (Some(limit), most) = (current, maximum.unwrap_or(u64::MAX)) else { return u64::MAX };
    let asked = wanted.min(most);
    if limit >= asked {
        return limit;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(asked), maximum }) {
        Ok(()) => asked,
        Err(error) => {
            debug!(%error, "the limit of file descriptors cannot be raised");
            limit
        }
    }
}

/// How many of the `wanted` connections fit. Observers need descriptors besides them: a connection
/// that has become a WebSocket does not count as a connection any more.
fn room(limit: u64, wanted: u64, observers: u64) -> u64 {
    wanted.min(limit.saturating_sub(observers + RESERVED)).max(FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_other_files() {
        for (limit, wanted, observers, connections) in [
            (1_048_576, 1024, 256, 1024),
            (1536, 1024, 256, 1024),
            (1024, 1024, 256, 512),
            (256, 1024, 256, FEWEST),
            (u64::MAX, 65_536, 65_536, 65_536),
        ] {
            assert_eq!(room(limit, wanted, observers), connections, "{limit}");
        }
    }
}
