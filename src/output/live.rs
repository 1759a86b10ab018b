//! Results that never end, shown as they come.

use std::io::Write;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use super::ResultWriter;
use crate::engine::RowStream;
use crate::error::Result;

/// Rows are shown once no more have come for this long.
const SHOW_AFTER: Duration = Duration::from_millis(50);

/// Writes rows to their end. What was written is shown before every pause, and before an error.
pub async fn write_live<W: Write>(writer: &mut ResultWriter<W>, rows: &mut RowStream) -> Result<()> {
    loop {
        let next = match timeout(SHOW_AFTER, rows.batches.next()).await {
            Ok(next) => next,
            Err(_) => {
                writer.show()?;
                rows.batches.next().await
            }
        };
        match next {
            Some(Ok(batch)) => writer.write(&batch)?,
            Some(Err(error)) => {
                writer.show()?;
                return Err(error.into());
            }
            None => return Ok(()),
        }
    }
}
