//! Variants as JSON text (Parquet's VariantEncoding.md), the way Java's `Variant.toJson` writes them.

use super::Result;

/// Values nest this deep at most.
const DEPTH_MAX: u32 = 128;

/// The JSON of a variant's two parts.
pub fn to_json(metadata: &[u8], value: &[u8]) -> Result<String> {
    let mut json = String::new();
    Variant { names: names(metadata)? }.write(value, &mut json, 0)?;
    Ok(json)
}

struct Variant<'a> {
    names: Vec<&'a str>,
}

/// The dictionary of field names.
fn names(metadata: &[u8]) -> Result<Vec<&str>> {
    let header = byte(metadata, 0)?;
    let width = usize::from(header >> 6) + 1;
    let count = unsigned(metadata, 1, width)?;
    let offsets = 1 + width;
    let text = offsets + (count + 1) * width;
    (0..count)
        .map(|position| {
            let start = unsigned(metadata, offsets + position * width, width)?;
            let end = unsigned(metadata, offsets + (position + 1) * width, width)?;
            let name = metadata.get(text + start..text + end).ok_or("a name beyond the metadata")?;
            Ok(std::str::from_utf8(name)?)
        })
        .collect()
}

impl Variant<'_> {
    fn write(&self, value: &[u8], json: &mut String, depth: u32) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err("a variant nested too deep".into());
        }
        let first = byte(value, 0)?;
        let header = first >> 2;
        match first & 3 {
            0 => write_primitive(header, value, json),
            1 => {
                let text = value.get(1..1 + usize::from(header)).ok_or("a variant that ends early")?;
                write_text(std::str::from_utf8(text)?, json)
            }
            2 => self.write_object(header, value, json, depth),
            _ => self.write_array(header, value, json, depth),
        }
    }

    fn write_object(&self, header: u8, value: &[u8], json: &mut String, depth: u32) -> Result<()> {
        let offset_width = usize::from(header & 3) + 1;
        let id_width = usize::from(header >> 2 & 3) + 1;
        let count_width = if header >> 4 & 1 == 1 { 4 } else { 1 };
        let count = unsigned(value, 1, count_width)?;
        let ids = 1 + count_width;
        let offsets = ids + count * id_width;
        let values = offsets + (count + 1) * offset_width;
        json.push('{');
        for position in 0..count {
            if position > 0 {
                json.push(',');
            }
            let id = unsigned(value, ids + position * id_width, id_width)?;
            write_text(self.names.get(id).ok_or("a field without a name")?, json)?;
            json.push(':');
            let offset = unsigned(value, offsets + position * offset_width, offset_width)?;
            self.write(value.get(values + offset..).ok_or("a field beyond the value")?, json, depth + 1)?;
        }
        json.push('}');
        Ok(())
    }

    fn write_array(&self, header: u8, value: &[u8], json: &mut String, depth: u32) -> Result<()> {
        let offset_width = usize::from(header & 3) + 1;
        let count_width = if header >> 2 & 1 == 1 { 4 } else { 1 };
        let count = unsigned(value, 1, count_width)?;
        let offsets = 1 + count_width;
        let values = offsets + (count + 1) * offset_width;
        json.push('[');
        for position in 0..count {
            if position > 0 {
                json.push(',');
            }
            let offset = unsigned(value, offsets + position * offset_width, offset_width)?;
            self.write(value.get(values + offset..).ok_or("an element beyond the value")?, json, depth + 1)?;
        }
        json.push(']');
        Ok(())
    }
}

fn write_primitive(kind: u8, value: &[u8], json: &mut String) -> Result<()> {
    match kind {
        0 => json.push_str("null"),
        1 => json.push_str("true"),
        2 => json.push_str("false"),
        3..=6 => json.push_str(&signed(value, 1, 1 << (kind - 3))?.to_string()),
        7 => json.push_str(&format!("{:?}", f64::from_bits(signed(value, 1, 8)? as u64))),
        8..=10 => {
            let scale = byte(value, 1)?;
            json.push_str(&plain_decimal(signed(value, 2, 4 << (kind - 8))?, usize::from(scale)));
        }
        14 => json.push_str(&format!("{:?}", f32::from_bits(signed(value, 1, 4)? as u32))),
        16 => {
            let length = unsigned(value, 1, 4)?;
            let text = value.get(5..5 + length).ok_or("a variant that ends early")?;
            write_text(std::str::from_utf8(text)?, json)?;
        }
        other => return Err(format!("variant type {other} is not known to the runner").into()),
    }
    Ok(())
}

/// A decimal without an exponent and without trailing zeros.
fn plain_decimal(unscaled: i128, scale: usize) -> String {
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let sign = if unscaled < 0 { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn write_text(text: &str, json: &mut String) -> Result<()> {
    json.push_str(&serde_json::to_string(text)?);
    Ok(())
}

fn byte(bytes: &[u8], at: usize) -> Result<u8> {
    bytes.get(at).copied().ok_or_else(|| "a variant that ends early".into())
}

/// A little-endian unsigned number of up to four bytes.
fn unsigned(bytes: &[u8], at: usize, width: usize) -> Result<usize> {
    let field = bytes.get(at..at + width).ok_or("a variant that ends early")?;
    Ok(field.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// A little-endian two's complement number of up to sixteen bytes.
fn signed(bytes: &[u8], at: usize, width: usize) -> Result<i128> {
    let field = bytes.get(at..at + width).ok_or("a variant that ends early")?;
    let raw = field.iter().rev().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let unused = 128 - 8 * width as u32;
    Ok(((raw << unused) as i128) >> unused)
}
