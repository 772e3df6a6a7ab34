//! The operations of the tests. Their numbers choose among the existing items; an operation that is
//! not possible is skipped.

use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// Sends a new message, which follows the newest one or another.
    Send {
        worker: u8,
        parent: Option<u8>,
    },
    /// Sends an edited version of an earlier message.
    Edit {
        worker: u8,
        message: u8,
    },
    /// Asks for another answer to an earlier message.
    AskAgain {
        worker: u8,
        message: u8,
    },
    /// Continues an earlier answer.
    Continue {
        worker: u8,
        answer: u8,
    },
    /// Repeats an earlier request.
    Resend {
        worker: u8,
        request: u8,
    },
    /// Sends another text under an earlier id.
    Steal {
        worker: u8,
        request: u8,
    },
    /// Sends from two clients at once.
    Race {
        worker: u8,
    },
    /// The provider reports that the request waits in a queue.
    Wait {
        worker: u8,
    },
    /// The provider sends text; if necessary, it begins first.
    Say {
        worker: u8,
        pieces: u8,
    },
    Finish {
        worker: u8,
    },
    /// The provider fails with an error that may pass or not.
    Fail {
        worker: u8,
        passes: bool,
    },
    /// The pause before the next attempt ends.
    PauseOver,
    /// A client cancels, and the provider halts in one of its ways.
    Cancel {
        worker: u8,
        late: u8,
        end: End,
    },
    /// All providers are silent for too long.
    Silence {
        end: End,
    },
    Rename {
        worker: u8,
    },
    Create,
    Delete {
        worker: u8,
        end: End,
    },
    /// From now on writes fail, and nothing is stored.
    StoreFails,
    /// From now on writes are stored but return errors.
    AnswersAreLost,
    StoreHeals,
    /// The process dies at once.
    Crash,
    /// The process dies after a message was sent and polled this many times.
    CrashInSend {
        worker: u8,
        polls: u8,
    },
    /// The process shuts down in order and starts again.
    Restart {
        end: End,
    },
    /// An observer disconnects and keeps its cursor.
    Leave {
        worker: u8,
    },
    /// Disconnected observers resume.
    Return,
    /// Enough time passes for idle actors to end.
    Idle,
}

/// How a provider reacts when asked to halt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Halts,
    Finishes,
    Fails,
    Vanishes,
}

pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(operation(), 1..40)
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let end = || prop::sample::select(vec![End::Halts, End::Finishes, End::Fails, End::Vanishes]);
    let worker = || any::<u8>();
    prop_oneof![
        12 => (worker(), prop::option::weighted(0.2, any::<u8>()))
            .prop_map(|(worker, parent)| Send { worker, parent }),
        2 => (worker(), any::<u8>()).prop_map(|(worker, message)| Edit { worker, message }),
        3 => (worker(), any::<u8>()).prop_map(|(worker, message)| AskAgain { worker, message }),
        3 => (worker(), any::<u8>()).prop_map(|(worker, answer)| Continue { worker, answer }),
        4 => (worker(), any::<u8>()).prop_map(|(worker, request)| Resend { worker, request }),
        1 => (worker(), any::<u8>()).prop_map(|(worker, request)| Steal { worker, request }),
        2 => worker().prop_map(|worker| Race { worker }),
        2 => worker().prop_map(|worker| Wait { worker }),
        16 => (worker(), 1..5u8).prop_map(|(worker, pieces)| Say { worker, pieces }),
        7 => worker().prop_map(|worker| Finish { worker }),
        4 => (worker(), any::<bool>()).prop_map(|(worker, passes)| Fail { worker, passes }),
        4 => Just(PauseOver),
        4 => (worker(), 0..3u8, end()).prop_map(|(worker, late, end)| Cancel { worker, late, end }),
        2 => end().prop_map(|end| Silence { end }),
        3 => worker().prop_map(|worker| Rename { worker }),
        1 => Just(Create),
        2 => (worker(), end()).prop_map(|(worker, end)| Delete { worker, end }),
        3 => Just(StoreFails),
        2 => Just(AnswersAreLost),
        5 => Just(StoreHeals),
        3 => Just(Crash),
        2 => (worker(), 0..40u8).prop_map(|(worker, polls)| CrashInSend { worker, polls }),
        2 => end().prop_map(|end| Restart { end }),
        3 => worker().prop_map(|worker| Leave { worker }),
        2 => Just(Return),
        1 => Just(Idle),
    ]
}
