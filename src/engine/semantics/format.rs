//! `to_char`: Postgres's patterns in the words of chrono, which formats them in DataFusion.

use datafusion::common::{Result, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;

use crate::error::{Error, ErrorKind};

/// Postgres's patterns, longer ones before those that they begin with, and chrono's.
const PATTERNS: &[(&str, &str)] = &[
    ("YYYY", "%Y"),
    ("IYYY", "%G"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("FMHH24", "%-H"),
    ("FMHH12", "%-I"),
    ("FMMM", "%-m"),
    ("FMDD", "%-d"),
    ("FMMI", "%-M"),
    ("FMSS", "%-S"),
    ("Mon", "%b"),
    ("DDD", "%j"),
    ("HH", "%I"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("Dy", "%a"),
    ("ID", "%u"),
    ("IW", "%V"),
    ("IY", "%g"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("am", "%P"),
    ("pm", "%P"),
];

/// Translates a pattern that is a literal. One with a `%` is chrono's already.
pub(super) fn translate(pattern: &mut Expr) -> Result<()> {
    let Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) = pattern else {
        return Ok(());
    };
    if !text.contains('%') {
        *text = chrono_pattern(text).map_err(|error| DataFusionError::External(Box::new(error)))?;
    }
    Ok(())
}

fn chrono_pattern(text: &str) -> Result<String, Error> {
    let mut translated = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            translated.push_str(inside);
            rest = after;
        } else if let Some((name, chrono)) = PATTERNS.iter().find(|(name, _)| rest.starts_with(name)) {
            translated.push_str(chrono);
            rest = rest.get(name.len()..).unwrap_or_default();
        } else if first.is_ascii_alphanumeric() {
            let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            let message = format!("to_char does not know the pattern \"{word}\"");
            return Err(Error::new(ErrorKind::Unsupported, message).with_hint(
                "It knows YYYY, MM, DD, HH24, HH12, MI, SS, MS, US, Mon, Dy and their like; text stands in \"quotes\".",
            ));
        } else {
            translated.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    Ok(translated)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn patterns_are_translated_or_refused() {
        for (postgres, chrono) in [
            ("YYYY-MM-DD HH24:MI:SS.MS", "%Y-%m-%d %H:%M:%S.%3f"),
            ("Dy, DD Mon YY", "%a, %d %b %y"),
            ("FMDD.FMMM.YYYY \"at\" HH12 AM", "%-d.%-m.%Y at %I %p"),
            ("DDD/DD", "%j/%d"),
            ("", ""),
        ] {
            assert_eq!(chrono_pattern(postgres).unwrap(), chrono, "{postgres}");
        }
        for unknown in ["Q", "YYYY TZ", "Month", "Day", "FM9999", "J", "WW"] {
            assert!(chrono_pattern(unknown).is_err(), "{unknown}");
        }
    }
}
