//! Files that hold different columns of the same rows.

use ::parquet::arrow::ArrowWriter;
use arrow::array::{Array, Int32Array, Int64Array, StringArray};
use tarn_catalog::split::DataFile;

use super::*;

const ROWS: i64 = 10;

/// A table of columns by position: three groups, the newest first, and a column that none holds.
///
/// `b` is in the first two groups, so the first one's counts; the third group is two files.
struct Table {
    store: Arc<dyn ObjectStore>,
    groups: Vec<Vec<DataFile>>,
    schemas: Vec<Arc<FileSchema>>,
}

fn fields() -> Vec<SchemaField> {
    vec![
        field(1, "a", LogicalType::Int),
        field(2, "b", LogicalType::STRING),
        field(3, "c", LogicalType::BigInt),
        field(4, "none", LogicalType::Int),
    ]
}

fn numbers(range: std::ops::Range<i64>) -> impl Iterator<Item = i32> {
    range.map(|number| i32::try_from(number).unwrap())
}

impl Table {
    async fn new() -> Self {
        let mut table = Self { store: Arc::new(InMemory::new()), groups: Vec::new(), schemas: Vec::new() };
        let new_b: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("new{row}"))));
        let old_b: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("old{row}"))));
        let a: ArrayRef = Arc::new(Int32Array::from_iter_values(numbers(0..ROWS)));
        let ids: ArrayRef =
            Arc::new(Int64Array::from_iter((0..ROWS).map(|row| (row % 3 == 0).then_some(1000 + row))));
        let newest = table.file("b.parquet", 0..ROWS, vec![("b", new_b), ("_ID", ids)]).await;
        let older = table.file("ab.parquet", 0..ROWS, vec![("a", a), ("b", old_b)]).await;
        let c =
            |range: std::ops::Range<i64>| Arc::new(Int32Array::from_iter_values(numbers(range))) as ArrayRef;
        let first = table.file("c1.parquet", 0..4, vec![("c", c(100..104))]).await;
        let second = table.file("c2.parquet", 4..ROWS, vec![("c", c(104..110))]).await;
        table.groups = vec![vec![newest], vec![older], vec![first, second]];
        let written = [
            field(1, "a", LogicalType::Int),
            field(2, "b", LogicalType::STRING),
            field(3, "c", LogicalType::Int),
        ];
        table.schemas = vec![Arc::new(FileSchema {
            id: 0,
            fields: written.to_vec(),
            lookup: FieldLookup::ByName,
            defaults: Vec::new(),
            row_columns: Vec::new(),
            aliases: Vec::new(),
        })];
        table
    }

    async fn file(&self, name: &str, rows: std::ops::Range<i64>, columns: Vec<(&str, ArrayRef)>) -> DataFile {
        let names = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let path = Path::from(name);
        let size = bytes.len() as u64;
        self.store.put(&path, bytes.into()).await.unwrap();
        let mut file = data_file(path, FileFormat::Parquet, size, (rows.end - rows.start) as u64);
        file.write_columns = Some(names);
        file.first_row_id = Some(500 + rows.start);
        file.max_sequence = 77;
        file
    }

    async fn read(
        &self,
        columns: &ReadColumns,
        live: Option<&BooleanBuffer>,
        batch_size: usize,
    ) -> Result<RecordBatch> {
        let source = ZipToRead {
            groups: &self.groups,
            schemas: &self.schemas,
            store: Arc::clone(&self.store),
            footers: Arc::new(FooterCache::new(1 << 20)),
            table: "db.t".into(),
        };
        let batches: Vec<_> = open_zip(source, columns, live, batch_size).await?.try_collect().await?;
        Ok(concat_batches(&columns.schema(), &batches).unwrap())
    }
}

#[tokio::test]
async fn columns_come_from_the_newest_group_that_holds_them() {
    let table = Table::new().await;
    let columns = ReadColumns { row_number: Some("row".to_owned()), ..ReadColumns::of_table(fields()) };
    for batch_size in [1, 3, 100] {
        let batch = table.read(&columns, None, batch_size).await.unwrap();
        assert_eq!(batch.num_rows(), 10);
        let a = batch.column(0).as_primitive::<arrow::datatypes::Int32Type>();
        assert_eq!(a.values(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(batch.column(1).as_string_view().value(9), "new9");
        assert_eq!(longs(batch.column(2)), (100..110).collect::<Vec<_>>());
        assert_eq!(batch.column(3).null_count(), 10);
        assert_eq!(longs(batch.column(4)), (0..10).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn masks_keep_the_columns_of_a_row_together() {
    let table = Table::new().await;
    let columns = ReadColumns { row_number: Some("row".to_owned()), ..ReadColumns::of_table(fields()) };
    let mut random = Seeded(3);
    for share in [0, 10, 50, 90] {
        let live = random.mask(10, share);
        let expected: Vec<_> = live.set_indices().map(|row| row as i64).collect();
        let batch = table.read(&columns, Some(&live), 2).await.unwrap();
        assert_eq!(longs(batch.column(4)), expected);
        let c: Vec<_> = longs(batch.column(2)).iter().map(|number| number - 100).collect();
        assert_eq!(c, expected);
        let b: Vec<_> =
            batch.column(1).as_string_view().iter().map(|text| text.unwrap().to_owned()).collect();
        assert_eq!(b, expected.iter().map(|row| format!("new{row}")).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn rows_are_counted_without_reading_a_file() {
    let mut table = Table::new().await;
    let live = Seeded(5).mask(10, 50);
    table.store = Arc::new(InMemory::new());
    let batch = table.read(&ReadColumns::default(), Some(&live), 3).await.unwrap();
    assert_eq!(batch.num_rows(), live.count_set_bits());
}

#[tokio::test]
async fn row_ids_are_stored_or_counted_from_the_first() {
    let table = Table::new().await;
    let system =
        |name: &str, missing| SystemColumn { name: name.to_owned(), data_type: LogicalType::BigInt, missing };
    let columns = ReadColumns {
        system: vec![
            system("_ID", WhenMissing::RowId),
            system("_OTHER_ID", WhenMissing::RowId),
            system("_SEQUENCE", WhenMissing::MaxSequence),
        ],
        ..ReadColumns::of_table(vec![fields()[2].clone()])
    };
    let live: BooleanBuffer = (0..10).map(|row| row != 1).collect();
    let batch = table.read(&columns, Some(&live), 4).await.unwrap();
    assert_eq!(longs(batch.column(1)), [1000, 502, 1003, 504, 505, 1006, 507, 508, 1009]);
    assert_eq!(longs(batch.column(2)), [500, 502, 503, 504, 505, 506, 507, 508, 509]);
    assert_eq!(longs(batch.column(3)), [77; 9]);
}

#[tokio::test]
async fn groups_of_different_lengths_are_corrupt() {
    let mut table = Table::new().await;
    table.groups[2].pop();
    let error = table.read(&ReadColumns::of_table(fields()), None, 4).await.unwrap_err();
    assert!(matches!(&error, Error::Corrupt { path, .. } if path == "c1.parquet"), "{error}");
}
