//! Values in Postgres's binary format, read back as the text that Postgres would have sent.
//!
//! Written from the protocol's documentation and independent of Tarn's own encoder, which it checks.

use std::error::Error;

use chrono::{DateTime, Days, NaiveDate, TimeDelta};
use tokio_postgres::types::{FromSql, Kind, Type};

use super::pg_text::{bytes, float, fraction, quoted, time_of_day};

type Result<T> = std::result::Result<T, Box<dyn Error + Sync + Send>>;

/// A value of any type as text.
pub struct Cell {
    pub text: String,
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self> {
        Ok(Self { text: text_of(kind, raw)? })
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn text_of(kind: &Type, raw: &[u8]) -> Result<String> {
    if let Kind::Array(element) = kind.kind() {
        return array(element, raw);
    }
    Ok(match *kind {
        Type::BOOL => if fixed::<1>(raw)? == [0] { "f" } else { "t" }.to_owned(),
        Type::INT2 => i16::from_be_bytes(fixed(raw)?).to_string(),
        Type::INT4 => i32::from_be_bytes(fixed(raw)?).to_string(),
        Type::INT8 => i64::from_be_bytes(fixed(raw)?).to_string(),
        Type::OID => u32::from_be_bytes(fixed(raw)?).to_string(),
        Type::FLOAT4 => float(f32::from_be_bytes(fixed(raw)?)),
        Type::FLOAT8 => float(f64::from_be_bytes(fixed(raw)?)),
        Type::NUMERIC => numeric(raw)?,
        Type::DATE => date(i32::from_be_bytes(fixed(raw)?))?,
        Type::TIME => time_of_day(i64::from_be_bytes(fixed(raw)?) * 1_000),
        Type::TIMESTAMP => timestamp(i64::from_be_bytes(fixed(raw)?))?,
        Type::TIMESTAMPTZ => timestamp(i64::from_be_bytes(fixed(raw)?))? + "+00",
        Type::UUID => uuid(raw)?,
        Type::BYTEA => bytes(raw),
        Type::JSONB => std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned(),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN | Type::CHAR => {
            std::str::from_utf8(raw)?.to_owned()
        }
        _ => return Err(format!("the tests do not know the binary format of {kind}").into()),
    })
}

/// 16 bytes as hexadecimal digits in five groups.
fn uuid(raw: &[u8]) -> Result<String> {
    let digits: String = fixed::<16>(raw)?.iter().map(|byte| format!("{byte:02x}")).collect();
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Ok(groups.join("-"))
}

fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N]> {
    Ok(raw.try_into()?)
}

/// Base-10000 digits with a weight, a sign and a number of digits to show.
fn numeric(raw: &[u8]) -> Result<String> {
    let field = |at: usize| -> Result<u16> {
        Ok(u16::from_be_bytes(raw.get(at..at + 2).ok_or("a numeric that ends early")?.try_into()?))
    };
    let (count, weight, sign, scale) = (field(0)?, field(2)? as i16, field(4)?, usize::from(field(6)?));
    match sign {
        0xC000 => return Ok("NaN".to_owned()),
        0x0000 | 0x4000 => {}
        other => return Err(format!("numeric sign {other:#x}").into()),
    }
    let digit = |position: i32| -> Result<u16> {
        if (0..i32::from(count)).contains(&position) { field(8 + 2 * position as usize) } else { Ok(0) }
    };
    let mut whole = String::new();
    for position in 0..=i32::from(weight) {
        whole += &format!("{:04}", digit(position)?);
    }
    let whole = whole.trim_start_matches('0');
    let mut fraction = String::new();
    let mut position = i32::from(weight) + 1;
    while fraction.len() < scale {
        fraction += &format!("{:04}", if position < 0 { 0 } else { digit(position)? });
        position += 1;
    }
    fraction.truncate(scale);
    let sign = if sign == 0x4000 { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Ok(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// Days since 2000-01-01.
fn date(days: i32) -> Result<String> {
    let epoch = NaiveDate::from_ymd_opt(2000, 1, 1).ok_or("no epoch")?;
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let date = if days < 0 { epoch.checked_sub_days(distance) } else { epoch.checked_add_days(distance) };
    Ok(date.ok_or("a date out of range")?.to_string())
}

/// Microseconds since 2000-01-01 00:00.
fn timestamp(micros: i64) -> Result<String> {
    let epoch = DateTime::from_timestamp(946_684_800, 0).ok_or("no epoch")?;
    let moment =
        epoch.checked_add_signed(TimeDelta::microseconds(micros)).ok_or("a timestamp out of range")?;
    let text = moment.format("%Y-%m-%d %H:%M:%S").to_string();
    Ok(text + &fraction(i64::from(moment.timestamp_subsec_micros())))
}

/// Dimensions, then each element with its length; one-dimensional arrays and nested ones.
fn array(element: &Type, raw: &[u8]) -> Result<String> {
    let word = |at: usize| -> Result<i32> {
        Ok(i32::from_be_bytes(raw.get(at..at + 4).ok_or("an array that ends early")?.try_into()?))
    };
    let dimensions = usize::try_from(word(0)?)?;
    let lengths =
        (0..dimensions).map(|at| Ok(usize::try_from(word(12 + 8 * at)?)?)).collect::<Result<Vec<_>>>()?;
    let mut at = 12 + 8 * dimensions;
    let mut elements = Vec::new();
    for _ in 0..if dimensions == 0 { 0 } else { lengths.iter().product() } {
        let length = word(at)?;
        at += 4;
        let Ok(length) = usize::try_from(length) else {
            elements.push("NULL".to_owned());
            continue;
        };
        let value = raw.get(at..at + length).ok_or("an array that ends early")?;
        elements.push(quoted(text_of(element, value)?));
        at += length;
    }
    Ok(braces(&lengths, &mut elements.into_iter()))
}

fn braces(lengths: &[usize], elements: &mut impl Iterator<Item = String>) -> String {
    match lengths {
        [] => "{}".to_owned(),
        [count] => format!("{{{}}}", elements.take(*count).collect::<Vec<_>>().join(",")),
        [count, inner @ ..] => {
            let parts: Vec<String> = (0..*count).map(|_| braces(inner, elements)).collect();
            format!("{{{}}}", parts.join(","))
        }
    }
}
