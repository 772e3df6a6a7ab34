//! What can happen. A number chooses among what there is at that moment; what makes no sense
//! then is skipped.

use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// A new message, with the newest one as its parent or another.
    Send {
        worker: u8,
        parent: Option<u8>,
    },
    /// Another version of a message of before.
    Edit {
        worker: u8,
        message: u8,
    },
    /// Another answer to one.
    AskAgain {
        worker: u8,
        message: u8,
    },
    /// An answer of before, gone on with.
    Continue {
        worker: u8,
        answer: u8,
    },
    /// A request of before, once more.
    Resend {
        worker: u8,
        request: u8,
    },
    /// An id of before with another text.
    Steal {
        worker: u8,
        request: u8,
    },
    /// Two clients at once.
    Race {
        worker: u8,
    },
    /// The provider stands in a queue.
    Wait {
        worker: u8,
    },
    /// The provider speaks; it begins first where it has not.
    Say {
        worker: u8,
        pieces: u8,
    },
    Finish {
        worker: u8,
    },
    /// The provider fails, in a way that may pass or not.
    Fail {
        worker: u8,
        passes: bool,
    },
    /// The pause before a further attempt is over.
    PauseOver,
    /// Somebody asks for the end, and the provider obeys in one of its ways.
    Cancel {
        worker: u8,
        late: u8,
        end: End,
    },
    /// Every provider says nothing for too long.
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
    /// Writes fail with nothing stored.
    StoreFails,
    /// Writes are stored and fail all the same.
    AnswersAreLost,
    StoreHeals,
    /// The process ends, at once.
    Crash,
    /// The process ends after a message was on its way for so long.
    CrashInSend {
        worker: u8,
        polls: u8,
    },
    /// The process ends in order.
    Restart {
        end: End,
    },
    /// An observer goes away with its cursor.
    Leave {
        worker: u8,
    },
    /// Those that went away go on.
    Return,
    /// Long enough for actors without work to leave.
    Idle,
}

/// How a provider that was told to stop answers.
#[derive(Clone, Copy, Debug)]
pub enum End {
    Halts,
    Finishes,
    Fails,
    Vanishes,
}

pub fn operations() -> impl Strategy<Value = Vec<Operation>> {
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
