//! Typed access to a table's options.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// The options of one table, merged with those of the query.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    table: &'a str,
    map: &'a BTreeMap<String, String>,
}

impl<'a> Options<'a> {
    pub fn new(table: &'a str, map: &'a BTreeMap<String, String>) -> Self {
        Self { table, map }
    }

    pub fn table(&self) -> &'a str {
        self.table
    }

    /// The value of an option under its name, or under one that older versions gave it.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        let fallbacks = super::option_names::fallbacks(name);
        std::iter::once(&name).chain(fallbacks).find_map(|name| self.map.get(*name)).map(String::as_str)
    }

    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.text(name).map(|text| text.trim().to_ascii_lowercase()).as_deref() {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(self.bad_value(name, other, "true or false")),
        }
    }

    pub fn long(&self, name: &str) -> Result<Option<i64>> {
        let number =
            |text: &str| text.trim().parse().map_err(|_| self.bad_value(name, text, "a whole number"));
        self.text(name).map(number).transpose()
    }

    pub fn int(&self, name: &str) -> Result<Option<i32>> {
        let narrow = |long: i64| {
            i32::try_from(long).map_err(|_| self.bad_value(name, &long.to_string(), "a 32-bit number"))
        };
        self.long(name)?.map(narrow).transpose()
    }

    /// A comma-separated list of column names.
    pub fn columns(&self, name: &str) -> Vec<&'a str> {
        let names = self.text(name).into_iter().flat_map(|text| text.split(','));
        names.map(str::trim).filter(|name| !name.is_empty()).collect()
    }

    pub fn bad_value(&self, name: &str, value: &str, wanted: &str) -> Error {
        Error::invalid(format!("option '{name}' of table {} is '{value}', not {wanted}", self.table))
    }

    pub fn unsupported(&self, feature: impl Into<String>) -> Error {
        Error::unsupported(self.table, feature)
    }
}
