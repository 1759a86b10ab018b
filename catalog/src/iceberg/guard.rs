//! Calls into the decoder of metadata.

use object_store::path::Path;

use crate::error::{Error, Result};

/// Decodes a file. The decoder panics on some damaged ones; nothing of it outlives the call, so that the
/// panic can end here, as the error that it should have been.
pub fn decode<T>(path: &Path, decode: impl FnOnce() -> iceberg::Result<T>) -> Result<T> {
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    match decoded {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Error::corrupt(path.as_ref(), error.to_string())),
        Err(_) => Err(Error::corrupt(path.as_ref(), "its decoder gave up")),
    }
}
