//! Avro files, decoded here.
//!
//! What the lake writes is Avro with liberties: names that are no Avro names, timestamps with and
//! without zone under each other's logical types, maps with other keys than text as arrays of
//! records. The zone of a timestamp therefore comes from the table's schema, never from the file.
//!
//! Rows are decoded one by one, the columns that are not needed and the rows that are not live passed
//! over. A list cannot have more items than its block has bytes, and blocks are bounded.

mod column;
mod container;
mod cursor;
mod schema;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Schema, SchemaRef};
use futures::{StreamExt, stream};
use tarn_catalog::Result;

use self::column::{ColumnBuilder, arrow_field, skip};
use self::container::{Block, Container};
use self::cursor::{Cursor, Decoded};
use self::schema::{AvroField, AvroType};
use super::columns::ColumnPlan;
use super::{PhysicalRows, Request};

pub(super) async fn open(request: &Request<'_>) -> Result<(ColumnPlan, PhysicalRows)> {
    let source = &request.source;
    let (container, json) = Container::open(&source.store, &source.file.path).await?;
    let AvroType::Record(fields) = schema::parse(&json).map_err(|reason| container.corrupt(reason))? else {
        return Err(container.corrupt("its rows are no records"));
    };
    let stored = Arc::new(Schema::new(fields.iter().map(arrow_field).collect::<Vec<_>>()));
    let plan = request.plan(&stored)?;
    let reader = Reader {
        container,
        schema: plan.needed_schema(),
        columns: columns(fields, plan.places()),
        block: None,
        live: request.live.cloned(),
        next_row: 0,
        batch_size: request.batch_size,
    };
    let batches = stream::try_unfold(reader, |mut reader| async move {
        Ok(reader.next_batch().await?.map(|batch| (batch, reader)))
    });
    Ok((plan, PhysicalRows { batches: batches.boxed(), only_live: request.live.is_some() }))
}

/// Each field of the file's record, with a builder where it is needed.
fn columns(fields: Vec<AvroField>, places: &[usize]) -> Vec<(AvroType, Option<ColumnBuilder>)> {
    let builder = |place: usize, ty: &AvroType| places.contains(&place).then(|| ColumnBuilder::new(ty));
    fields
        .into_iter()
        .enumerate()
        .map(|(place, field)| {
            let builder = builder(place, &field.data_type);
            (field.data_type, builder)
        })
        .collect()
}

struct Reader {
    container: Container,
    /// Of the columns that are needed.
    schema: SchemaRef,
    columns: Vec<(AvroType, Option<ColumnBuilder>)>,
    /// The block being read, and how many of its bytes have been.
    block: Option<(Block, usize)>,
    live: Option<BooleanBuffer>,
    /// Position in the file of the next row.
    next_row: usize,
    batch_size: usize,
}

impl Reader {
    /// Live rows of the file, up to the size of a batch; `None` at its end.
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        let mut rows = 0;
        while rows < self.batch_size {
            let (mut block, start) = match self.block.take() {
                Some(block) => block,
                None => match self.container.next_block().await? {
                    Some(block) => (block, 0),
                    None => break,
                },
            };
            let mut cursor = Cursor::new(block.bytes.get(start..).unwrap_or_default());
            while rows < self.batch_size && block.rows > 0 {
                let appended = self.row(&mut cursor).map_err(|reason| self.container.corrupt(reason))?;
                rows += usize::from(appended);
                block.rows -= 1;
            }
            let remaining = cursor.remaining();
            if block.rows > 0 {
                let read = block.bytes.len() - remaining;
                self.block = Some((block, read));
            } else if remaining > 0 {
                return Err(self
                    .container
                    .corrupt(format!("a block has {remaining} bytes after its last row")));
            }
        }
        if rows == 0 { Ok(None) } else { self.finish(rows).map(Some) }
    }

    /// Reads a row, or passes over it where it is not live.
    fn row(&mut self, cursor: &mut Cursor<'_>) -> Decoded<bool> {
        let row = self.next_row;
        self.next_row += 1;
        let live = match &self.live {
            Some(live) if row >= live.len() => {
                return Err(format!(
                    "it has more than the {} rows that the table's metadata says",
                    live.len()
                ));
            }
            Some(live) => live.value(row),
            None => true,
        };
        for (ty, builder) in &mut self.columns {
            match builder {
                Some(builder) if live => builder.append(cursor)?,
                _ => skip(ty, cursor)?,
            }
        }
        Ok(live)
    }

    fn finish(&mut self, rows: usize) -> Result<RecordBatch> {
        let arrays: Decoded<Vec<ArrayRef>> = self
            .columns
            .iter_mut()
            .filter_map(|(_, builder)| builder.as_mut().map(ColumnBuilder::finish))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        arrays
            .and_then(|arrays| {
                RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
                    .map_err(|error| error.to_string())
            })
            .map_err(|reason| self.container.corrupt(reason))
    }
}
