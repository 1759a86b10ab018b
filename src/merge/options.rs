//! Options that speak of merging, with Java's parsing, defaults and older names.

use std::collections::BTreeMap;

use tarn_catalog::merge_rule::IGNORE_DELETE;
use tarn_catalog::{Error, Result};

pub(super) const REMOVE_ON_DELETE_PARTIAL: &str = "partial-update.remove-record-on-delete";
pub(super) const REMOVE_ON_SEQUENCE_GROUP: &str = "partial-update.remove-record-on-sequence-group";
pub(super) const REMOVE_ON_DELETE_AGGREGATION: &str = "aggregation.remove-record-on-delete";

/// The options of one table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options<'a> {
    table: &'a str,
    values: &'a BTreeMap<String, String>,
}

impl<'a> Options<'a> {
    pub(super) fn new(table: &'a str, values: &'a BTreeMap<String, String>) -> Self {
        Self { table, values }
    }

    pub(super) fn table(&self) -> &'a str {
        self.table
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.values.get(key).map(String::as_str)
    }

    /// A boolean that is false unless set; `true` and `false` in any case, nothing else.
    pub(super) fn flag(&self, key: &str) -> Result<bool> {
        match self.text(key) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(self.invalid(format!("option '{key}' is '{value}', not true or false"))),
        }
    }

    pub(super) fn ignore_delete(&self) -> Result<bool> {
        match IGNORE_DELETE.into_iter().find(|key| self.values.contains_key(*key)) {
            Some(key) => self.flag(key),
            None => Ok(false),
        }
    }

    /// The function that `fields.COLUMN.aggregate-function` or the table's default names.
    pub(super) fn aggregate_function(&self, column: &str) -> Option<&'a str> {
        self.field(column, "aggregate-function").or_else(|| self.text("fields.default-aggregate-function"))
    }

    /// `fields.COLUMN.NAME`.
    pub(super) fn field(&self, column: &str, name: &str) -> Option<&'a str> {
        self.text(&field_key(column, name))
    }

    pub(super) fn field_flag(&self, column: &str, name: &str) -> Result<bool> {
        self.flag(&field_key(column, name))
    }

    /// A list of names between commas, blanks around them dropped; empty where the option is not set.
    pub(super) fn field_names(&self, column: &str, name: &str) -> Vec<String> {
        let value = self.field(column, name);
        value
            .map_or_else(Vec::new, |list| split_list(list).into_iter().map(|n| n.trim().to_owned()).collect())
    }

    pub(super) fn invalid(&self, message: impl std::fmt::Display) -> Error {
        Error::invalid(format!("table {}: {message}", self.table))
    }

    pub(super) fn conflict(&self, one: &str, other: &str) -> Error {
        self.invalid(format!("'{one}' and '{other}' contradict each other; set only one of them"))
    }
}

pub(super) fn field_key(column: &str, name: &str) -> String {
    format!("fields.{column}.{name}")
}

/// Java's `String.split(",")`: empty parts at the end are dropped.
pub(super) fn split_list(list: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = list.split(',').collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn older_names_of_ignore_delete_count_where_the_new_one_is_absent() {
        for key in IGNORE_DELETE {
            let values = options(&[(key, "TRUE")]);
            assert!(Options::new("t", &values).ignore_delete().unwrap(), "{key}");
        }
        let values = options(&[("ignore-delete", "false"), ("deduplicate.ignore-delete", "true")]);
        assert!(!Options::new("t", &values).ignore_delete().unwrap());
        let values = options(&[("ignore-delete", "yes")]);
        assert!(Options::new("t", &values).ignore_delete().is_err());
    }

    #[test]
    fn a_column_function_goes_before_the_default() {
        let values =
            options(&[("fields.default-aggregate-function", "min"), ("fields.a.aggregate-function", "sum")]);
        let options = Options::new("t", &values);
        assert_eq!(options.aggregate_function("a"), Some("sum"));
        assert_eq!(options.aggregate_function("b"), Some("min"));
    }

    #[test]
    fn lists_are_split_as_java_splits() {
        assert_eq!(split_list("a,b,,"), ["a", "b"]);
        assert_eq!(split_list(",a"), ["", "a"]);
        assert_eq!(split_list(""), [""]);
    }
}
