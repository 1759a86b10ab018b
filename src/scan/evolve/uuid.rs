//! UUIDs: 16 bytes in files, their usual text in Tarn's form.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::DataType;
use uuid::Uuid;

use super::error::{CastError, CastResult};
use super::leaf::mismatch;

/// Bytes of a UUID.
const BYTES: i32 = 16;

/// Whether a file's column of this type can hold UUIDs as bytes.
pub(super) fn is_stored_as(stored: &DataType) -> bool {
    matches!(stored, DataType::FixedSizeBinary(BYTES) | DataType::Binary | DataType::BinaryView)
}

/// The texts of UUIDs: 36 characters in lower case.
pub(super) fn texts(array: &ArrayRef) -> CastResult<ArrayRef> {
    match array.data_type() {
        DataType::FixedSizeBinary(_) => from_bytes(array.as_fixed_size_binary().iter()),
        DataType::Binary => from_bytes(array.as_binary::<i32>().iter()),
        DataType::BinaryView => from_bytes(array.as_binary_view().iter()),
        _ => Err(mismatch(array)),
    }
}

fn from_bytes<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> CastResult<ArrayRef> {
    let mut texts = StringViewBuilder::new();
    let mut buffer = Uuid::encode_buffer();
    for value in values {
        let Some(bytes) = value else {
            texts.append_null();
            continue;
        };
        let uuid = Uuid::from_slice(bytes)
            .map_err(|_| CastError::Physical(format!("a UUID of it has {} bytes", bytes.len())))?;
        texts.append_value(&*uuid.hyphenated().encode_lower(&mut buffer));
    }
    Ok(Arc::new(texts.finish()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{BinaryArray, FixedSizeBinaryArray, StringViewArray};
    use tarn_catalog::types::LogicalType;

    use super::super::represent::Form;
    use super::*;

    #[test]
    fn bytes_become_the_usual_text() {
        let bytes: Vec<u8> = (0..16).map(|byte| byte * 17).collect();
        let fixed: ArrayRef = Arc::new(
            FixedSizeBinaryArray::try_from_sparse_iter_with_size([Some(&bytes), None].into_iter(), 16)
                .unwrap(),
        );
        let expected: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("00112233-4455-6677-8899-aabbccddeeff"), None]));
        let form = Form::plan(fixed.data_type(), &LogicalType::Uuid).unwrap();
        assert_eq!(&form.apply(&fixed, &LogicalType::Uuid).unwrap(), &expected);
        let short: ArrayRef = Arc::new(BinaryArray::from(vec![Some(&bytes[..15])]));
        let form = Form::plan(short.data_type(), &LogicalType::Uuid).unwrap();
        assert!(form.apply(&short, &LogicalType::Uuid).is_err());
        assert!(Form::plan(&DataType::FixedSizeBinary(8), &LogicalType::Uuid).is_err());
    }
}
