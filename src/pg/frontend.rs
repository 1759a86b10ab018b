//! What clients send: frames cut from the byte stream, and messages read from frames.
//!
//! pgwire's own decoders read past the end of a short body (they panic) and past the end of a frame,
//! so the bytes of strangers are read here, where every read is checked and nothing is allocated by
//! a number that a client wrote. Format: PostgreSQL 15, section 55.7, "Message Formats".

use bytes::{Buf, Bytes, BytesMut};

use super::error::{PgError, PgResult, state};

/// The longest body of a message that has no reason to be long (PQ_SMALL_MESSAGE_LIMIT).
const SMALL_MESSAGE_BYTES_MAX: usize = 10_000;

/// The longest packet before a session is there (MAX_STARTUP_PACKET_LENGTH).
pub const STARTUP_BYTES_MAX: usize = 10_000;

/// One message as it came: its type and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub tag: u8,
    pub body: Bytes,
}

/// Whether a statement or a portal is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Statement,
    Portal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Query(String),
    Parse {
        name: String,
        query: String,
        types: Vec<u32>,
    },
    Bind(Bind),
    Describe(Target, String),
    /// `max_rows` 0 means all.
    Execute {
        portal: String,
        max_rows: u32,
    },
    Close(Target, String),
    Flush,
    Sync,
    Terminate,
    FunctionCall,
    /// COPY messages that come when no COPY runs; they are skipped, as in Postgres.
    Copy,
    /// Password, SASLInitialResponse or SASLResponse: only the moment tells which.
    Password(Bytes),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bind {
    pub portal: String,
    pub statement: String,
    pub parameter_formats: Vec<i16>,
    pub parameters: Vec<Option<Bytes>>,
    pub result_formats: Vec<i16>,
}

/// Cuts the next frame; `None` while it has not come whole. An error is fatal: the stream is lost.
pub fn next_frame(input: &mut BytesMut, message_bytes_max: usize) -> PgResult<Option<Frame>> {
    let Some(&tag) = input.first() else {
        return Ok(None);
    };
    let limit = match tag {
        b'Q' | b'P' | b'B' | b'd' | b'F' => message_bytes_max,
        b'D' | b'E' | b'C' | b'H' | b'S' | b'X' | b'c' | b'f' | b'p' => SMALL_MESSAGE_BYTES_MAX,
        _ => {
            let message = format!("invalid frontend message type {tag}");
            return Err(PgError::fatal(state::PROTOCOL_VIOLATION, message));
        }
    };
    let Some(length) = input.get(1..5).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes) else {
        return Ok(None);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length < 4 {
        return Err(PgError::fatal(state::PROTOCOL_VIOLATION, "invalid message length"));
    }
    if length - 4 > limit {
        let message = format!("message of {} bytes exceeds the limit of {limit} bytes", length - 4);
        return Err(PgError::fatal(state::PROTOCOL_VIOLATION, message));
    }
    if input.len() <= length {
        return Ok(None);
    }
    let mut frame = input.split_to(length + 1);
    frame.advance(5);
    Ok(Some(Frame { tag, body: frame.freeze() }))
}

/// Reads a message from its frame. An error ends the message, not the session.
pub fn parse(frame: Frame) -> PgResult<Message> {
    let mut body = Body(frame.body);
    let message = match frame.tag {
        b'Q' => Message::Query(body.string()?),
        b'P' => {
            let (name, query) = (body.string()?, body.string()?);
            let count = body.u16()?;
            Message::Parse { name, query, types: body.many(count, Body::u32)? }
        }
        b'B' => Message::Bind(parse_bind(&mut body)?),
        b'D' => Message::Describe(body.target()?, body.string()?),
        b'E' => {
            let portal = body.string()?;
            // Postgres reads a number below zero as "all" too.
            let max_rows = u32::try_from(body.u32()?.cast_signed()).unwrap_or(0);
            Message::Execute { portal, max_rows }
        }
        b'C' => Message::Close(body.target()?, body.string()?),
        b'H' => Message::Flush,
        b'S' => Message::Sync,
        b'X' => return Ok(Message::Terminate),
        b'F' => return Ok(Message::FunctionCall),
        b'd' | b'c' | b'f' => return Ok(Message::Copy),
        b'p' => return Ok(Message::Password(body.0)),
        tag => return Err(PgError::protocol(format!("invalid frontend message type {tag}"))),
    };
    if body.0.is_empty() { Ok(message) } else { Err(PgError::protocol("invalid message format")) }
}

fn parse_bind(body: &mut Body) -> PgResult<Bind> {
    let (portal, statement) = (body.string()?, body.string()?);
    let count = body.u16()?;
    let parameter_formats = body.many(count, Body::i16)?;
    let count = body.u16()?;
    let parameters = body.many(count, Body::value)?;
    let count = body.u16()?;
    let result_formats = body.many(count, Body::i16)?;
    Ok(Bind { portal, statement, parameter_formats, parameters, result_formats })
}

/// A message body that is read from the front.
struct Body(Bytes);

impl Body {
    fn take(&mut self, length: usize) -> PgResult<Bytes> {
        if self.0.len() < length {
            return Err(PgError::protocol("insufficient data left in message"));
        }
        Ok(self.0.split_to(length))
    }

    fn u16(&mut self) -> PgResult<u16> {
        self.take(2).map(|mut bytes| bytes.get_u16())
    }

    fn i16(&mut self) -> PgResult<i16> {
        self.u16().map(u16::cast_signed)
    }

    fn u32(&mut self) -> PgResult<u32> {
        self.take(4).map(|mut bytes| bytes.get_u32())
    }

    /// A string that a zero byte ends.
    fn string(&mut self) -> PgResult<String> {
        let Some(end) = self.0.iter().position(|byte| *byte == 0) else {
            return Err(PgError::protocol("invalid string in message"));
        };
        let text = self.take(end)?;
        self.0.advance(1);
        utf8(&text).map(str::to_string)
    }

    fn target(&mut self) -> PgResult<Target> {
        match self.take(1)?.first() {
            Some(b'S') => Ok(Target::Statement),
            Some(b'P') => Ok(Target::Portal),
            other => {
                let message = format!("invalid message subtype {}", other.copied().unwrap_or_default());
                Err(PgError::protocol(message))
            }
        }
    }

    /// A length and that many bytes; a length of -1 is NULL.
    fn value(&mut self) -> PgResult<Option<Bytes>> {
        match self.u32()?.cast_signed() {
            -1 => Ok(None),
            length => match usize::try_from(length) {
                Ok(length) => self.take(length).map(Some),
                Err(_) => Err(PgError::protocol("insufficient data left in message")),
            },
        }
    }

    /// `count` items; the vector grows with what is there, not with what was announced.
    fn many<T>(&mut self, count: u16, read: impl Fn(&mut Self) -> PgResult<T>) -> PgResult<Vec<T>> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

/// Text from a client, which must be UTF-8.
pub fn utf8(bytes: &[u8]) -> PgResult<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let bad: Vec<String> = bytes[error.valid_up_to()..]
            .iter()
            .take(error.error_len().unwrap_or(4))
            .map(|byte| format!("0x{byte:02x}"))
            .collect();
        let message = format!("invalid byte sequence for encoding \"UTF8\": {}", bad.join(" "));
        PgError::error(state::CHARACTER_NOT_IN_REPERTOIRE, message)
    })
}

/// What a client may send before a session is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartupPacket {
    Tls,
    Gss,
    Cancel { pid: i32, secret: Bytes },
    Startup { major: u16, minor: u16, parameters: Vec<(String, String)> },
}

const CANCEL_CODE: u32 = 80_877_102;
const TLS_CODE: u32 = 80_877_103;
const GSS_CODE: u32 = 80_877_104;

/// Cuts the next packet of the startup phase; `None` while it has not come whole.
pub fn next_startup_packet(input: &mut BytesMut) -> PgResult<Option<StartupPacket>> {
    let Some(length) = input.get(..4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes) else {
        return Ok(None);
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if !(8..=STARTUP_BYTES_MAX).contains(&length) {
        return Err(PgError::fatal(state::PROTOCOL_VIOLATION, "invalid length of startup packet"));
    }
    if input.len() < length {
        return Ok(None);
    }
    let mut body = Body(input.split_to(length).freeze());
    body.take(4)?;
    let packet = match body.u32()? {
        TLS_CODE => StartupPacket::Tls,
        GSS_CODE => StartupPacket::Gss,
        CANCEL_CODE => StartupPacket::Cancel { pid: body.u32()?.cast_signed(), secret: body.0 },
        version => {
            let (major, minor) = ((version >> 16) as u16, (version & 0xffff) as u16);
            let parameters = if major == 3 { startup_parameters(&mut body)? } else { Vec::new() };
            StartupPacket::Startup { major, minor, parameters }
        }
    };
    Ok(Some(packet))
}

/// Pairs of strings up to an empty name.
fn startup_parameters(body: &mut Body) -> PgResult<Vec<(String, String)>> {
    let layout = || {
        PgError::fatal(
            state::PROTOCOL_VIOLATION,
            "invalid startup packet layout: expected terminator as last byte",
        )
    };
    let mut parameters = Vec::new();
    loop {
        let name = body.string().map_err(|_| layout())?;
        if name.is_empty() {
            return if body.0.is_empty() { Ok(parameters) } else { Err(layout()) };
        }
        parameters.push((name, body.string().map_err(|_| layout())?));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn frame(tag: u8, body: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::from(&[tag][..]);
        bytes.extend_from_slice(&u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn a_frame_is_cut_only_when_it_is_whole() {
        let whole = frame(b'Q', b"SELECT 1\0");
        for cut in 0..whole.len() {
            let mut part = BytesMut::from(&whole[..cut]);
            assert_eq!(next_frame(&mut part, 100).unwrap(), None, "{cut} bytes");
            assert_eq!(part.len(), cut);
        }
        let mut two = whole.clone();
        two.extend_from_slice(&frame(b'S', b""));
        assert_eq!(
            parse(next_frame(&mut two, 100).unwrap().unwrap()).unwrap(),
            Message::Query("SELECT 1".into())
        );
        assert_eq!(parse(next_frame(&mut two, 100).unwrap().unwrap()).unwrap(), Message::Sync);
        assert!(two.is_empty());
    }

    #[test]
    fn lengths_that_lie_are_fatal() {
        for (tag, length) in [(b'Q', 3), (b'Q', 0), (b'Q', u32::MAX), (b'Q', 1000), (b'S', 20_000), (b'?', 4)]
        {
            let mut bytes = BytesMut::from(&[tag][..]);
            bytes.extend_from_slice(&length.to_be_bytes());
            assert!(next_frame(&mut bytes, 100).unwrap_err().is_fatal(), "{tag} {length}");
        }
    }

    #[test]
    fn a_body_that_ends_early_is_an_error_and_not_a_panic() {
        let mut body = b"portal\0statement\0".to_vec();
        body.extend_from_slice(&[0, 1, 0, 1, 0, 2, 0, 0, 0, 1, b'x', 255, 255, 255, 255, 0, 1, 0, 0]);
        let whole = Frame { tag: b'B', body: body.clone().into() };
        let Message::Bind(bind) = parse(whole).unwrap() else { unreachable!() };
        assert_eq!(bind.parameters, vec![Some(Bytes::from_static(b"x")), None]);
        for cut in 0..body.len() {
            let short = Frame { tag: b'B', body: Bytes::copy_from_slice(&body[..cut]) };
            assert_eq!(parse(short).unwrap_err().code, state::PROTOCOL_VIOLATION, "{cut} bytes");
        }
        body.push(0);
        assert!(parse(Frame { tag: b'B', body: body.into() }).is_err(), "bytes after the end");
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_bytes() {
        let error = parse(Frame { tag: b'Q', body: Bytes::from_static(b"SELECT '\xff'\0") }).unwrap_err();
        assert_eq!(error.code, "22021");
        assert_eq!(error.message, "invalid byte sequence for encoding \"UTF8\": 0xff");
    }

    #[test]
    fn startup_packets_are_told_apart() {
        let packet = |code: u32, rest: &[u8]| {
            let mut bytes = BytesMut::new();
            bytes.extend_from_slice(&u32::try_from(rest.len() + 8).unwrap().to_be_bytes());
            bytes.extend_from_slice(&code.to_be_bytes());
            bytes.extend_from_slice(rest);
            next_startup_packet(&mut bytes)
        };
        assert_eq!(packet(TLS_CODE, b"").unwrap(), Some(StartupPacket::Tls));
        let cancel = packet(CANCEL_CODE, &[0, 0, 0, 7, 1, 2, 3, 4]).unwrap().unwrap();
        assert_eq!(cancel, StartupPacket::Cancel { pid: 7, secret: Bytes::from_static(&[1, 2, 3, 4]) });
        let startup = packet(196_608, b"user\0bob\0\0").unwrap().unwrap();
        let parameters = vec![("user".to_string(), "bob".to_string())];
        assert_eq!(startup, StartupPacket::Startup { major: 3, minor: 0, parameters });
        for bad in [&b"user\0"[..], b"user\0bob\0", b"", b"user\0bob\0\0x"] {
            assert!(packet(196_608, bad).unwrap_err().is_fatal());
        }
    }
}
