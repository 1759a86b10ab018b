//! Decompression of Avro blocks, within a bound.

use std::borrow::Cow;
use std::io::Read;

use crate::malformed::{Decoded, Malformed};

/// Largest block after decompression, in bytes. Writers make blocks of kilobytes.
const MAX_BLOCK: u64 = 256 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
    Bzip2,
    Xz,
}

impl Codec {
    pub fn by_name(name: &str) -> Decoded<Self> {
        Ok(match name {
            "null" | "" => Self::Null,
            "deflate" => Self::Deflate,
            "snappy" => Self::Snappy,
            "zstandard" => Self::Zstandard,
            "bzip2" => Self::Bzip2,
            "xz" => Self::Xz,
            other => return Err(Malformed::new(format!("Avro codec {other} is unknown"))),
        })
    }

    pub fn decompress(self, block: &[u8]) -> Decoded<Cow<'_, [u8]>> {
        let bytes = match self {
            Self::Null => return Ok(Cow::Borrowed(block)),
            Self::Snappy => snappy(block)?,
            Self::Deflate => drain(flate2::read::DeflateDecoder::new(block))?,
            Self::Zstandard => drain(zstd::Decoder::new(block).map_err(broken)?)?,
            Self::Bzip2 => drain(bzip2::read::BzDecoder::new(block))?,
            Self::Xz => drain(liblzma::read::XzDecoder::new(block))?,
        };
        Ok(Cow::Owned(bytes))
    }
}

fn drain(decoder: impl Read) -> Decoded<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = decoder.take(MAX_BLOCK + 1).read_to_end(&mut bytes).map_err(broken)?;
    if read as u64 > MAX_BLOCK { Err(too_large()) } else { Ok(bytes) }
}

/// Snappy without framing, then the CRC-32 of the uncompressed bytes, big-endian.
fn snappy(block: &[u8]) -> Decoded<Vec<u8>> {
    let (body, checksum) =
        block.split_last_chunk::<4>().ok_or_else(|| Malformed::new("a snappy block lacks its checksum"))?;
    if snap::raw::decompress_len(body).map_err(broken)? as u64 > MAX_BLOCK {
        return Err(too_large());
    }
    let bytes = snap::raw::Decoder::new().decompress_vec(body).map_err(broken)?;
    if crc32fast::hash(&bytes) != u32::from_be_bytes(*checksum) {
        return Err(Malformed::new("a snappy block does not match its checksum"));
    }
    Ok(bytes)
}

fn broken(error: impl std::fmt::Display) -> Malformed {
    Malformed::new(format!("a block cannot be decompressed: {error}"))
}

fn too_large() -> Malformed {
    Malformed::new(format!("a block is larger than {MAX_BLOCK} bytes"))
}
