//! What the server and the model's process say to each other, and how it is framed.
//!
//! A frame is its length (4 bytes, little endian) and that many bytes of JSON, over the
//! child's standard input and output. Both ends are the same build of the same program,
//! so there is no compatibility to keep: [`PROTOCOL`] only finds out when they are not.

use std::io::{self, Read, Write};

use protocol::api::{InputMessage, Sampling};
use protocol::{Effort, Finish, Progress, Usage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Said first by the child. Change it with any change of the messages.
pub(super) const PROTOCOL: &str = concat!("companion-infer/3 ", env!("CARGO_PKG_VERSION"));

/// Bytes in one frame at most. A conversation larger than this is cut before it is sent.
pub(super) const FRAME_BYTES: usize = 16 * 1024 * 1024;

/// One request, numbered by the server from 1 upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct JobId(pub(super) u64);

/// From the server to the child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToChild {
    /// The first message; there is no second of it.
    Load(Load),
    /// Answered by `Began`?, any of `Reading`, `Text`, `Reasoning`, `TextWasReasoning`, and one of `Finished`, `Failed`, `Halted`.
    Generate(Generate),
    /// Ends the job at the next token or chunk of the prompt; a job that has ended, or is
    /// not known yet, is no error.
    Stop { job: JobId },
    /// The child ends.
    Leave,
}

/// What to load and how to run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Load {
    pub(super) model_file: String,
    pub(super) context_tokens: u32,
    pub(super) threads: u32,
    pub(super) prompt_threads: u32,
    pub(super) reserve_tokens: u32,
    pub(super) max_answer_tokens: u32,
}

/// One answer to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Generate {
    pub(super) job: JobId,
    pub(super) system: String,
    pub(super) messages: Vec<InputMessage>,
    pub(super) sampling: Sampling,
    pub(super) effort: Option<Effort>,
    pub(super) send_reasoning: bool,
}

/// From the child to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FromChild {
    /// The first message.
    Hello { protocol: String },
    /// The model answers from now on.
    Loaded { window_tokens: u32, load_ms: u64 },
    /// The model cannot be used; the child ends.
    NotLoaded { why: NotLoaded, detail: String },
    /// The prompt fits and is being read. `rendered` is what the chat template made of it, and
    /// `reasoning` whether the thinking of earlier answers is in it.
    Began { job: JobId, left_out: u32, rendered: String, reasoning: bool },
    /// The prompt is read as far as this.
    Reading { job: JobId, progress: Progress },
    /// Whole characters, at least one.
    Text { job: JobId, text: String },
    /// The same of the model's thinking.
    Reasoning { job: JobId, text: String },
    /// All text so far was thinking.
    TextWasReasoning { job: JobId },
    /// The model is done.
    Finished { job: JobId, finish: Finish, usage: Usage },
    /// The job failed; the child goes on.
    Failed { job: JobId, why: Failure },
    /// The job was stopped.
    Halted { job: JobId },
}

/// Why a model cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum NotLoaded {
    /// The engine refused the file.
    Refused,
    /// The file holds no chat template, or one that does not parse.
    Template,
    /// The engine found no memory for the context.
    Context,
}

/// Why a job failed. What is in `detail` is for the log, not for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Failure {
    /// The newest message does not fit the window.
    TooLong { needed: u32, room: u32 },
    /// The model's template refused the conversation.
    Template { detail: String },
    /// The engine reported a fault.
    Engine { detail: String },
}

/// Reading or writing a frame failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the pipe failed")]
    Pipe(#[source] io::Error),
    #[error("a frame of {0} bytes is over the bound")]
    TooLarge(usize),
    #[error("a frame is not a message")]
    NotAMessage(#[source] serde_json::Error),
}

/// Reads one message; none at the end of the stream.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> Result<Option<T>, WireError> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done.map_err(WireError::Pipe)?,
    }
    let mut body = vec![0; checked(length)?];
    from.read_exact(&mut body).map_err(WireError::Pipe)?;
    serde_json::from_slice(&body).map(Some).map_err(WireError::NotAMessage)
}

/// Writes one message and flushes.
pub(super) fn write(to: &mut impl Write, message: &impl Serialize) -> Result<(), WireError> {
    to.write_all(&encode(message)?).and_then(|()| to.flush()).map_err(WireError::Pipe)
}

/// [`read`] for the server's side. Not cancel safe: give it a task of its own.
pub(super) async fn read_async<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<T>, WireError> {
    let mut length = [0; 4];
    match from.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done.map_err(WireError::Pipe)?,
    };
    let mut body = vec![0; checked(length)?];
    from.read_exact(&mut body).await.map_err(WireError::Pipe)?;
    serde_json::from_slice(&body).map(Some).map_err(WireError::NotAMessage)
}

/// [`write`] for the server's side. Not cancel safe: give it a task of its own.
pub(super) async fn write_async(
    to: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> Result<(), WireError> {
    to.write_all(&encode(message)?).await.map_err(WireError::Pipe)?;
    to.flush().await.map_err(WireError::Pipe)
}

fn encode(message: &impl Serialize) -> Result<Vec<u8>, WireError> {
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

fn checked(length: [u8; 4]) -> Result<usize, WireError> {
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

    #[tokio::test]
    async fn both_sides_frame_alike() {
        let mut pipe = Vec::new();
        write_async(&mut pipe, &ToChild::Stop { job: JobId(1) }).await.unwrap();
        assert_eq!(read(&mut pipe.as_slice()).unwrap(), Some(ToChild::Stop { job: JobId(1) }));
        let heard: Option<ToChild> = read_async(&mut pipe.as_slice()).await.unwrap();
        assert_eq!(heard, Some(ToChild::Stop { job: JobId(1) }));
    }

    #[test]
    fn what_is_not_a_frame_is_an_error() {
        let noise = b"printf says hello to the world";
        assert!(matches!(read::<FromChild>(&mut &noise[..]), Err(WireError::TooLarge(_))));
        let cut = [9, 0, 0, 0, b'"'];
        assert!(matches!(read::<FromChild>(&mut &cut[..]), Err(WireError::Pipe(_))));
        let wrong = [2, 0, 0, 0, b'"', b'"'];
        assert!(matches!(read::<FromChild>(&mut &wrong[..]), Err(WireError::NotAMessage(_))));
    }
}
