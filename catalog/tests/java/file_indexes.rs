//! File indexes find the rows that satisfy a predicate, as many as there are.
//!
//! Each commit of these tables wrote one file, so the rows of a file are those that its snapshot added.
//! Their order in the file is not known here, but how many satisfy a predicate is, and conjunctions over
//! two columns come out right only where positions are.

use std::cmp::Ordering;
use std::sync::Arc;

use object_store::ObjectStore;
use serde_json::Value as Json;
use tarn_catalog::datum::Datum;
use tarn_catalog::paimon::file_index::{IndexedFile, Matching};
use tarn_catalog::predicate::{Leaf, Predicate, Test};
use tarn_catalog::schema::{SchemaField, TableSchema};
use tarn_catalog::split::{DataFile, FileSchema};
use tarn_catalog::table::{ScanRequest, Table, TableVersion};
use tarn_catalog::types::LogicalType;
use tarn_catalog::version::{ReadOptions, VersionSpec};

use crate::golden;

/// The columns that have indexes in these tables: an INT and a STRING.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    Number,
    Text,
}

/// A file, the rows in it, and what it takes to ask its index.
struct Fixture {
    store: Arc<dyn ObjectStore>,
    table: Arc<TableSchema>,
    schema: Arc<FileSchema>,
    file: DataFile,
    rows: Vec<Json>,
}

impl Fixture {
    fn field(&self, column: Column) -> &SchemaField {
        let data_type = if column == Column::Number { LogicalType::Int } else { LogicalType::STRING };
        self.table.fields.iter().find(|field| field.data_type == data_type).unwrap()
    }

    fn leaf(&self, column: Column, test: Test) -> Predicate {
        Predicate::Leaf(Leaf { field_id: self.field(column).id, test })
    }

    fn value(&self, column: Column, row: &Json) -> Datum {
        value(&row[&self.field(column).name])
    }

    /// SQL's answer, row by row.
    fn holds(&self, predicate: &Predicate, row: &Json) -> bool {
        match predicate {
            Predicate::True => true,
            Predicate::And(parts) => parts.iter().all(|part| self.holds(part, row)),
            Predicate::Or(parts) => parts.iter().any(|part| self.holds(part, row)),
            Predicate::Leaf(Leaf { field_id, test }) => {
                let field = self.table.fields.iter().find(|field| field.id == *field_id).unwrap();
                passes(&value(&row[&field.name]), test)
            }
        }
    }

    async fn matching(&self, predicate: &Predicate) -> Matching {
        let indexed = IndexedFile {
            source: self.file.index.as_ref().unwrap(),
            path: &self.file.path,
            rows: self.file.rows,
            schema: &self.schema,
        };
        indexed.matching(&self.store, &self.table, predicate).await.unwrap()
    }

    fn satisfying(&self, predicate: &Predicate) -> u64 {
        self.rows.iter().filter(|row| self.holds(predicate, row)).count() as u64
    }

    /// The index leaves over exactly the rows that satisfy the predicate.
    async fn check_exact(&self, predicate: &Predicate) {
        let expected = self.satisfying(predicate);
        let found = match self.matching(predicate).await {
            Matching::Skip => 0,
            Matching::All => self.file.rows,
            Matching::Rows(rows) => rows.len(),
        };
        assert_eq!(found, expected, "{predicate:?} in {}", self.file.path);
    }
}

/// The files of a table, one for each snapshot.
async fn fixtures(name: &str) -> Vec<Fixture> {
    let table = golden::table(name).await;
    let mut fixtures: Vec<Fixture> = Vec::new();
    let mut before: Vec<Json> = Vec::new();
    for snapshot in table.timeline().snapshot_ids().await.unwrap() {
        let read = ReadOptions { version: VersionSpec::Snapshot(snapshot), ..ReadOptions::default() };
        let version = table.version(&read).await.unwrap();
        let scan = version.plan(&ScanRequest::default()).await.unwrap();
        let mut files = scan.splits.iter().flat_map(|split| split.unit.files());
        let file = files.find(|file| fixtures.iter().all(|known| known.file.path != file.path)).unwrap();
        let now = golden::rows_at(name, snapshot);
        let mut rows = now.clone();
        for row in &before {
            rows.swap_remove(rows.iter().position(|other| other == row).unwrap());
        }
        assert_eq!(rows.len() as u64, file.rows);
        fixtures.push(Fixture {
            store: table.store(),
            table: version.schema(),
            schema: Arc::clone(&scan.file_schemas[file.file_schema]),
            file: file.clone(),
            rows,
        });
        before = now;
    }
    assert!(fixtures.len() > 1);
    fixtures
}

fn value(json: &Json) -> Datum {
    match json {
        Json::Null => Datum::Null,
        Json::Number(number) => Datum::Integer(number.as_i64().unwrap()),
        Json::String(text) => Datum::Text(text.clone()),
        other => panic!("{other}"),
    }
}

fn passes(value: &Datum, test: &Test) -> bool {
    let compared = |constant: &Datum| value.compare(constant);
    match test {
        Test::IsNull => value.is_null(),
        Test::IsNotNull => !value.is_null(),
        Test::Equal(constant) => compared(constant).is_some_and(Ordering::is_eq),
        Test::NotEqual(constant) => compared(constant).is_some_and(Ordering::is_ne),
        Test::Less(constant) => compared(constant).is_some_and(Ordering::is_lt),
        Test::LessOrEqual(constant) => compared(constant).is_some_and(Ordering::is_le),
        Test::Greater(constant) => compared(constant).is_some_and(Ordering::is_gt),
        Test::GreaterOrEqual(constant) => compared(constant).is_some_and(Ordering::is_ge),
        Test::In(constants) => constants.iter().any(|constant| compared(constant) == Some(Ordering::Equal)),
        Test::StartsWith(_) => panic!("no index answers prefixes"),
    }
}

/// Values of a column, and neighbours that it may lack.
fn constants(fixture: &Fixture, column: Column) -> Vec<Datum> {
    let values = fixture.rows.iter().map(|row| fixture.value(column, row));
    let with_neighbours = values.filter(|value| !value.is_null()).flat_map(|value| match value {
        Datum::Integer(number) => vec![Datum::Integer(number), Datum::Integer(number + 1)],
        Datum::Text(text) => vec![Datum::Text(format!("{text}x")), Datum::Text(text)],
        other => vec![other],
    });
    let extremes = match column {
        Column::Number => [i64::from(i32::MIN), i64::from(i32::MAX)].map(Datum::Integer),
        Column::Text => ["", "\u{10ffff}"].map(|text| Datum::Text(text.into())),
    };
    with_neighbours.chain(extremes).collect()
}

fn equalities(constant: Datum) -> [Test; 2] {
    [Test::Equal(constant.clone()), Test::NotEqual(constant)]
}

fn comparisons(constant: Datum) -> [Test; 4] {
    [
        Test::Less(constant.clone()),
        Test::LessOrEqual(constant.clone()),
        Test::Greater(constant.clone()),
        Test::GreaterOrEqual(constant),
    ]
}

#[tokio::test]
async fn bitmaps_find_equal_and_null_rows() {
    for name in golden::table_names("idx_bitmap_").await {
        for fixture in fixtures(&name).await {
            for column in [Column::Number, Column::Text] {
                let constants = constants(&fixture, column);
                fixture
                    .check_exact(
                        &fixture.leaf(column, Test::In(constants.iter().step_by(3).cloned().collect())),
                    )
                    .await;
                fixture.check_exact(&fixture.leaf(column, Test::IsNull)).await;
                fixture.check_exact(&fixture.leaf(column, Test::IsNotNull)).await;
                for test in constants.into_iter().flat_map(equalities) {
                    fixture.check_exact(&fixture.leaf(column, test)).await;
                }
            }
            check_pairs(&fixture, |a, b| (Test::Equal(a), Test::Equal(b))).await;
            check_pairs(&fixture, |a, b| (Test::NotEqual(a), Test::Equal(b))).await;
        }
    }
}

/// Conjunctions and disjunctions over both columns, with the values of each row.
async fn check_pairs(fixture: &Fixture, tests: impl Fn(Datum, Datum) -> (Test, Test)) {
    for row in &fixture.rows {
        let (a, b) = (fixture.value(Column::Number, row), fixture.value(Column::Text, row));
        if !a.is_null() && !b.is_null() {
            let (a, b) = tests(a, b);
            let both = vec![fixture.leaf(Column::Number, a), fixture.leaf(Column::Text, b)];
            fixture.check_exact(&Predicate::And(both.clone())).await;
            fixture.check_exact(&Predicate::Or(both)).await;
        }
    }
}

#[tokio::test]
async fn range_bitmaps_find_ranges_of_numbers_and_texts() {
    for name in golden::table_names("idx_range_bitmap_").await {
        for fixture in fixtures(&name).await {
            for column in [Column::Number, Column::Text] {
                fixture.check_exact(&fixture.leaf(column, Test::IsNull)).await;
                fixture.check_exact(&fixture.leaf(column, Test::IsNotNull)).await;
                for constant in constants(&fixture, column) {
                    let tests = comparisons(constant.clone()).into_iter().chain(equalities(constant));
                    for test in tests {
                        fixture.check_exact(&fixture.leaf(column, test)).await;
                    }
                }
            }
            check_pairs(&fixture, |a, b| (Test::Less(a), Test::GreaterOrEqual(b))).await;
        }
    }
}

#[tokio::test]
async fn bit_slices_find_ranges_of_numbers() {
    for name in golden::table_names("idx_bsi_").await {
        for fixture in fixtures(&name).await {
            fixture.check_exact(&fixture.leaf(Column::Number, Test::IsNull)).await;
            fixture.check_exact(&fixture.leaf(Column::Number, Test::IsNotNull)).await;
            for constant in constants(&fixture, Column::Number) {
                for test in comparisons(constant.clone()).into_iter().chain(equalities(constant)) {
                    fixture.check_exact(&fixture.leaf(Column::Number, test)).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn bloom_filters_skip_files_without_a_value_and_no_others() {
    let (mut skipped, mut asked) = (0, 0);
    for name in golden::table_names("idx_bloom_filter_").await {
        for fixture in fixtures(&name).await {
            for column in [Column::Number, Column::Text] {
                for constant in constants(&fixture, column) {
                    let predicate = fixture.leaf(column, Test::Equal(constant));
                    let present = fixture.satisfying(&predicate) > 0;
                    match fixture.matching(&predicate).await {
                        Matching::Skip => {
                            assert!(!present, "{predicate:?} in {}", fixture.file.path);
                            skipped += 1;
                        }
                        Matching::All => {}
                        Matching::Rows(_) => panic!("a Bloom filter knows no rows"),
                    }
                    asked += usize::from(!present);
                }
            }
        }
    }
    // These filters have room for a million values and hold 60.
    assert!(asked > 100 && skipped == asked, "{skipped} of {asked} absent values");
}
