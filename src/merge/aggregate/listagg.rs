//! `listagg`: texts joined by a delimiter. Blank texts do not count.

use std::borrow::Cow;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};

use super::fold::{Fold, Outcome, Work, fold};
use crate::merge::fault::Fault;

/// The options of one `listagg` column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListAgg {
    pub(super) delimiter: String,
    /// Parts that the merged text already has are left out.
    pub(super) distinct: bool,
}

impl ListAgg {
    pub(super) fn merge(
        &self,
        column: &ArrayRef,
        work: &Work<'_>,
        ignore_retract: bool,
    ) -> Result<ArrayRef, Fault> {
        let Some(texts) = column.as_string_view_opt() else {
            return Err(Fault::refused(format!("values of type {} are not text", column.data_type())));
        };
        let mut merged = StringViewBuilder::with_capacity(work.groups.len());
        let read = |row: usize| texts.is_valid(row).then(|| Cow::Borrowed(texts.value(row)));
        let mut join = Join { options: self, lifetime: PhantomData };
        fold(work, ignore_retract, &mut join, read, |text| {
            match text {
                None => merged.append_null(),
                Some(text) => merged.try_append_value(text)?,
            }
            Ok(())
        })?;
        Ok(Arc::new(merged.finish()))
    }

    fn join(&self, merged: &str, value: &str) -> String {
        if !self.distinct {
            return [merged, &self.delimiter, value].concat();
        }
        let mut known: HashSet<&str> = self.parts(merged).collect();
        let mut joined = merged.to_owned();
        for part in self.parts(value) {
            if !is_blank(part) && known.insert(part) {
                joined.push_str(&self.delimiter);
                joined.push_str(part);
            }
        }
        joined
    }

    /// The parts of a text; an empty delimiter splits at blanks.
    fn parts<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let delimiter = if self.delimiter.is_empty() { " " } else { &self.delimiter };
        text.split(delimiter).filter(move |_| !text.is_empty())
    }
}

struct Join<'o, 't> {
    options: &'o ListAgg,
    lifetime: PhantomData<&'t str>,
}

impl<'t> Fold for Join<'_, 't> {
    type Value = Cow<'t, str>;

    fn add(&mut self, merged: Option<Cow<'t, str>>, value: Option<Cow<'t, str>>) -> Outcome<Cow<'t, str>> {
        let Some(value) = value.filter(|text| !is_blank(text)) else { return Ok(merged) };
        let Some(merged) = merged.filter(|text| !is_blank(text)) else { return Ok(Some(value)) };
        Ok(Some(Cow::Owned(self.options.join(&merged, &value))))
    }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(is_java_whitespace)
}

/// Java's `Character.isWhitespace`: Unicode's separators but the non-breaking ones, and some controls.
fn is_java_whitespace(c: char) -> bool {
    matches!(c,
        '\u{9}'..='\u{d}' | '\u{1c}'..='\u{20}' | '\u{1680}' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200a}'
        | '\u{2028}' | '\u{2029}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_drops_known_and_blank_parts_of_the_new_text_only() {
        let list = ListAgg { delimiter: ";".to_owned(), distinct: true };
        assert_eq!(list.join("a;a;b", "b; ;c;c;a"), "a;a;b;c");
        assert_eq!(list.join("a", "a;"), "a");
        let plain = ListAgg { delimiter: ", ".to_owned(), distinct: false };
        assert_eq!(plain.join("a", "a"), "a, a");
    }

    #[test]
    fn an_empty_delimiter_splits_at_blanks_and_joins_without() {
        let list = ListAgg { delimiter: String::new(), distinct: true };
        assert_eq!(list.join("a b", "b c"), "a bc");
    }

    #[test]
    fn blank_means_what_java_means() {
        assert!(is_blank("") && is_blank(" \t\u{3000}\u{1f}"));
        assert!(!is_blank("\u{a0}") && !is_blank("\u{2007}") && !is_blank(" x"));
    }
}
