//! Chooses the transport by which a page follows the server: a WebSocket; Server-Sent Events if a
//! proxy lets no WebSocket through; polling if a proxy holds those back, too, or the server has no
//! capacity for another observer. Pure.

/// A transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    WebSocket,
    /// Server-Sent Events.
    Events,
    /// Requesting the whole state repeatedly.
    Polling(Obstacle),
}

/// Why a page has to poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A proxy between the page and the server lets no stream through.
    HeldBack,
    /// The server has no capacity for another observer.
    Crowded,
}

/// Failures of the WebSocket, while the server answers otherwise, after which the next transport is
/// tried. A single failure may be caused by a restart of the server.
pub const REFUSALS: u32 = 2;

/// Chooses the transport by the outcomes of the previous ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ladder {
    way: Way,
    refusals: u32,
}

impl Ladder {
    pub fn way(self) -> Way {
        self.way
    }

    /// The transport was of use, and ended.
    pub fn ended(&mut self) {
        self.refusals = match self.way {
            Way::WebSocket => 0,
            // Try the best transport once more; a single failure then leads back to the next one.
            Way::Events | Way::Polling(_) => REFUSALS - 1,
        };
        self.way = Way::WebSocket;
    }

    /// The server answers, but this transport does not open or delivers nothing.
    pub fn refused(&mut self) {
        match self.way {
            Way::WebSocket => {
                self.refusals += 1;
                if self.refusals >= REFUSALS {
                    self.way = Way::Events;
                }
            }
            Way::Events | Way::Polling(_) => self.way = Way::Polling(Obstacle::HeldBack),
        }
    }

    /// The server has no capacity for another observer.
    pub fn crowded(&mut self) {
        self.way = Way::Polling(Obstacle::Crowded);
    }

    /// The server does not answer at all. Start over, because the network may have changed when it
    /// does.
    pub fn away(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_step_down_one_transport_and_a_working_one_starts_again_at_the_top() {
        let mut ladder = Ladder::default();
        ladder.refused();
        assert_eq!(ladder.way(), Way::WebSocket, "once may be a restart");
        ladder.refused();
        assert_eq!(ladder.way(), Way::Events);
        ladder.refused();
        assert_eq!(ladder.way(), Way::Polling(Obstacle::HeldBack));
        ladder.ended();
        assert_eq!(ladder.way(), Way::WebSocket);
        ladder.refused();
        assert_eq!(ladder.way(), Way::Events, "it is known already");
        ladder.ended();
        ladder.ended();
        ladder.refused();
        assert_eq!(ladder.way(), Way::WebSocket, "a WebSocket was of use in between");
    }

    #[test]
    fn a_crowded_server_is_polled_and_an_unreachable_one_resets_the_ladder() {
        let mut ladder = Ladder::default();
        ladder.refused();
        ladder.refused();
        ladder.crowded();
        assert_eq!(ladder.way(), Way::Polling(Obstacle::Crowded));
        ladder.away();
        assert_eq!(ladder.way(), Way::WebSocket);
        ladder.refused();
        assert_eq!(ladder.way(), Way::WebSocket);
    }
}
