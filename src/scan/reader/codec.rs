//! Decompression of blocks, each with a bound on what comes out.

use std::io::Read;

/// How a block of a data file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    /// Deflate without a zlib or gzip frame.
    Deflate,
    /// Snappy's raw form followed by the big-endian CRC-32 of what comes out.
    SnappyWithChecksum,
    Zstd,
    Bzip2,
    Xz,
}

impl Codec {
    /// Decompresses a block to at most `limit` bytes; the reason why not otherwise.
    pub fn decompress(self, block: &[u8], limit: usize) -> Result<Vec<u8>, String> {
        match self {
            Self::None if block.len() > limit => Err(too_large(limit)),
            Self::None => Ok(block.to_vec()),
            Self::Deflate => read_all(flate2::read::DeflateDecoder::new(block), limit),
            Self::SnappyWithChecksum => {
                let (block, checksum) =
                    block.split_last_chunk().ok_or("a block is too short for its checksum")?;
                let bytes = snappy(block, limit)?;
                if crc32fast::hash(&bytes) != u32::from_be_bytes(*checksum) {
                    return Err("the checksum of a block is wrong".to_owned());
                }
                Ok(bytes)
            }
            Self::Zstd => {
                let decoder = zstd::Decoder::new(block).map_err(|error| error.to_string())?;
                read_all(decoder, limit)
            }
            Self::Bzip2 => read_all(bzip2::read::MultiBzDecoder::new(block), limit),
            Self::Xz => read_all(liblzma::read::XzDecoder::new(block), limit),
        }
    }
}

fn too_large(limit: usize) -> String {
    format!("a block holds over {limit} bytes")
}

fn snappy(block: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let length = snap::raw::decompress_len(block).map_err(|error| error.to_string())?;
    if length > limit {
        return Err(too_large(limit));
    }
    snap::raw::Decoder::new().decompress_vec(block).map_err(|error| error.to_string())
}

fn read_all(decoder: impl Read, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let read = decoder.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| format!("a block cannot be decompressed: {error}"))?;
    if bytes.len() > limit { Err(too_large(limit)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    fn compressed(codec: Codec, bytes: &[u8]) -> Vec<u8> {
        match codec {
            Codec::None => bytes.to_vec(),
            Codec::Deflate => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Codec::SnappyWithChecksum => {
                let mut block = snap::raw::Encoder::new().compress_vec(bytes).unwrap();
                block.extend_from_slice(&crc32fast::hash(bytes).to_be_bytes());
                block
            }
            Codec::Zstd => zstd::encode_all(bytes, 1).unwrap(),
            Codec::Bzip2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Codec::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    #[test]
    fn every_codec_is_read_within_its_bound() {
        let bytes = b"tarn ".repeat(1000);
        for codec in
            [Codec::None, Codec::Deflate, Codec::SnappyWithChecksum, Codec::Zstd, Codec::Bzip2, Codec::Xz]
        {
            let block = compressed(codec, &bytes);
            assert_eq!(codec.decompress(&block, bytes.len()).unwrap(), bytes, "{codec:?}");
            assert!(codec.decompress(&block, bytes.len() - 1).is_err(), "{codec:?}");
            if codec != Codec::None {
                assert!(codec.decompress(&block[..block.len() / 2], bytes.len()).is_err(), "{codec:?}");
            }
        }
        let mut block = compressed(Codec::SnappyWithChecksum, &bytes);
        let last = block.len() - 1;
        block[last] ^= 1;
        assert!(Codec::SnappyWithChecksum.decompress(&block, bytes.len()).unwrap_err().contains("checksum"));
    }
}
