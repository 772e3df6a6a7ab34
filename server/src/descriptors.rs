//! The limit of file descriptors. Each connection needs one, and so do the database, the model's
//! process, each request to an endpoint and each open file. Shells and systemd start a process with
//! a soft limit of 1024, which it may raise up to the hard limit; the Go runtime does so at every
//! start.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

use crate::config::settings::Http;

/// Descriptors that are kept for everything but connections and observers.
pub const RESERVED: u64 = 256;
/// Connections and observers that are allowed even if the limit leaves no room for them.
const FEWEST: u64 = 8;

/// How many connections and observers there may be at a time. A connection that has become a WebSocket
/// counts as an observer and not as a connection any more, so both need descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Connections that are no WebSockets.
    pub connections: u64,
    /// Observers.
    pub observers: u64,
}

impl Room {
    /// As many as the settings say.
    pub fn wanted(http: &Http) -> Self {
        Self { connections: http.max_connections.get(), observers: http.max_observers.get() }
    }

    /// Those, or fewer where the limit of file descriptors leaves less room. Raises the limit if
    /// necessary and possible.
    pub fn within_limit(http: &Http) -> Self {
        let wanted = Self::wanted(http);
        let limit = raise(wanted.descriptors() + RESERVED);
        let room = wanted.shrunk(limit.saturating_sub(RESERVED));
        if room != wanted {
            warn!(
                limit,
                connections = room.connections,
                observers = room.observers,
                "too few file descriptors for max_connections and max_observers: raise the limit (ulimit -n)"
            );
        }
        room
    }

    fn descriptors(self) -> u64 {
        self.connections + self.observers
    }

    /// The same shares of fewer descriptors.
    fn shrunk(self, descriptors: u64) -> Self {
        let all = self.descriptors();
        if all <= descriptors {
            return self;
        }
        let share = |wanted: u64| (wanted * descriptors / all).max(wanted.min(FEWEST));
        Self { connections: share(self.connections), observers: share(self.observers) }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_observers_share_what_other_files_leave() {
        for (descriptors, wanted, room) in [
            (1_048_576, (1024, 2048), (1024, 2048)),
            (3072, (1024, 2048), (1024, 2048)),
            // The hard limit of 1024 that some systems have.
            (768, (1024, 2048), (256, 512)),
            (0, (1024, 2048), (FEWEST, FEWEST)),
            (0, (1024, 1), (FEWEST, 1)),
            (65_536, (65_536, 65_536), (32_768, 32_768)),
        ] {
            let room_of = |(connections, observers)| Room { connections, observers };
            assert_eq!(room_of(wanted).shrunk(descriptors), room_of(room), "{descriptors}");
        }
    }
}
