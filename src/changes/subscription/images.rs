//! Changes of a table as changes of a view of it.
//!
//! An update shows as one where both of its images are in the view and differ there. Where one alone
//! is, the row came into the view or left it; where both look the same, nothing changed.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{exec_err, internal_err};
use datafusion::error::Result;

use super::view::View;

pub const INSERT: &str = "insert";
pub const BEFORE: &str = "update_preimage";
pub const AFTER: &str = "update_postimage";
pub const DELETE: &str = "delete";

/// Rows of a view and how each changed.
#[derive(Debug)]
pub struct Changed {
    pub rows: RecordBatch,
    pub types: Vec<&'static str>,
}

/// Turns the batches of one run of changes, which follow each other, into those of a view.
#[derive(Debug)]
pub struct Images {
    view: Arc<View>,
    /// The first half of an update whose second half is still to come, with its change type.
    held_back: Option<RecordBatch>,
}

impl Images {
    pub fn new(view: Arc<View>) -> Self {
        Self { view, held_back: None }
    }

    /// `batch` has the change types in its first column and the view's columns of the table after it.
    pub fn push(&mut self, batch: RecordBatch) -> Result<Changed> {
        let batch = match self.held_back.take() {
            Some(first) => concat_batches(&batch.schema(), [&first, &batch])?,
            None => batch,
        };
        let types = types_of(&batch)?;
        let complete = match types.last() {
            Some(&BEFORE) => batch.num_rows() - 1,
            _ => batch.num_rows(),
        };
        if complete < batch.num_rows() {
            self.held_back = Some(batch.slice(complete, 1));
        }
        self.view_of(&batch.slice(0, complete), &types[..complete])
    }

    /// What must not be left when the changes have ended.
    pub fn finish(&self) -> Result<()> {
        match self.held_back {
            Some(_) => internal_err!("an update ended after its first image"),
            None => Ok(()),
        }
    }

    fn view_of(&self, batch: &RecordBatch, types: &[&'static str]) -> Result<Changed> {
        let columns: Vec<usize> = (1..batch.num_columns()).collect();
        let (rows, origin) = self.view.of(batch.project(&columns)?)?;
        let origin: Vec<usize> = origin.values().iter().map(|row| *row as usize).collect();
        let (mut kept, mut shown, mut at) = (Vec::new(), Vec::new(), 0);
        let mut same = Sameness { rows: &rows, converted: None };
        while let Some(&row) = origin.get(at) {
            let both =
                types[row] == BEFORE && origin.get(at + 1) == Some(&(row + 1)) && types[row + 1] == AFTER;
            match types[row] {
                BEFORE if both => {
                    if !same.check(at, at + 1)? {
                        kept.extend([at, at + 1]);
                        shown.extend([BEFORE, AFTER]);
                    }
                }
                BEFORE | DELETE => {
                    kept.push(at);
                    shown.push(DELETE);
                }
                _ => {
                    kept.push(at);
                    shown.push(INSERT);
                }
            }
            at += 1 + usize::from(both);
        }
        let indices = UInt32Array::from_iter_values(kept.iter().filter_map(|row| u32::try_from(*row).ok()));
        let rows = if kept.len() == rows.num_rows() { rows } else { take_record_batch(&rows, &indices)? };
        Ok(Changed { rows, types: shown })
    }
}

/// The first column's texts.
fn types_of(batch: &RecordBatch) -> Result<Vec<&'static str>> {
    let column = batch.column(0);
    let text = |row: usize| match column.data_type() {
        arrow::datatypes::DataType::Utf8View => Some(column.as_string_view().value(row)),
        arrow::datatypes::DataType::Utf8 => Some(column.as_string::<i32>().value(row)),
        _ => None,
    };
    let known =
        |row: usize| [INSERT, BEFORE, AFTER, DELETE].into_iter().find(|known| text(row) == Some(known));
    match (0..batch.num_rows()).map(known).collect() {
        Some(types) => Ok(types),
        None => exec_err!("changes of unknown types"),
    }
}

/// Whether rows of a batch are the same in all columns, as differences of versions see it.
struct Sameness<'a> {
    rows: &'a RecordBatch,
    converted: Option<arrow::row::Rows>,
}

impl Sameness<'_> {
    fn check(&mut self, one: usize, other: usize) -> Result<bool> {
        if self.rows.num_columns() == 0 {
            return Ok(true);
        }
        let converted = match self.converted.take() {
            Some(converted) => converted,
            None => {
                let types =
                    self.rows.columns().iter().map(|column| SortField::new(column.data_type().clone()));
                RowConverter::new(types.collect())?.convert_columns(self.rows.columns())?
            }
        };
        let same = converted.row(one) == converted.row(other);
        self.converted = Some(converted);
        Ok(same)
    }
}

/// Change types as a column.
pub fn column(types: &[&'static str]) -> StringArray {
    StringArray::from_iter_values(types)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{ArrayRef, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
    use datafusion::scalar::ScalarValue;

    use super::super::view::Stage;
    use super::*;

    /// `SELECT k, v / 10 FROM t WHERE v > 9` over the columns `k, v`.
    fn view() -> Arc<View> {
        let literal = |value: i64| Arc::new(Literal::new(ScalarValue::Int64(Some(value)))) as _;
        let (k, v) = (Arc::new(Column::new("k", 0)), Arc::new(Column::new("v", 1)));
        let schema = Schema::new(vec![
            Field::new("k", DataType::Int64, true),
            Field::new("tens", DataType::Int64, true),
        ]);
        let tens = Arc::new(BinaryExpr::new(v.clone(), Operator::Divide, literal(10)));
        let stages = vec![
            Stage::Filter(Arc::new(BinaryExpr::new(v, Operator::Gt, literal(9)))),
            Stage::Project { exprs: vec![k, tens], schema: Arc::new(schema) },
        ];
        Arc::new(View { columns: vec![0, 1], stages })
    }

    fn batch(rows: &[(&'static str, i64, i64)]) -> RecordBatch {
        let types = rows.iter().map(|row| row.0).collect::<Vec<_>>();
        let numbers =
            |of: fn(&(&'static str, i64, i64)) -> i64| Int64Array::from_iter_values(rows.iter().map(of));
        RecordBatch::try_from_iter([
            ("_change_type", Arc::new(column(&types)) as ArrayRef),
            ("k", Arc::new(numbers(|row| row.1)) as ArrayRef),
            ("v", Arc::new(numbers(|row| row.2)) as ArrayRef),
        ])
        .unwrap()
    }

    fn shown(changed: &Changed) -> Vec<(&'static str, i64, i64)> {
        let numbers =
            |column: usize| changed.rows.column(column).as_primitive::<Int64Type>().values().to_vec();
        let rows = changed.types.iter().zip(numbers(0)).zip(numbers(1));
        rows.map(|((kind, k), v)| (*kind, k, v)).collect()
    }

    #[test]
    fn an_update_is_one_only_where_both_images_are_seen_and_differ() {
        let changed = Images::new(view())
            .push(batch(&[
                (INSERT, 1, 5),
                (INSERT, 2, 20),
                (BEFORE, 3, 30),
                (AFTER, 3, 41),
                (BEFORE, 4, 40),
                (AFTER, 4, 49),
                (BEFORE, 5, 3),
                (AFTER, 5, 50),
                (BEFORE, 6, 60),
                (AFTER, 6, 6),
                (BEFORE, 7, 1),
                (AFTER, 7, 2),
                (DELETE, 8, 80),
                (DELETE, 9, 9),
            ]))
            .unwrap();
        let expected =
            [(INSERT, 2, 2), (BEFORE, 3, 3), (AFTER, 3, 4), (INSERT, 5, 5), (DELETE, 6, 6), (DELETE, 8, 8)];
        assert_eq!(shown(&changed), expected);
    }

    #[test]
    fn an_update_may_begin_in_one_batch_and_end_in_the_next() {
        let mut images = Images::new(view());
        let first = images.push(batch(&[(INSERT, 1, 10), (BEFORE, 2, 20)])).unwrap();
        assert_eq!(shown(&first), [(INSERT, 1, 1)]);
        assert!(images.finish().is_err());
        let second = images.push(batch(&[(AFTER, 2, 30)])).unwrap();
        assert_eq!(shown(&second), [(BEFORE, 2, 2), (AFTER, 2, 3)]);
        images.finish().unwrap();
    }

    #[test]
    fn what_is_no_change_type_is_an_error() {
        let odd = batch(&[("upsert", 1, 1)]);
        assert!(Images::new(view()).push(odd).is_err());
    }
}
