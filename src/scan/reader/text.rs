//! CSV and JSON files, decoded by Arrow's own readers as their bytes arrive.
//!
//! A CSV file begins with the names of its columns, and an empty cell is NULL. A JSON file holds one object a
//! line. A name that ends in `.gz` says that the file is compressed.

use std::io::{BufReader, Read, Write};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tarn_catalog::schema::SchemaField;
use tarn_catalog::split::FileFormat;
use tarn_catalog::types::LogicalType;
use tarn_catalog::{Error, Result};
use tokio::runtime::Handle;

use super::columns::ColumnPlan;
use super::{PhysicalRows, Request};

const COMPRESSED: &str = ".gz";
const TAB_SEPARATED: &str = ".tsv";

/// Bytes of a file, in order.
type Chunks = BoxStream<'static, Result<Bytes>>;

pub(super) async fn open(request: &Request<'_>) -> Result<(ColumnPlan, PhysicalRows)> {
    let file = &request.source.file;
    let chunks = chunks(&request.source.store, &file.path).await?;
    let corrupt = |error: ArrowError| request.corrupt(error.to_string());
    let (plan, decoder, chunks) = match file.format {
        FileFormat::Csv => {
            let (names, chunks) = header(request, chunks).await?;
            let stored =
                Arc::new(Schema::new(names.iter().map(|name| column(request, name)).collect::<Fields>()));
            let plan = request.plan(&stored)?;
            let decoder = arrow::csv::ReaderBuilder::new(stored)
                .with_format(format(&file.path))
                .with_batch_size(request.batch_size)
                .with_projection(plan.places().to_vec())
                .build_decoder();
            (plan, Decoder::Csv(Box::new(decoder)), chunks)
        }
        _ => {
            let stored = Arc::new(Schema::new(request.schema.fields.iter().map(decoded).collect::<Fields>()));
            let plan = request.plan(&stored)?;
            let decoder = arrow::json::ReaderBuilder::new(plan.needed_schema())
                .with_batch_size(request.batch_size)
                .with_coerce_primitive(true)
                .build_decoder()
                .map_err(corrupt)?;
            (plan, Decoder::Json(Box::new(decoder)), chunks)
        }
    };
    let reader = Reader { decoder, chunks: Some(chunks), rest: Bytes::new(), path: request.path().into() };
    let batches = stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next_batch().await?.map(|batch| (batch, reader)))
    });
    Ok((plan, PhysicalRows { batches: batches.boxed(), only_live: false }))
}

/// The columns of a file and how many rows it has: all of it is read. Types are those that hold every value; a
/// column without any has the type Null.
pub(super) async fn describe(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    format_of: FileFormat,
) -> Result<(SchemaRef, u64)> {
    let (handle, place) = (Handle::current(), path.clone());
    let chunks = chunks(store, path).await?;
    let described = tokio::task::spawn_blocking(move || {
        let bytes = Blocking { handle, chunks, rest: Bytes::new() };
        match format_of {
            FileFormat::Csv => format(&place).infer_schema(bytes, None),
            _ => arrow::json::reader::infer_json_schema(BufReader::new(bytes), None),
        }
    });
    let described = described.await.map_err(|error| Error::corrupt(path.as_ref(), error.to_string()))?;
    let (schema, rows) = described.map_err(|error| match error {
        ArrowError::IoError(_, cause) => match cause.downcast::<Error>() {
            Ok(own) => own,
            Err(cause) => Error::corrupt(path.as_ref(), cause.to_string()),
        },
        error => Error::corrupt(path.as_ref(), error.to_string()),
    })?;
    let names = schema.fields().iter().map(|field| field.name());
    if let Some(name) = names.enumerate().find_map(|(place, name)| {
        schema.fields().iter().take(place).any(|field| field.name() == name).then_some(name)
    }) {
        return Err(Error::corrupt(path.as_ref(), format!("it has two columns {name}")));
    }
    Ok((Arc::new(schema), rows as u64))
}

fn format(path: &Path) -> Format {
    let name = path.as_ref().strip_suffix(COMPRESSED).unwrap_or(path.as_ref());
    let delimiter = if name.ends_with(TAB_SEPARATED) { b'\t' } else { b',' };
    Format::default().with_header(true).with_delimiter(delimiter)
}

/// A column of the file as it is decoded; text where the schema does not have it.
fn column(request: &Request<'_>, name: &str) -> Field {
    let known = request.schema.fields.iter().find(|field| field.name == name);
    known.map_or_else(|| Field::new(name, DataType::Utf8View, true), decoded)
}

fn decoded(field: &SchemaField) -> Field {
    let data_type = match &field.data_type {
        LogicalType::Timestamp { precision: 7.. } => DataType::Timestamp(TimeUnit::Nanosecond, None),
        other => other.arrow(),
    };
    Field::new(&field.name, data_type, true)
}

/// The names in a file's first line, and the same chunks again.
async fn header(request: &Request<'_>, mut chunks: Chunks) -> Result<(Vec<String>, Chunks)> {
    let mut head = Vec::new();
    while let Some(chunk) = chunks.try_next().await? {
        head.extend_from_slice(&chunk);
        if chunk.contains(&b'\n') {
            break;
        }
    }
    let named = format(&request.source.file.path).infer_schema(head.as_slice(), Some(0));
    let (named, _) = named.map_err(|error| request.corrupt(error.to_string()))?;
    let names = named.fields().iter().map(|field| field.name().clone()).collect();
    Ok((names, stream::iter([Ok(Bytes::from(head))]).chain(chunks).boxed()))
}

async fn chunks(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Chunks> {
    let failed = {
        let path = path.clone();
        move |error| Error::storage(path.as_ref(), error)
    };
    let stored = store.get(path).await.map_err(&failed)?.into_stream().map_err(failed);
    if !path.as_ref().ends_with(COMPRESSED) {
        return Ok(stored.boxed());
    }
    let state = (stored.boxed(), Some(MultiGzDecoder::new(Vec::new())), path.clone());
    let plain = stream::try_unfold(state, |(mut stored, mut decoder, path)| async move {
        let Some(mut open) = decoder.take() else { return Ok(None) };
        let corrupt = |error: std::io::Error| Error::corrupt(path.as_ref(), error.to_string());
        let bytes = match stored.try_next().await? {
            Some(chunk) => {
                open.write_all(&chunk).map_err(corrupt)?;
                let bytes = std::mem::take(open.get_mut());
                decoder = Some(open);
                bytes
            }
            None => open.finish().map_err(corrupt)?,
        };
        Ok(Some((Bytes::from(bytes), (stored, decoder, path))))
    });
    Ok(plain.boxed())
}

/// Chunks read by code that waits for them; it runs on a thread of its own.
struct Blocking {
    handle: Handle,
    chunks: Chunks,
    rest: Bytes,
}

impl Read for Blocking {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.is_empty() {
            match self.handle.block_on(self.chunks.try_next()).map_err(std::io::Error::other)? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let length = self.rest.len().min(into.len());
        self.rest.split_to(length).copy_to_slice(into.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

enum Decoder {
    Csv(Box<arrow::csv::reader::Decoder>),
    Json(Box<arrow::json::reader::Decoder>),
}

impl Decoder {
    /// Decodes rows until a batch is full; gives how many bytes it took. No bytes stand for the file's end.
    fn decode(&mut self, bytes: &[u8]) -> Result<usize, ArrowError> {
        match self {
            Self::Csv(decoder) => decoder.decode(bytes),
            Self::Json(decoder) => decoder.decode(bytes),
        }
    }

    fn flush(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        match self {
            Self::Csv(decoder) => decoder.flush(),
            Self::Json(decoder) => decoder.flush(),
        }
    }
}

struct Reader {
    decoder: Decoder,
    /// `None` once all have been read.
    chunks: Option<Chunks>,
    rest: Bytes,
    path: Arc<str>,
}

impl Reader {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let path = Arc::clone(&self.path);
        let corrupt = |error: ArrowError| Error::corrupt(&*path, error.to_string());
        loop {
            if self.rest.is_empty() {
                let next = match &mut self.chunks {
                    Some(chunks) => chunks.try_next().await?,
                    None => return self.decoder.flush().map_err(corrupt),
                };
                match next {
                    // An empty chunk is not the end.
                    Some(chunk) if chunk.is_empty() => continue,
                    Some(chunk) => self.rest = chunk,
                    None => {
                        self.chunks = None;
                        self.decoder.decode(&[]).map_err(corrupt)?;
                        continue;
                    }
                }
            }
            let taken = self.decoder.decode(&self.rest).map_err(corrupt)?;
            self.rest.advance(taken);
            if self.rest.is_empty() && taken > 0 {
                continue;
            }
            // A batch is full, or a line of names was passed.
            match self.decoder.flush().map_err(corrupt)? {
                Some(batch) => return Ok(Some(batch)),
                None if taken > 0 => {}
                None => return Err(Error::corrupt(&*path, "its decoder does not go on")),
            }
        }
    }
}
