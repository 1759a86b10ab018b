//! Long results go through `$PAGER`, short ones straight to the screen.

use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

/// The screen, or a pager once the text is longer than the screen.
pub(super) struct Paged {
    held: Vec<u8>,
    lines: usize,
    /// Lines of the screen; `None` where nothing is to be paged.
    screen: Option<usize>,
    pager: Option<Child>,
    direct: bool,
}

impl Paged {
    pub fn new() -> Self {
        let screen = io::stdout().is_terminal().then(terminal_size).flatten().map(|(_, lines)| lines);
        Self { held: Vec::new(), lines: 0, screen, pager: None, direct: screen.is_none() }
    }

    fn start_pager(&mut self) -> io::Result<()> {
        let command = std::env::var("PAGER").ok().filter(|text| !text.trim().is_empty());
        let command = command.unwrap_or_else(|| "less".to_owned());
        let mut words = command.split_whitespace();
        let started = words.next().map(|program| {
            Command::new(program)
                .args(words)
                // Wide rows are not wrapped, and a text that fits after all stays on the screen.
                .env("LESS", std::env::var("LESS").unwrap_or_else(|_| "-FRSX".to_owned()))
                .stdin(Stdio::piped())
                .spawn()
        });
        match started {
            Some(Ok(child)) => self.pager = Some(child),
            // Without a pager the text is still worth seeing.
            _ => self.direct = true,
        }
        let held = std::mem::take(&mut self.held);
        self.write_through(&held)
    }

    fn write_through(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.pager.as_mut().and_then(|child| child.stdin.as_mut()) {
            Some(pager) => pager.write_all(bytes),
            None => io::stdout().write_all(bytes),
        }
    }

    /// Shows what is left and waits until the user has left the pager.
    pub fn finish(mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.write_through(&held)?;
        io::stdout().flush()
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.direct || self.pager.is_some() {
            self.write_through(bytes)?;
            return Ok(bytes.len());
        }
        self.held.extend_from_slice(bytes);
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        // Two lines are for the footer and the next prompt.
        if self.screen.is_some_and(|screen| self.lines + 2 > screen) {
            self.start_pager()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Paged {
    /// The prompt must not come back while the pager has the screen.
    fn drop(&mut self) {
        if let Some(mut child) = self.pager.take() {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}

/// Columns and lines of the terminal.
pub(super) fn terminal_size() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size()?;
    Some((usize::from(width.0), usize::from(height.0)))
}
