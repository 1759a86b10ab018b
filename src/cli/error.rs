//! How the program ends when something went wrong.

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::error::{Error, ErrorKind};
use crate::output::render_error;

/// A statement failed.
pub(super) const STATEMENT_FAILED: u8 = 1;
/// The command line was wrong, or a lake or a file could not be opened. clap's own errors end so too.
pub(super) const CANNOT_START: u8 = 2;

/// Says what is wrong on standard error; `sql` is the text that the error's position counts in.
pub(super) fn report(error: &Error, sql: &str, code: u8) -> ExitCode {
    // A reader that went away is how `| head` ends a program.
    if error.kind == ErrorKind::Cancelled && error.position.is_none() {
        return ExitCode::SUCCESS;
    }
    eprint!("{}", render_error(error, sql, std::io::stderr().is_terminal()));
    ExitCode::from(code)
}
