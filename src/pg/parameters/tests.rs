#![allow(clippy::unwrap_used)]

use arrow::datatypes::IntervalMonthDayNano;

use super::*;

fn text(value: &str, kind: Type) -> PgResult<ScalarValue> {
    decode(Some(value.as_bytes()), kind.oid(), Format::Text, &Zone::Named("Europe/Berlin".parse().unwrap()))
}

fn binary(value: &[u8], kind: Type) -> PgResult<ScalarValue> {
    decode(Some(value), kind.oid(), Format::Binary, &Zone::Named("UTC".parse().unwrap()))
}

#[test]
fn integers_out_of_range_are_told_from_those_that_are_none() {
    assert_eq!(text(" 42 ", Type::INT4).unwrap(), ScalarValue::Int32(Some(42)));
    let error = text("99999999999", Type::INT4).unwrap_err();
    assert_eq!(error.code, "22003");
    assert_eq!(error.message, "value \"99999999999\" is out of range for type integer");
    let error = text("4x", Type::INT2).unwrap_err();
    assert_eq!(error.code, "22P02");
    assert_eq!(error.message, "invalid input syntax for type smallint: \"4x\"");
    assert_eq!(text("1e999", Type::FLOAT8).unwrap_err().code, "22003");
    assert_eq!(text("Infinity", Type::FLOAT8).unwrap(), ScalarValue::Float64(Some(f64::INFINITY)));
}

#[test]
fn null_has_the_parameters_type() {
    let zone = Zone::Named("UTC".parse().unwrap());
    assert_eq!(decode(None, Type::INT8.oid(), Format::Binary, &zone).unwrap(), ScalarValue::Int64(None));
    assert_eq!(decode(None, 0, Format::Text, &zone).unwrap(), ScalarValue::Utf8(None));
}

#[test]
fn numerics_keep_their_digits() {
    let wanted = ScalarValue::Decimal128(Some(-1250), 4, 2);
    assert_eq!(text("-12.50", Type::NUMERIC).unwrap(), wanted);
    assert_eq!(text("1.5e3", Type::NUMERIC).unwrap(), ScalarValue::Decimal128(Some(1500), 4, 0));
    assert_eq!(text("15e-3", Type::NUMERIC).unwrap(), ScalarValue::Decimal128(Some(15), 3, 3));
    let words = [2u16, 0, NEGATIVE, 2, 12, 5000];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    assert_eq!(binary(&bytes, Type::NUMERIC).unwrap(), wanted);
    let wide = "1".repeat(60);
    assert!(matches!(text(&wide, Type::NUMERIC).unwrap(), ScalarValue::Decimal256(Some(_), 60, 0)));
    assert_eq!(text(&"1".repeat(77), Type::NUMERIC).unwrap_err().code, "22003");
    assert_eq!(text("1.2.3", Type::NUMERIC).unwrap_err().code, "22P02");
    assert_eq!(text("1e999999999", Type::NUMERIC).unwrap_err().code, "22003");
    assert_eq!(text("NaN", Type::NUMERIC).unwrap_err().code, "0A000");
}

const NEGATIVE: u16 = 0x4000;

#[test]
fn every_number_comes_back_from_its_binary_form() {
    for digits in ["0", "1", "-0.05", "12345.6789", "10000", "0.00000001", "-99999999999999999999.999"] {
        let ScalarValue::Decimal128(Some(value), _, scale) = text(digits, Type::NUMERIC).unwrap() else {
            unreachable!()
        };
        let mut bytes = Vec::new();
        crate::pg::encode::numeric_binary(value, scale, &mut bytes);
        assert_eq!(binary(&bytes, Type::NUMERIC).unwrap(), text(digits, Type::NUMERIC).unwrap(), "{digits}");
    }
}

#[test]
fn times_know_which_zone_they_are_in() {
    let micros = |value: ScalarValue| match value {
        ScalarValue::TimestampMicrosecond(micros, _) => micros.unwrap(),
        _ => unreachable!(),
    };
    let ten = 1_719_828_000_000_000;
    assert_eq!(micros(text("2024-07-01 12:00:00", Type::TIMESTAMPTZ).unwrap()), ten);
    assert_eq!(micros(text("2024-07-01 10:00:00+00", Type::TIMESTAMPTZ).unwrap()), ten);
    assert_eq!(micros(text("2024-07-01 10:00:00", Type::TIMESTAMP).unwrap()), ten);
    assert_eq!(micros(text("2024-07-01 10:00:00+05", Type::TIMESTAMP).unwrap()), ten);
    assert_eq!(micros(binary(&[0; 8], Type::TIMESTAMP).unwrap()), 946_684_800_000_000);
    assert_eq!(text("2024-02-30", Type::DATE).unwrap_err().code, "22007");
    assert_eq!(text("2024-02-29 00:00:00+01", Type::DATE).unwrap(), ScalarValue::Date32(Some(19_782)));
    let interval = IntervalMonthDayNano::new(14, 3, 14_706_789_000_000);
    let text = text("1 year 2 mons 3 days 04:05:06.789", Type::INTERVAL).unwrap();
    assert_eq!(text, ScalarValue::IntervalMonthDayNano(Some(interval)));
}

#[test]
fn bytes_come_in_hex_and_escaped() {
    let wanted = ScalarValue::Binary(Some(vec![b'a', 0, 255, b'\\']));
    assert_eq!(text("\\x6100ff5c", Type::BYTEA).unwrap(), wanted);
    assert_eq!(text("a\\000\\377\\\\", Type::BYTEA).unwrap(), wanted);
    assert!(text("\\x6", Type::BYTEA).is_err());
    assert!(text("\\9", Type::BYTEA).is_err());
}

#[test]
fn arrays_in_both_forms() {
    let items = [ScalarValue::Int32(Some(1)), ScalarValue::Int32(None)];
    let wanted = ScalarValue::List(ScalarValue::new_list_nullable(&items, &DataType::Int32));
    assert_eq!(text("{1, NULL}", Type::INT4_ARRAY).unwrap(), wanted);
    let words = [1i32, 1, 23, 2, 1, 4, 1, -1];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    assert_eq!(binary(&bytes, Type::INT4_ARRAY).unwrap(), wanted);
    for cut in 0..bytes.len() {
        assert!(binary(&bytes[..cut], Type::INT4_ARRAY).is_err(), "{cut} bytes");
    }
    let items = ["a b", "c\"d", "null"].map(|item| ScalarValue::Utf8(Some(item.into())));
    let wanted = ScalarValue::List(ScalarValue::new_list_nullable(&items, &DataType::Utf8));
    assert_eq!(text(r#"{"a b","c\"d","null"}"#, Type::TEXT_ARRAY).unwrap(), wanted);
    for wrong in ["", "{", "1", "{1,}", "{{1}}", "{\"a}", "{a\"b}"] {
        assert_eq!(text(wrong, Type::TEXT_ARRAY).unwrap_err().code, "22P02", "{wrong}");
    }
    let huge = [1i32, 0, 23, i32::MAX, 1].iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    assert!(binary(&huge, Type::INT4_ARRAY).is_err());
}

#[test]
fn binary_of_the_wrong_length_is_refused() {
    for kind in
        [Type::BOOL, Type::INT4, Type::FLOAT8, Type::TIMESTAMPTZ, Type::UUID, Type::NUMERIC, Type::INTERVAL]
    {
        assert_eq!(binary(&[0; 3], kind).unwrap_err().code, "22P03");
    }
    assert_eq!(binary(b"a\0b", Type::TEXT).unwrap_err().code, "22021");
    assert_eq!(binary(b"\xff", Type::TEXT).unwrap_err().code, "22021");
}
