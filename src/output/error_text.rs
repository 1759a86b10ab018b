//! Errors as text: what is wrong, a caret under the word, and what to do.
//!
//! ```text
//! ERROR: column "vesion" does not exist
//! LINE 1: SELECT vesion FROM t
//!                ^
//! HINT: Did you mean "version"?
//! ```

use std::fmt;

use super::sanitize::{visible, width};
use crate::error::Error;

/// Cells of the statement that are shown around the word.
const CONTEXT_CELLS: usize = 100;

/// An error with the text that it is about.
pub struct ErrorText<'a> {
    pub error: &'a Error,
    /// The statement or script that the error's position counts in.
    pub sql: &'a str,
    /// Whether to write in colours.
    pub color: bool,
}

/// The error as it is shown, ending in a newline.
pub fn render_error(error: &Error, sql: &str, color: bool) -> String {
    ErrorText { error, sql, color }.to_string()
}

impl fmt::Display for ErrorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (red, plain) = if self.color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        writeln!(f, "{red}ERROR:{plain} {}", lines(&self.error.message))?;
        if let Some((number, line, column)) = self.error.position.and_then(|at| locate(self.sql, at)) {
            let label = format!("LINE {number}: ");
            let (shown, caret) = window(line, column);
            writeln!(f, "{label}{shown}")?;
            writeln!(f, "{}{red}^{plain}", " ".repeat(width(&label) + caret))?;
        }
        if let Some(detail) = &self.error.detail {
            writeln!(f, "DETAIL: {}", lines(detail))?;
        }
        if let Some(hint) = &self.error.hint {
            writeln!(f, "HINT: {}", lines(hint))?;
        }
        Ok(())
    }
}

/// Text of several lines with each of them made visible.
fn lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// The line of a position (characters from 1): its number, its text, and characters before the word.
fn locate(sql: &str, position: usize) -> Option<(usize, &str, usize)> {
    let mut before = position.checked_sub(1)?;
    for (index, line) in sql.split('\n').enumerate() {
        let length = line.chars().count();
        if before <= length {
            return Some((index + 1, line, before));
        }
        before -= length + 1;
    }
    None
}

/// The part of a line around a character, and the cells before it.
fn window(line: &str, column: usize) -> (String, usize) {
    let characters: Vec<char> = line.chars().collect();
    let mut start = 0;
    let head = |start: usize| -> String {
        visible(&characters.get(start..column).unwrap_or_default().iter().collect::<String>()).into_owned()
    };
    while width(&head(start)) > CONTEXT_CELLS {
        start += CONTEXT_CELLS / 2;
    }
    let end = characters.len().min(column + CONTEXT_CELLS);
    let tail: String = characters.get(column..end).unwrap_or_default().iter().collect();
    let dots = if start > 0 { "..." } else { "" };
    let head = format!("{dots}{}", head(start));
    let after = if end < characters.len() { "..." } else { "" };
    (format!("{head}{}{after}", visible(&tail)), width(&head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn rendered(sql: &str, position: usize) -> String {
        let error = Error::new(ErrorKind::Syntax, "wrong").at(Some(position)).with_hint("Do right.");
        render_error(&error, sql, false)
    }

    #[test]
    fn a_caret_stands_under_the_word() {
        let expected = "ERROR: wrong\nLINE 2: FROM wörd\n             ^\nHINT: Do right.\n";
        assert_eq!(rendered("SELECT 1\nFROM wörd", 15), expected);
    }

    #[test]
    fn the_end_of_the_text_can_be_pointed_at() {
        assert!(rendered("SELECT (", 9).contains("LINE 1: SELECT (\n                ^\n"));
        assert!(!rendered("SELECT (", 30).contains("LINE"));
    }

    #[test]
    fn long_lines_are_cut_around_the_word() {
        let sql = format!("SELECT {} wrong {}", "x, ".repeat(200), "y, ".repeat(200));
        let text = rendered(&sql, 609);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| width(line) < 230), "{text}");
        let caret = lines.iter().find_map(|line| line.find('^'));
        assert_eq!(caret, lines.iter().find_map(|line| line.find("wrong ")), "{text}");
    }
}
