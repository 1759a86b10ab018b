//! System tables (`t$snapshots`) as DataFusion tables: their rows become one batch.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, ListArray, StructArray, new_empty_array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::Session;
use datafusion::common::{DataFusionError, Result, exec_datafusion_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use tarn_catalog::datum::Datum;
use tarn_catalog::system::{SystemTable, SystemValue};
use tarn_catalog::types::LogicalType;

use super::scalar_of;

/// A system table. Its rows are read when a query that scans it is planned.
#[derive(Debug)]
pub struct SystemTableProvider {
    table: Arc<dyn SystemTable>,
    schema: SchemaRef,
}

impl SystemTableProvider {
    pub fn new(table: Arc<dyn SystemTable>) -> Self {
        Self { schema: table.schema().arrow(), table }
    }

    async fn batch(&self) -> Result<RecordBatch> {
        let rows = self.table.rows().await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let schema = self.table.schema();
        let columns = schema.fields.iter().enumerate().map(|(index, field)| {
            let values = rows.iter().map(|row| row.get(index).unwrap_or(&SystemValue::NULL));
            array_of(&values.collect::<Vec<_>>(), &field.data_type)
        });
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

#[async_trait]
impl TableProvider for SystemTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let batches = [vec![self.batch().await?]];
        Ok(MemorySourceConfig::try_new_exec(&batches, self.schema(), projection.cloned())?)
    }
}

/// Values of one column as an array of its type.
fn array_of(values: &[&SystemValue], column: &LogicalType) -> Result<ArrayRef> {
    match (column, column.arrow()) {
        (LogicalType::Array { element, .. }, DataType::List(field)) => {
            let (mut items, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
            for value in values {
                let list: &[SystemValue] = match value {
                    SystemValue::List(list) => list,
                    SystemValue::Datum(Datum::Null) => &[],
                    other => return Err(unfit(other, column)),
                };
                items.extend(list);
                lengths.push(list.len());
                valid.push(matches!(value, SystemValue::List(_)));
            }
            let (offsets, nulls) = (OffsetBuffer::from_lengths(lengths), NullBuffer::from(valid));
            Ok(Arc::new(ListArray::try_new(field, offsets, array_of(&items, element)?, Some(nulls))?))
        }
        (LogicalType::Row { fields }, DataType::Struct(arrow_fields)) => {
            let mut valid = Vec::new();
            let mut columns: Vec<Vec<&SystemValue>> = vec![Vec::new(); fields.len()];
            for value in values {
                match value {
                    SystemValue::Row(row) if row.len() == fields.len() => {
                        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
                    }
                    SystemValue::Datum(Datum::Null) => {
                        columns.iter_mut().for_each(|column| column.push(&SystemValue::NULL));
                    }
                    other => return Err(unfit(other, column)),
                }
                valid.push(matches!(value, SystemValue::Row(_)));
            }
            let columns =
                columns.iter().zip(fields).map(|(values, field)| array_of(values, &field.data_type));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let nulls = Some(NullBuffer::from(valid));
            Ok(Arc::new(StructArray::try_new_with_length(arrow_fields, columns, nulls, values.len())?))
        }
        (_, data_type) if values.is_empty() => Ok(new_empty_array(&data_type)),
        _ => ScalarValue::iter_to_array(
            values.iter().map(|value| scalar(value, column)).collect::<Result<Vec<_>>>()?,
        ),
    }
}

fn scalar(value: &SystemValue, column: &LogicalType) -> Result<ScalarValue> {
    match value {
        SystemValue::Datum(datum) => scalar_of(datum, column).ok_or_else(|| unfit(value, column)),
        other => Err(unfit(other, column)),
    }
}

fn unfit(value: &SystemValue, column: &LogicalType) -> DataFusionError {
    exec_datafusion_err!("a system table has {value:?} in a column of type {column:?}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;
    use tarn_catalog::schema::{SchemaField, TableSchema};
    use tarn_catalog::system::SystemRow;

    use super::*;

    #[derive(Debug)]
    struct Fixed(Vec<SystemRow>);

    fn field(id: i32, name: &str, data_type: LogicalType) -> SchemaField {
        let name = name.to_owned();
        SchemaField { id, name, data_type, nullable: true, description: None, default_value: None }
    }

    #[async_trait]
    impl SystemTable for Fixed {
        fn schema(&self) -> Arc<TableSchema> {
            let pair =
                vec![field(3, "a", LogicalType::Int), field(4, "b", LogicalType::Timestamp { precision: 3 })];
            let list = LogicalType::Array {
                element: Box::new(LogicalType::Row { fields: pair }),
                element_nullable: true,
            };
            Arc::new(TableSchema {
                id: 0,
                fields: vec![field(1, "id", LogicalType::BigInt), field(2, "list", list)],
                partition_keys: vec![],
                primary_key: vec![],
                options: Default::default(),
                comment: None,
            })
        }

        async fn rows(&self) -> tarn_catalog::Result<Vec<SystemRow>> {
            Ok(self.0.clone())
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the provider is tried without an engine")]
    async fn shown(rows: Vec<SystemRow>) -> Result<String> {
        let context = SessionContext::new();
        let provider = Arc::new(SystemTableProvider::new(Arc::new(Fixed(rows))));
        let batches = context.read_table(provider)?.collect().await?;
        Ok(pretty_format_batches(&batches)?.to_string())
    }

    #[tokio::test]
    async fn rows_of_nested_values_become_a_batch() {
        let time = SystemValue::Datum(Datum::Timestamp { millis: 1500, nanos_of_milli: 0 });
        let row = SystemValue::Row(vec![7.into(), time]);
        let rows = vec![
            vec![1i64.into(), SystemValue::List(vec![row, SystemValue::NULL])],
            vec![SystemValue::NULL, SystemValue::NULL],
        ];
        let text = shown(rows).await.unwrap();
        assert!(text.contains("[{a: 7, b: 1970-01-01T00:00:01.500}, ]"), "{text}");
        assert!(shown(vec![]).await.is_ok());
    }

    #[tokio::test]
    async fn values_of_another_type_are_an_error() {
        assert!(shown(vec![vec!["text".into(), SystemValue::NULL]]).await.is_err());
        assert!(shown(vec![vec![SystemValue::NULL, 1.into()]]).await.is_err());
    }
}
