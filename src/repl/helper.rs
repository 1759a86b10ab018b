//! What rustyline asks while a statement is typed.

use std::borrow::Cow;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper, Result};

use super::complete::candidates;
use super::highlight::highlight;
use super::names::SharedNames;
use crate::sql::is_complete;

pub(super) struct ReplHelper {
    names: SharedNames,
}

impl ReplHelper {
    pub fn new(names: SharedNames) -> Self {
        Self { names }
    }
}

impl Helper for ReplHelper {}

impl Hinter for ReplHelper {
    type Hint = String;
}

impl Completer for ReplHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let (start, found) = candidates(line, position, &self.names.read());
        let pair = |text: String| Pair { display: text.clone(), replacement: text };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

impl Highlighter for ReplHelper {
    fn highlight<'l>(&self, line: &'l str, _position: usize) -> Cow<'l, str> {
        highlight(line)
    }

    fn highlight_char(&self, _line: &str, _position: usize, _kind: CmdKind) -> bool {
        true
    }
}

impl Validator for ReplHelper {
    /// A statement goes on until its semicolon; commands and lone words end with the line.
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let text = context.input();
        let ends = text.trim_start().starts_with('\\') || is_word_alone(text) || is_complete(text);
        Ok(if ends { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// Words that work without a semicolon, as in psql.
pub(super) fn is_word_alone(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "exit" | "quit" | "help")
}
