//! The plain files: the rows of the bench table, merged, sorted by key, as Parquet.

use std::fs::{self, File};
use std::path::Path;

use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tarn::engine::{Engine, Execution};

use crate::{Result, worker};

const FILES: i64 = 4;
const ROW_GROUP_ROWS: usize = 250_000;

/// Writes `plain_sorted/` from what Tarn reads, unless it is there. The race's checks compare every answer over
/// it with the peers' own reading of the table.
pub fn prepare(folder: &Path) -> Result<()> {
    let target = folder.join("plain_sorted");
    if target.is_dir() {
        return Ok(());
    }
    let partial = folder.join("plain_sorted.partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(write_files(folder, &partial))?;
    Ok(fs::rename(&partial, &target)?)
}

async fn write_files(folder: &Path, target: &Path) -> Result<()> {
    let engine = Engine::open(worker::lake(folder)).await?;
    let session = engine.session(None)?;
    let rows: i64 = fs::read_to_string(folder.join("wh/rows"))?.trim().parse()?;
    // Keys of the table are 1, 8, 15, ...; the last commits may go beyond the first `rows` of them.
    let highest = rows * 7 + 7;
    for file in 0..FILES {
        let (from, to) = (highest * file / FILES, highest * (file + 1) / FILES);
        let upper = if file + 1 < FILES { format!("AND user_id < {to}") } else { String::new() };
        let sql = format!("SELECT * FROM bench.features WHERE user_id >= {from} {upper} ORDER BY user_id");
        for statement in session.parse(&sql)? {
            let prepared = session.prepare(&statement, &[]).await?;
            let Execution::Rows(mut stream) = session.execute(&prepared, Vec::new()).await? else { continue };
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
                .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
                .build();
            let output = File::create(target.join(format!("part-{file}.parquet")))?;
            let mut writer = ArrowWriter::try_new(output, stream.schema.clone(), Some(properties))?;
            while let Some(batch) = stream.batches.try_next().await? {
                writer.write(&batch)?;
            }
            writer.close()?;
        }
    }
    Ok(())
}
