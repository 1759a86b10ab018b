//! A client that sends bytes as it likes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::golden_set::Result;
use crate::harness::lakes;

pub struct Raw {
    pub stream: TcpStream,
    /// The process number and the secret, as a cancel request repeats them.
    key: Vec<u8>,
}

/// A message with its type, from the front or the back.
pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// The packet that begins a session.
pub fn startup(user: &str) -> Vec<u8> {
    let body = format!("user\0{user}\0database\0{}\0\0", lakes::DEMO);
    let length = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &196_608u32.to_be_bytes(), body.as_bytes()].concat()
}

/// The SQLSTATE in the body of an error.
pub fn state_in(error: &[u8]) -> Result<String> {
    let code = error.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"C"));
    Ok(String::from_utf8(code.unwrap_or_default().to_vec())?)
}

impl Raw {
    pub async fn connect(address: SocketAddr, user: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(&startup(user)).await?;
        let mut raw = Self { stream, key: Vec::new() };
        raw.until_ready().await?;
        Ok(raw)
    }

    pub async fn query(&mut self, sql: &str) -> Result<()> {
        Ok(self.stream.write_all(&message(b'Q', format!("{sql}\0").as_bytes())).await?)
    }

    /// The next message: its type and body.
    pub async fn read(&mut self) -> Result<(u8, Vec<u8>)> {
        let tag = self.stream.read_u8().await?;
        let length = self.stream.read_u32().await?;
        let mut body = vec![0; usize::try_from(length)?.checked_sub(4).ok_or("a length below 4")?];
        self.stream.read_exact(&mut body).await?;
        Ok((tag, body))
    }

    pub async fn until_ready(&mut self) -> Result<()> {
        loop {
            match self.read().await? {
                (b'K', body) => self.key = body,
                (b'Z', _) => return Ok(()),
                _ => {}
            }
        }
    }

    /// Asks, by a connection of its own, that the statement ends.
    pub async fn cancel(&self, address: SocketAddr) -> Result<()> {
        let length = u32::try_from(self.key.len() + 8)?.to_be_bytes();
        let packet = [&length[..], &80_877_102u32.to_be_bytes(), &self.key].concat();
        Ok(TcpStream::connect(address).await?.write_all(&packet).await?)
    }

    /// The SQLSTATE of the last error before the server closes the connection.
    pub async fn last_words(&mut self) -> Result<String> {
        let mut state = String::new();
        while let Ok((tag, body)) = self.read().await {
            if tag == b'E' {
                state = state_in(&body)?;
            }
        }
        Ok(state)
    }
}
