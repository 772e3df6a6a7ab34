//! The messages between the server and the engine's child process, and their framing.
//!
//! A frame is its length (4 bytes, little endian) and that many bytes of JSON, over the child's
//! standard input and output. Both ends are the same build of the same program, so no version has
//! to be compatible with another: [`PROTOCOL`] only detects when they are not the same build.

use std::io::{self, Read, Write};

use protocol::api::{InputMessage, Sampling};
use protocol::{Effort, Finish, Progress, Usage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The child sends this first. Change it whenever the messages change.
pub const PROTOCOL: &str = concat!("companion-infer/5 ", env!("CARGO_PKG_VERSION"));

/// The most bytes in one frame. A larger conversation is cut before it is sent.
pub const FRAME_BYTES: usize = 16 * 1024 * 1024;

/// The number of a request; the server counts from 1 upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// A message from the server to the child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToChild {
    /// The first message, sent once. Answered by `Sandboxed` and then `Loaded` or `NotLoaded`.
    Load(Load),
    /// The first message instead of `Load`: the child enters its sandbox without a model, answers
    /// with `Sandboxed` and exits.
    EnterSandbox,
    /// Answered by `Began`?, any of `Reading`, `Text`, `Reasoning`, `TextWasReasoning`, and one of
    /// `Finished`, `Failed`, `Halted`.
    Generate(Generate),
    /// Ends the job at the next token or chunk of the prompt. Stopping a job that has ended, or is
    /// not known yet, is no error.
    Stop {
        /// The number of the job to end.
        job: JobId,
    },
    /// Makes the child exit.
    Leave,
}

/// The model to load, and how to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The absolute path of the GGUF file.
    pub model_file: String,
    /// The window for prompt and answer together. The child takes less if the model was trained for
    /// less.
    pub context_tokens: u32,
    /// The number of conversations whose tokens stay in the engine's cache. The child takes fewer if
    /// the machine's memory is short.
    pub conversations: u32,
    /// The threads that write the answer.
    pub threads: u32,
    /// The threads that read the prompt.
    pub prompt_threads: u32,
    /// The tokens of the window that the conversation leaves free for the answer.
    pub reserve_tokens: u32,
    /// The most tokens in one answer, if the job's sampling sets no other limit.
    pub max_answer_tokens: u32,
    /// Whether the child must not load the model if a wall of its sandbox is missing.
    pub require_sandbox: bool,
}

/// The walls that keep the child from doing harm if a malicious model file takes it over. Each is
/// described for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// The walls in force.
    pub in_force: Vec<String>,
    /// The walls that this system does not have, each with the reason.
    pub missing: Vec<String>,
    /// What an older kernel leaves out, but another wall in force denies as well.
    pub single: Vec<String>,
}

/// A request for one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    /// The number by which all further messages name this request.
    pub job: JobId,
    /// The rendered system prompt; empty if there is none.
    pub system: String,
    /// Oldest first. The child leaves out messages from the front that do not fit the window.
    pub messages: Vec<InputMessage>,
    /// For absent parameters the engine's defaults apply.
    pub sampling: Sampling,
    /// The reasoning effort; `None` leaves it to the model's chat template.
    pub effort: Option<Effort>,
    /// Whether the chat template may include the thinking of earlier answers.
    pub send_reasoning: bool,
}

/// A message from the child to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromChild {
    /// The first message.
    Hello {
        /// The child's [`PROTOCOL`]; the server ends a child that has another one.
        protocol: String,
    },
    /// The child is in its sandbox. From here on it parses the model file.
    Sandboxed(Sandbox),
    /// The model is ready to answer.
    Loaded {
        /// The window that the engine really allocated.
        window_tokens: u32,
        /// The number of conversations that the engine's cache has room for.
        conversations: u32,
        /// The time from the request to load until now, in milliseconds.
        load_ms: u64,
    },
    /// The model cannot be used; the child exits.
    NotLoaded {
        /// The kind of problem, for the words that people see.
        why: NotLoaded,
        /// The engine's own words, for the log and not for people.
        detail: String,
    },
    /// The prompt fits and is being read. `rendered` is the prompt as the chat template made it,
    /// and `reasoning` tells whether the thinking of earlier answers is in it.
    Began {
        /// The job that began.
        job: JobId,
        /// The number of messages left out from the front.
        left_out: u32,
        /// The prompt in the form in which it is stored, which `model_io::rendered` reads.
        rendered: String,
        /// Whether the template included any thinking.
        reasoning: bool,
    },
    /// How much of the prompt has been read.
    Reading {
        /// The job whose prompt is being read.
        job: JobId,
        /// The newest report; at most a few each second.
        progress: Progress,
    },
    /// A piece of the answer: whole characters, at least one.
    Text {
        /// The job that wrote it.
        job: JobId,
        /// Follows all earlier text of the job without a separator.
        text: String,
    },
    /// A piece of the model's thinking: whole characters, at least one.
    Reasoning {
        /// The job that wrote it.
        job: JobId,
        /// Follows all earlier thinking of the job without a separator.
        text: String,
    },
    /// All text so far was thinking.
    TextWasReasoning {
        /// The job whose text becomes thinking.
        job: JobId,
    },
    /// The model has finished its answer.
    Finished {
        /// The job that ended.
        job: JobId,
        /// Whether the model ended by itself or reached a limit.
        finish: Finish,
        /// The tokens of the prompt and the answer, counted by the engine.
        usage: Usage,
    },
    /// The job failed; the child takes further jobs.
    Failed {
        /// The job that ended.
        job: JobId,
        /// The kind of problem, for the words that people see.
        why: Failure,
    },
    /// The job was stopped.
    Halted {
        /// The job that ended.
        job: JobId,
    },
}

/// Why a model cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotLoaded {
    /// A wall of the sandbox is missing, and `require_sandbox` is set.
    Sandbox,
    /// The engine refused the file.
    Refused,
    /// The file holds no chat template, or one that does not parse.
    Template,
    /// The engine could not allocate the context.
    Context,
}

/// Why a job failed. `detail` is for the log and not for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The newest message does not fit the window.
    TooLong {
        /// The tokens that the newest message takes.
        needed: u32,
        /// The tokens that the window leaves for messages.
        room: u32,
    },
    /// The model's template refused the conversation.
    Template {
        /// The template engine's own words.
        detail: String,
    },
    /// The engine reported a fault.
    Engine {
        /// The engine's own words.
        detail: String,
    },
}

/// A line of the child's standard error, as JSON. A line of another form, such as the engine's last
/// message before an abort, is forwarded unchanged.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The level at which the server logs the line.
    pub level: LineLevel,
    /// One line without its line break, as the engine wrote it.
    pub text: String,
}

/// The severity of a line. What the engine logs as information only helps to find a fault, so it is
/// `Debug` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineLevel {
    /// Only for finding a fault.
    Debug,
    /// The engine's warnings and errors.
    Warn,
}

/// Reading or writing a frame failed.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The other process is gone, or the system failed to read or write.
    #[error("the pipe cannot be read or written")]
    Pipe(#[source] io::Error),
    /// The frame's length exceeds [`FRAME_BYTES`]; the pipe cannot be used any further.
    #[error("a frame of {0} bytes is larger than the limit")]
    TooLarge(usize),
    /// The bytes of the frame are not the JSON of the expected message.
    #[error("a frame does not contain a valid message")]
    NotAMessage(#[source] serde_json::Error),
}

/// Reads one message; `None` at the end of the stream.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> Result<Option<T>, WireError> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done.map_err(WireError::Pipe)?,
    }
    let mut body = vec![0; frame_length(length)?];
    from.read_exact(&mut body).map_err(WireError::Pipe)?;
    serde_json::from_slice(&body).map(Some).map_err(WireError::NotAMessage)
}

/// Writes one message and flushes.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> Result<(), WireError> {
    to.write_all(&encode(message)?).and_then(|()| to.flush()).map_err(WireError::Pipe)
}

/// A message as it is sent over the pipe, with its length before it.
pub fn encode(message: &impl Serialize) -> Result<Vec<u8>, WireError> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message).map_err(WireError::NotAMessage)?;
    let length = frame.len() - 4;
    if length > FRAME_BYTES {
        return Err(WireError::TooLarge(length));
    }
    let prefix = u32::try_from(length).map_err(|_| WireError::TooLarge(length))?;
    frame[..4].copy_from_slice(&prefix.to_le_bytes());
    Ok(frame)
}

/// Parses the first four bytes of a frame: the number of bytes that follow. Error: more than
/// [`FRAME_BYTES`].
pub fn frame_length(length: [u8; 4]) -> Result<usize, WireError> {
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES { Err(WireError::TooLarge(length)) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_round_trip_and_the_stream_ends() {
        let job = JobId(7);
        let sent = [
            FromChild::Hello { protocol: PROTOCOL.into() },
            FromChild::Text { job, text: "a\n\"日本\0".into() },
            FromChild::Reasoning { job, text: "hm".into() },
            FromChild::TextWasReasoning { job },
            FromChild::Failed { job, why: Failure::TooLong { needed: 9, room: 3 } },
        ];
        let mut pipe = Vec::new();
        for message in &sent {
            write(&mut pipe, message).unwrap();
        }
        let mut pipe = pipe.as_slice();
        for message in sent {
            assert_eq!(read::<FromChild>(&mut pipe).unwrap(), Some(message));
        }
        assert_eq!(read::<FromChild>(&mut pipe).unwrap(), None);
    }

    #[test]
    fn invalid_frames_are_errors() {
        let noise = b"printf says hello to the world";
        assert!(matches!(read::<FromChild>(&mut &noise[..]), Err(WireError::TooLarge(_))));
        let cut = [9, 0, 0, 0, b'"'];
        assert!(matches!(read::<FromChild>(&mut &cut[..]), Err(WireError::Pipe(_))));
        let wrong = [2, 0, 0, 0, b'"', b'"'];
        assert!(matches!(read::<FromChild>(&mut &wrong[..]), Err(WireError::NotAMessage(_))));
    }
}
