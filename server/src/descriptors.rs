//! File descriptors: each connection takes one, and so do the database, the model's process, each
//! question to an endpoint and each file. Shells and systemd give a process 1024 to begin with, and
//! more if it asks; the Go runtime asks at every start for the same reason.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

use crate::config::settings::Http;

/// Kept for all that is neither a connection nor an observer.
pub const RESERVED: u64 = 256;
/// Connections for which there is room whatever the limit.
const FEWEST: u64 = 8;

/// How many connections may be open: as many as are configured, if the system lets this process
/// have so many descriptors.
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

/// Asks for a limit of `wanted`; the one that is in force then.
fn raise(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None is no limit.
    let (Some(limit), most) = (current, maximum.unwrap_or(u64::MAX)) else { return u64::MAX };
    let asked = wanted.min(most);
    if limit >= asked {
        return limit;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(asked), maximum }) {
        Ok(()) => asked,
        Err(error) => {
            debug!(%error, "the limit of file descriptors stays as it is");
            limit
        }
    }
}

/// An observer's connection is none of those that are counted, once it is a WebSocket.
fn room(limit: u64, wanted: u64, observers: u64) -> u64 {
    wanted.min(limit.saturating_sub(observers + RESERVED)).max(FEWEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_all_else() {
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
