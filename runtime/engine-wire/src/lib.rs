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
pub const PROTOCOL: &str = concat!("companion-infer/3 ", env!("CARGO_PKG_VERSION"));

/// The most bytes in one frame. A larger conversation is cut before it is sent.
pub const FRAME_BYTES: usize = 16 * 1024 * 1024;

/// The number of a request; the server counts from 1 upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u64);

/// A message from the server to the child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToChild {
    /// Must be the first message, and is sent once.
    Load(Load),
    /// Answered by `Began`?, any of `Reading`, `Text`, `Reasoning`, `TextWasReasoning`, and one of
    /// `Finished`, `Failed`, `Halted`.
    Generate(Generate),
    /// Ends the job at the next token or chunk of the prompt. Stopping a job that has ended, or is
    /// not known yet, is no error.
    Stop { job: JobId },
    /// Makes the child exit.
    Leave,
}

/// The model to load, and how to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    pub model_file: String,
    pub context_tokens: u32,
    pub threads: u32,
    pub prompt_threads: u32,
    pub reserve_tokens: u32,
    pub max_answer_tokens: u32,
}

/// A request for one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generate {
    pub job: JobId,
    pub system: String,
    pub messages: Vec<InputMessage>,
    pub sampling: Sampling,
    pub effort: Option<Effort>,
    pub send_reasoning: bool,
}

/// A message from the child to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromChild {
    /// The first message.
    Hello { protocol: String },
    /// The model is ready to answer.
    Loaded { window_tokens: u32, load_ms: u64 },
    /// The model cannot be used; the child exits.
    NotLoaded { why: NotLoaded, detail: String },
    /// The prompt fits and is being read. `rendered` is the prompt as the chat template made it,
    /// and `reasoning` tells whether the thinking of earlier answers is in it.
    Began { job: JobId, left_out: u32, rendered: String, reasoning: bool },
    /// How much of the prompt has been read.
    Reading { job: JobId, progress: Progress },
    /// A piece of the answer: whole characters, at least one.
    Text { job: JobId, text: String },
    /// A piece of the model's thinking: whole characters, at least one.
    Reasoning { job: JobId, text: String },
    /// All text so far was thinking.
    TextWasReasoning { job: JobId },
    /// The model has finished its answer.
    Finished { job: JobId, finish: Finish, usage: Usage },
    /// The job failed; the child takes further jobs.
    Failed { job: JobId, why: Failure },
    /// The job was stopped.
    Halted { job: JobId },
}

/// Why a model cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotLoaded {
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
    TooLong { needed: u32, room: u32 },
    /// The model's template refused the conversation.
    Template { detail: String },
    /// The engine reported a fault.
    Engine { detail: String },
}

/// A line of the child's standard error, as JSON. A line of another form, such as the engine's last
/// message before an abort, is forwarded unchanged.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub level: LineLevel,
    pub text: String,
}

/// The severity of a line. What the engine logs as information only helps to find a fault, so it is
/// `Debug` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineLevel {
    Debug,
    Warn,
}

/// Reading or writing a frame failed.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("the pipe cannot be read or written")]
    Pipe(#[source] io::Error),
    #[error("a frame of {0} bytes is larger than the limit")]
    TooLarge(usize),
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
