#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;

use super::*;
use crate::pg::encode::Style;
use crate::settings::Settings;

fn style() -> Style {
    Style::of(&Settings::default())
}

fn batch() -> RecordBatch {
    let lists = [Some(vec![Some(1), None]), None, Some(vec![])];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![Some(1), Some(-20), None]))),
        ("text", Arc::new(StringArray::from(vec![Some("a,\"b\"\nc"), Some(""), Some("NULL")]))),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("ratio", Arc::new(Float64Array::from(vec![0.1, f64::NAN, 1e300]))),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![Some(1050), Some(-5), None])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None, Some(0)]))),
        ("list", Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

fn written(format: Format, batches: &[RecordBatch]) -> String {
    let options = OutputOptions { format, style: style(), value_width_max: Some(30), footer: true };
    let mut writer = ResultWriter::new(Vec::new(), &batch().schema(), &options);
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    String::from_utf8(writer.finish().unwrap().1).unwrap()
}

#[test]
fn tables_line_up_and_show_nulls() {
    let expected = [
        "   id │ text     │ ok   │  ratio │ price │ at                    │ list",
        "──────┼──────────┼──────┼────────┼───────┼───────────────────────┼──────────",
        "    1 │ a,\"b\"\\nc │ t    │    0.1 │ 10.50 │ 1970-01-01 00:00:01.5 │ {1,NULL}",
        "  -20 │          │ f    │    NaN │ -0.05 │ NULL                  │ NULL",
        " NULL │ \"NULL\"   │ NULL │ 1e+300 │  NULL │ 1970-01-01 00:00:00   │ {}",
        "(3 rows)\n",
    ]
    .join("\n");
    assert_eq!(written(Format::Table, &[batch()]), expected);
}

#[test]
fn csv_quotes_what_must_be() {
    let expected = "\
id,text,ok,ratio,price,at,list
1,\"a,\"\"b\"\"\nc\",t,0.1,10.50,1970-01-01 00:00:01.5,\"{1,NULL}\"
-20,\"\",f,NaN,-0.05,,
,NULL,,1e+300,,1970-01-01 00:00:00,{}
";
    assert_eq!(written(Format::Csv, &[batch()]), expected);
}

#[test]
fn tsv_escapes_and_marks_nulls() {
    let text = written(Format::Tsv, &[batch()]);
    assert!(text.contains("1\ta,\"b\"\\nc\tt\t"), "{text}");
    assert!(text.contains("\\N\tNULL\t\\N\t"), "{text}");
}

#[test]
fn json_parses_and_keeps_every_digit() {
    let text = written(Format::Json, &[batch(), batch()]);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[0]["list"], serde_json::json!([1, null]));
    assert_eq!(rows[1]["ratio"], "NaN");
    assert_eq!(rows[2]["id"], serde_json::Value::Null);
    assert!(text.contains("\"price\":10.50"), "{text}");
    let lines = written(Format::Ndjson, &[batch()]);
    assert!(lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{lines}");
}

#[test]
fn expanded_has_a_line_for_each_value() {
    let text = written(Format::Expanded, &[batch()]);
    assert!(text.starts_with("─[ row 1 ]─\nid    │ 1\ntext  │ a,\"b\"\\nc\n"), "{text}");
    assert!(text.ends_with("(3 rows)\n"), "{text}");
}

#[test]
fn results_without_rows_have_their_header_or_brackets() {
    assert_eq!(written(Format::Csv, &[]), "id,text,ok,ratio,price,at,list\n");
    assert_eq!(written(Format::Json, &[]), "[]\n");
    assert_eq!(written(Format::Ndjson, &[]), "");
    assert!(written(Format::Table, &[]).ends_with("(0 rows)\n"));
}

#[test]
fn data_cannot_drive_the_terminal() {
    let column: ArrayRef =
        Arc::new(StringArray::from(vec!["\x1b[31mred\u{202E}", "日本語日本語日本語日本語"]));
    let batch = RecordBatch::try_from_iter([("evil\x07", column)]).unwrap();
    let options =
        OutputOptions { format: Format::Table, style: style(), value_width_max: Some(11), footer: false };
    let mut writer = ResultWriter::new(Vec::new(), &batch.schema(), &options);
    writer.write(&batch).unwrap();
    let text = String::from_utf8(writer.finish().unwrap().1).unwrap();
    assert!(!text.contains(['\x1b', '\x07', '\u{202E}']), "{text:?}");
    assert!(text.contains("日本語日本…"), "{text}");
}
