//! By which way a page follows the server: over a WebSocket; where a proxy lets none through, by
//! Server-Sent Events; and where a proxy holds those back, or the server has no place left for another
//! observer, by asking again and again. Pure.

/// How a page hears of what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    WebSocket,
    /// Server-Sent Events.
    Events,
    /// Asking for the whole state, again and again.
    Polling(Obstacle),
}

/// Why a page has to ask again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Something between the page and the server lets no stream through.
    HeldBack,
    /// Every place for an observer is taken.
    Crowded,
}

/// Failures of a WebSocket, while the server answers otherwise, after which the next way is tried.
/// The first one may be that of a server which is just being started again.
pub const REFUSALS: u32 = 2;

/// Which way is taken, by what became of the ways before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ladder {
    way: Way,
    refusals: u32,
}

impl Ladder {
    pub fn way(self) -> Way {
        self.way
    }

    /// The way was of use, and ended.
    pub fn ended(&mut self) {
        self.refusals = match self.way {
            Way::WebSocket => 0,
            // One more try of the best way, and straight back if it fails.
            Way::Events | Way::Polling(_) => REFUSALS - 1,
        };
        self.way = Way::WebSocket;
    }

    /// The server answers, and this way to it does not open, or brings nothing.
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

    /// The server has no place for another observer.
    pub fn crowded(&mut self) {
        self.way = Way::Polling(Obstacle::Crowded);
    }

    /// The server does not answer at all: what is between may be another when it comes back.
    pub fn away(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_down_one_way_at_a_time_and_begins_at_the_top_again() {
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
    fn a_crowded_server_is_asked_and_one_that_is_away_begins_anew() {
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
