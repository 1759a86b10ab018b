//! Records of a metadata file in ORC (`manifest.format` = `orc`).
//!
//! This is the one place of the catalog that decodes ORC, and it sees manifests only.

use bytes::Bytes;
use orc_rust::ArrowReaderBuilder;

use super::arrow_records::{self, BATCH_ROWS, broken};
use crate::malformed::Decoded;
use crate::orc_tail;
use crate::value::Record;

pub const MAGIC: &[u8] = b"ORC";

/// Calls `visit` with each record of the file, in order.
pub fn for_each_record(file: Bytes, visit: impl FnMut(&Record<'_>) -> Decoded<()>) -> Decoded<()> {
    let decode = || {
        orc_tail::check(&file)?;
        let reader = ArrowReaderBuilder::try_new(file).map_err(broken)?;
        Ok(reader.with_batch_size(BATCH_ROWS).build().map(|batch| batch.map_err(broken)))
    };
    arrow_records::for_each_record(decode, visit)
}
