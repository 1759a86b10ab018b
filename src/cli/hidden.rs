//! A line that is typed and not shown.

use std::borrow::Cow;

use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::history::MemHistory;
use rustyline::{ColorMode, Completer, Config, Editor, Helper, Hinter, Validator};

use super::user::cannot_read;
use crate::error::Result;

/// Shows nothing of what is typed.
#[derive(Completer, Helper, Hinter, Validator)]
struct Hidden;

impl Highlighter for Hidden {
    fn highlight<'l>(&self, _line: &'l str, _position: usize) -> Cow<'l, str> {
        Cow::Borrowed("")
    }

    fn highlight_char(&self, _line: &str, _position: usize, _kind: CmdKind) -> bool {
        true
    }
}

/// Reads a line from the terminal.
pub(super) fn read_line(prompt: &str) -> Result<String> {
    // What is shown goes through the highlighter only where there are colours.
    let config = Config::builder().color_mode(ColorMode::Forced).auto_add_history(false).build();
    let mut editor: Editor<Hidden, MemHistory> =
        Editor::with_history(config, MemHistory::new()).map_err(|error| cannot_read(&error))?;
    editor.set_helper(Some(Hidden));
    editor.readline(prompt).map_err(|error| cannot_read(&error))
}
