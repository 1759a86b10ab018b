//! Readers of single data files: every format, the same rows.
//!
//! [`open`] reads one file's live rows as batches in the table's columns, whatever the format and
//! whatever schema the file was written with. The main scan of Parquet goes through DataFusion's own
//! source instead; this one serves ORC and Avro, resolving keys, merging, deletes, changes, and the
//! Parquet files that DataFusion's source cannot read right ([`needs_own_reader`]).
//!
//! What a file says is never trusted: its rows are counted against the metadata, allocations are
//! bounded, and a decoder that panics on bad bytes gives an error that names the file.

mod avro;
mod codec;
mod columns;
mod describe;
mod filter;
mod guard;
mod int96;
mod orc;
mod parquet;
mod rows;
mod text;
mod zip;

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::ObjectStore;
use tarn_catalog::split::{DataFile, FileFormat, FileSchema};
use tarn_catalog::{Error, Result};

use self::columns::ColumnPlan;
pub use self::columns::{ReadColumns, SystemColumn, WhenMissing};
pub use self::describe::describe;
pub use self::int96::needs_own_reader;
pub(super) use self::parquet::parquet_error;
use self::rows::LiveRows;
pub use self::zip::{ZipToRead, open_zip};
use super::evolve::Origin;
use super::footer::FooterCache;

/// Batches of one file, in the order of its rows.
pub type BatchStream = BoxStream<'static, Result<RecordBatch>>;

/// One data file and what is needed to get at it.
#[derive(Clone)]
pub struct FileToRead<'a> {
    pub file: &'a DataFile,
    /// The schema that the file was written with.
    pub schema: &'a FileSchema,
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FooterCache>,
    /// `database.table`, for errors.
    pub table: Arc<str>,
}

/// The physical batches of a file, before they become the table's.
struct PhysicalRows {
    /// The columns that the plan needs, in the order of the file.
    batches: BatchStream,
    /// Whether the batches hold live rows alone; otherwise all rows, to be filtered.
    only_live: bool,
}

/// Reads the live rows of a file: the columns asked for, in the table's types and order.
///
/// `live` has one bit for each physical row; `None` reads all. Batches hold at most `batch_size`
/// rows and are never empty.
pub async fn open(
    source: FileToRead<'_>,
    columns: &ReadColumns,
    live: Option<&BooleanBuffer>,
    batch_size: usize,
) -> Result<BatchStream> {
    let path: Arc<str> = source.file.path.as_ref().into();
    let rows = LiveRows::try_new(source.file, live)?;
    let request = Request {
        schema: written_schema(source.file, source.schema),
        columns,
        live,
        batch_size: batch_size.max(1),
        origin: Origin::new(Arc::clone(&source.table), Some(&path)),
        source,
    };
    let opened = guard::catch_panics(&path, async {
        match request.source.file.format {
            FileFormat::Parquet => parquet::open(&request).await,
            FileFormat::Orc => orc::open(&request).await,
            FileFormat::Avro => avro::open(&request).await,
            FileFormat::Csv | FileFormat::Json => text::open(&request).await,
        }
    });
    let (plan, physical) = opened.await?;
    let batches = guard::catch_panics_of_stream(path, physical.batches);
    let assembled = filter::assemble(batches, plan, rows, physical.only_live);
    Ok(assembled.boxed())
}

/// The part of a schema that a file holds.
fn written_schema<'a>(file: &DataFile, schema: &'a FileSchema) -> Cow<'a, FileSchema> {
    let Some(written) = &file.write_columns else { return Cow::Borrowed(schema) };
    let fields = schema.fields.iter().filter(|field| written.contains(&field.name));
    Cow::Owned(FileSchema { fields: fields.cloned().collect(), ..schema.clone() })
}

/// What the readers of the formats get.
struct Request<'a> {
    source: FileToRead<'a>,
    /// The columns that the file was written with.
    schema: Cow<'a, FileSchema>,
    columns: &'a ReadColumns,
    live: Option<&'a BooleanBuffer>,
    batch_size: usize,
    origin: Origin,
}

impl Request<'_> {
    fn path(&self) -> &str {
        self.source.file.path.as_ref()
    }

    fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(self.path(), reason)
    }

    /// Plans the columns over all that a file physically has.
    fn plan(&self, physical: &SchemaRef) -> Result<ColumnPlan> {
        ColumnPlan::try_new(self.columns, self.source.file, &self.schema, physical, self.origin.clone())
    }

    /// Checks the row count that a file gives for itself against the metadata's.
    fn check_rows(&self, rows: u64) -> Result<()> {
        let expected = self.source.file.rows;
        if rows == expected {
            return Ok(());
        }
        Err(self.corrupt(format!("it has {rows} rows, and the table's metadata says {expected}")))
    }
}

#[cfg(test)]
mod tests;
