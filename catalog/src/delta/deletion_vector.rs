//! Where deletion vectors are.

use std::sync::Arc;

use object_store::path::Path;

use super::action::DeletionVector;
use crate::deletion_vector::decode_payload;
use crate::error::{Error, Result};
use crate::location::below;
use crate::split::{BitmapLayout, DeleteSource};

/// Bytes of the size before a bitmap and of the checksum behind it.
const FRAME_BYTES: u64 = 8;
/// Characters of an encoded UUID.
const UUID_CHARS: usize = 20;

/// The source of a vector of a table in `root`; `full` resolves full paths, which are percent-encoded.
pub fn source(
    vector: &DeletionVector,
    root: &Path,
    full: impl FnOnce(&str) -> Result<Path>,
) -> Result<DeleteSource> {
    let corrupt = |reason: &str| Error::corrupt(format!("{root}: a deletion vector"), reason);
    let text = vector.path_or_inline_dv.as_str();
    let path = match vector.storage_type.as_str() {
        "i" => {
            let bytes = z85(text).ok_or_else(|| corrupt("its text is not Z85"))?;
            let size = usize::try_from(vector.size_in_bytes).ok();
            let bytes = size.and_then(|size| bytes.get(..size));
            let bytes = bytes.ok_or_else(|| corrupt("its text is shorter than its size"))?;
            let positions = decode_payload(bytes, root)?;
            if positions.len() != vector.cardinality {
                return Err(corrupt("it does not hold as many rows as it says"));
            }
            return Ok(DeleteSource::Inline(Arc::new(positions)));
        }
        "u" => {
            let split = text.len().checked_sub(UUID_CHARS).filter(|at| text.is_char_boundary(*at));
            let (folder, uuid) = text.split_at(split.ok_or_else(|| corrupt("its name is too short"))?);
            let uuid = z85(uuid).and_then(|bytes| uuid_text(&bytes));
            let name = format!("deletion_vector_{}.bin", uuid.ok_or_else(|| corrupt("its name is no UUID"))?);
            if folder.is_empty() { below(root, &name)? } else { below(root, &format!("{folder}/{name}"))? }
        }
        "p" => full(text)?,
        other => return Err(corrupt(&format!("it is stored in an unknown way, {other:?}"))),
    };
    let offset = vector.offset.ok_or_else(|| corrupt("it has no offset"))?;
    let length = vector.size_in_bytes.checked_add(FRAME_BYTES);
    Ok(DeleteSource::Bitmap {
        path,
        offset,
        length: length.ok_or_else(|| corrupt("its size is impossible"))?,
        layout: BitmapLayout::Framed,
        cardinality: Some(vector.cardinality),
    })
}

const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Five characters for four bytes; `None` for a text that is none.
fn z85(text: &str) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_bytes().as_chunks::<5>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(groups.len().saturating_mul(4));
    for group in groups {
        let value = group.iter().try_fold(0_u64, |value, character| {
            let digit = Z85.iter().position(|known| known == character)?;
            Some(value * 85 + digit as u64)
        })?;
        bytes.extend(u32::try_from(value).ok()?.to_be_bytes());
    }
    Some(bytes)
}

fn uuid_text(bytes: &[u8]) -> Option<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let parts = [hex.get(..8)?, hex.get(8..12)?, hex.get(12..16)?, hex.get(16..20)?, hex.get(20..32)?];
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn vector(storage: &str, text: &str, size: u64) -> DeletionVector {
        DeletionVector {
            storage_type: storage.into(),
            path_or_inline_dv: text.into(),
            offset: Some(4),
            size_in_bytes: size,
            cardinality: 6,
        }
    }

    /// The examples of the Delta protocol's own text.
    #[test]
    fn the_examples_of_the_protocol_decode() {
        let root = Path::from("t");
        let named =
            source(&vector("u", "ab^-aqEH.-t@S}K{vb[*k^", 40), &root, |_| Ok(Path::default())).unwrap();
        let DeleteSource::Bitmap { path, offset, length, .. } = named else { panic!("{named:?}") };
        assert_eq!(path.as_ref(), "t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin");
        assert_eq!((offset, length), (4, 48));

        let text = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";
        let inline = source(&vector("i", text, 44), &root, |_| Ok(Path::default())).unwrap();
        let DeleteSource::Inline(positions) = inline else { panic!("{inline:?}") };
        assert_eq!(positions.iter().collect::<Vec<_>>(), [3, 4, 7, 11, 18, 29]);
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        let root = Path::from("t");
        for (storage, text) in [("u", "short"), ("u", "~~~~~~~~~~~~~~~~~~~~"), ("x", "y"), ("i", "12345")] {
            assert!(source(&vector(storage, text, 40), &root, |_| Ok(Path::default())).is_err(), "{text}");
        }
    }
}
