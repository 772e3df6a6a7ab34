//! Asynchronous reading and writing of the frames of [`engine_wire`], for the server's side.

use std::io;

use engine_wire::{WireError, encode, frame_length};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Reads one message; `None` at the end of the stream. Not cancel safe: it needs a task of its own.
pub(crate) async fn read_async<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<T>, WireError> {
    let mut length = [0; 4];
    match from.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        done => done.map_err(WireError::Pipe)?,
    };
    let mut body = vec![0; frame_length(length)?];
    from.read_exact(&mut body).await.map_err(WireError::Pipe)?;
    serde_json::from_slice(&body).map(Some).map_err(WireError::NotAMessage)
}

/// Writes one message and flushes. Not cancel safe: it needs a task of its own.
pub(crate) async fn write_async(
    to: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> Result<(), WireError> {
    to.write_all(&encode(message)?).await.map_err(WireError::Pipe)?;
    to.flush().await.map_err(WireError::Pipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_wire::{JobId, ToChild, read};

    #[tokio::test]
    async fn sync_and_async_framing_agree() {
        let mut pipe = Vec::new();
        write_async(&mut pipe, &ToChild::Stop { job: JobId(1) }).await.unwrap();
        assert_eq!(read(&mut pipe.as_slice()).unwrap(), Some(ToChild::Stop { job: JobId(1) }));
        let heard: Option<ToChild> = read_async(&mut pipe.as_slice()).await.unwrap();
        assert_eq!(heard, Some(ToChild::Stop { job: JobId(1) }));
    }
}
