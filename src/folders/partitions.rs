//! Columns that folders' names make: `day=2024-01-31/country=de/`.

use chrono::NaiveDate;
use tarn_catalog::datum::Datum;
use tarn_catalog::types::LogicalType;

/// What Hive writes for NULL.
const NULL_FOLDER: &str = "__HIVE_DEFAULT_PARTITION__";

/// The keys and values of a file's folders, from the table's folder down; `None` where one of them has no key.
pub fn folder_values(folders: &[&str]) -> Option<Vec<(String, Option<String>)>> {
    let parse = |folder: &&str| {
        let (key, value) = folder.split_once('=')?;
        let value = unescaped(value);
        let value = (value != NULL_FOLDER).then_some(value);
        (!key.is_empty()).then(|| (unescaped(key), value))
    };
    folders.iter().map(parse).collect()
}

/// Characters that a name of a folder cannot have stand as `%3A`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits =
            tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// The type of a column of these texts: whole numbers, dates, or text.
pub fn inferred<'a>(values: impl Iterator<Item = &'a str> + Clone) -> LogicalType {
    // A number that is written with leading zeros would lose them.
    let is_number = |text: &str| text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
    let any = values.clone().next().is_some();
    if any && values.clone().all(is_number) {
        return LogicalType::BigInt;
    }
    if any && values.clone().all(|text| days(text).is_some()) {
        return LogicalType::Date;
    }
    LogicalType::STRING
}

/// A text as a value of the type that was inferred with it.
pub fn value(text: Option<&str>, data_type: &LogicalType) -> Datum {
    let Some(text) = text else { return Datum::Null };
    let value = match data_type {
        LogicalType::BigInt => text.parse().ok().map(Datum::Integer),
        LogicalType::Date => days(text).map(Datum::Integer),
        _ => None,
    };
    value.unwrap_or_else(|| Datum::Text(text.to_owned()))
}

fn days(text: &str) -> Option<i64> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_values_and_their_types() {
        let expected = vec![("a".to_owned(), Some("x/y=1".to_owned())), ("b".to_owned(), None)];
        assert_eq!(folder_values(&["a=x%2Fy=1", "b=__HIVE_DEFAULT_PARTITION__"]), Some(expected));
        assert_eq!(folder_values(&["a=1", "plain"]), None);
        assert_eq!(inferred(["1", "-20"].into_iter()), LogicalType::BigInt);
        assert_eq!(inferred(["1", "020"].into_iter()), LogicalType::STRING);
        assert_eq!(inferred(["2024-02-29"].into_iter()), LogicalType::Date);
        assert_eq!(inferred(std::iter::empty()), LogicalType::STRING);
        assert_eq!(value(Some("1970-01-02"), &LogicalType::Date), Datum::Integer(1));
        assert_eq!(value(None, &LogicalType::BigInt), Datum::Null);
    }
}
