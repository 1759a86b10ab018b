//! One client's byte stream: frames in, messages out, both through bounded buffers.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::{PgError, PgResult, state};
use super::frontend::{Frame, StartupPacket, next_frame, next_startup_packet};

/// Output that is worth a system call; more than this is not collected while rows stream.
pub const FLUSH_BYTES: usize = 64 << 10;

/// Input that is taken in while a statement runs, to notice that the client has gone.
const READ_AHEAD_BYTES_MAX: usize = 256 << 10;

/// Buffers that grew for one large message are given back.
const BUFFER_BYTES_KEPT: usize = 256 << 10;

/// A stream to a client: TCP, TLS over it, or a pipe in tests.
pub trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// Why a session cannot go on with what it was doing.
#[derive(Debug)]
pub enum Failure {
    /// The statement failed; if the error is fatal, the session too.
    Statement(PgError),
    /// The client is gone: nobody is there to be told.
    Gone,
}

impl<E: Into<PgError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Statement(error.into())
    }
}

impl Failure {
    /// The same failure of a statement that stands so many characters into its script.
    pub fn moved(mut self, characters: usize) -> Self {
        if let Self::Statement(error) = &mut self {
            error.position = error.position.map(|position| position + characters);
        }
        self
    }
}

pub type Outcome<T> = Result<T, Failure>;

pub struct Wire {
    io: Box<dyn Io>,
    input: BytesMut,
    output: Vec<u8>,
    /// How much of the output has been written.
    written: usize,
    message_bytes_max: usize,
}

impl Wire {
    pub fn new(io: Box<dyn Io>, message_bytes_max: usize) -> Self {
        Self { io, input: BytesMut::new(), output: Vec::new(), written: 0, message_bytes_max }
    }

    /// The stream, to be wrapped in TLS. Bytes that came before the handshake would be taken for
    /// encrypted ones afterwards, so that they end the connection (CVE-2021-23214).
    pub fn into_io(self) -> PgResult<Box<dyn Io>> {
        if self.input.is_empty() {
            return Ok(self.io);
        }
        let error = PgError::fatal(state::PROTOCOL_VIOLATION, "received unencrypted data after SSL request");
        Err(error.detail(
            "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
        ))
    }

    pub async fn startup_packet(&mut self) -> Outcome<Option<StartupPacket>> {
        loop {
            if let Some(packet) = next_startup_packet(&mut self.input)? {
                return Ok(Some(packet));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// The next frame; `None` when the client has closed the stream. May be dropped and called again.
    pub async fn frame(&mut self) -> Outcome<Option<Frame>> {
        loop {
            if let Some(frame) = next_frame(&mut self.input, self.message_bytes_max)? {
                return Ok(Some(frame));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// A frame that has come already.
    pub fn ready_frame(&mut self) -> PgResult<Option<Frame>> {
        next_frame(&mut self.input, self.message_bytes_max)
    }

    async fn fill(&mut self) -> Outcome<usize> {
        if self.input.is_empty() && self.input.capacity() > BUFFER_BYTES_KEPT {
            self.input = BytesMut::new();
        }
        self.input.reserve(4096);
        self.io.read_buf(&mut self.input).await.map_err(|_: io::Error| Failure::Gone)
    }

    /// Returns when the client has closed the stream. What it sends meanwhile is kept for later, up
    /// to a limit; beyond it the client's going is only noticed when something is written.
    pub async fn closed(&mut self) {
        while self.input.len() < READ_AHEAD_BYTES_MAX {
            match self.fill().await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending().await
    }

    /// Where encoders append whole messages.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Whether enough has been collected to be written.
    pub fn is_full(&self) -> bool {
        self.output.len() - self.written >= FLUSH_BYTES
    }

    /// Appends a message.
    pub fn put(&mut self, message: &impl pgwire::messages::Message) -> PgResult<()> {
        let mut bytes = BytesMut::new();
        message.encode(&mut bytes).map_err(|error| {
            PgError::error(state::PROGRAM_LIMIT_EXCEEDED, format!("cannot send a message: {error}"))
        })?;
        self.output.extend_from_slice(&bytes);
        Ok(())
    }

    pub fn put_error(&mut self, error: &PgError) {
        // An error's message is the one thing that must always fit; cut it if it does not.
        if self.put(&error.to_error_response()).is_err() {
            let short = PgError { message: "the error is too long to be sent".into(), ..error.clone() };
            let _sent = self.put(&PgError { detail: None, hint: None, ..short }.to_error_response());
        }
    }

    /// Writes all output. May be dropped and called again without losing or repeating bytes.
    pub async fn flush(&mut self) -> Outcome<()> {
        while self.written < self.output.len() {
            match self.io.write(&self.output[self.written..]).await {
                Ok(count) if count > 0 => self.written += count,
                _ => return Err(Failure::Gone),
            }
        }
        self.output.clear();
        self.written = 0;
        if self.output.capacity() > BUFFER_BYTES_KEPT {
            self.output = Vec::new();
        }
        self.io.flush().await.map_err(|_| Failure::Gone)
    }

    /// Says goodbye at the level of the stream.
    pub async fn shutdown(&mut self) {
        // The session is over; whether the client still hears of it does not matter.
        let _ended = self.io.shutdown().await;
    }
}
