//! Where results go and how they look: the screen, a pager, or a file.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::meta::Expanded;
use super::pager::{Paged, terminal_size};
use crate::error::Result;
use crate::output::{Format, OutputOptions, ResultWriter};
use crate::pg::encode::Style;

/// Longest value of a table on a terminal; `\x` and the other formats show all of it.
const VALUE_WIDTH_MAX: usize = 60;

/// How results are shown, as the user chose.
#[derive(Debug)]
pub(super) struct Display {
    pub format: Format,
    pub expanded: Expanded,
    pub timing: bool,
    /// `\o FILE`
    pub file: Option<File>,
}

impl Display {
    pub fn new(format: Option<Format>) -> Self {
        Self { format: format.unwrap_or(Format::Table), expanded: Expanded::Auto, timing: true, file: None }
    }

    /// Options for a result that begins with these rows.
    pub fn options(&self, style: Style, schema: &SchemaRef, first: &[RecordBatch]) -> Result<OutputOptions> {
        let on_screen = self.file.is_none() && io::stdout().is_terminal();
        // A single column, as plans have, is best read in whole lines.
        let several = schema.fields().len() > 1;
        let value_width_max = (on_screen && several).then_some(VALUE_WIDTH_MAX);
        let mut options = OutputOptions { format: self.format, style, value_width_max, footer: false };
        if self.format == Format::Table && several && self.is_expanded(&options, on_screen, schema, first)? {
            options.format = Format::Expanded;
        }
        Ok(options)
    }

    fn is_expanded(
        &self,
        options: &OutputOptions,
        on_screen: bool,
        schema: &SchemaRef,
        first: &[RecordBatch],
    ) -> Result<bool> {
        match (self.expanded, terminal_size()) {
            (Expanded::On, _) => Ok(true),
            (Expanded::Auto, Some((columns, _)))
                if on_screen && first.iter().any(|batch| batch.num_rows() > 0) =>
            {
                let mut writer = ResultWriter::new(Vec::new(), schema, options);
                first.iter().try_for_each(|batch| writer.write(batch))?;
                let text = String::from_utf8_lossy(&writer.finish()?.1).into_owned();
                Ok(text.lines().any(|line| line.chars().count() > columns))
            }
            _ => Ok(false),
        }
    }

    /// Options for a result whose rows are shown one by one.
    pub fn live_options(&self, style: Style) -> OutputOptions {
        let on_screen = self.file.is_none() && io::stdout().is_terminal();
        let format = match (self.format, self.expanded) {
            (Format::Table, Expanded::On) => Format::Expanded,
            (format, _) => format,
        };
        OutputOptions { format, style, value_width_max: on_screen.then_some(VALUE_WIDTH_MAX), footer: false }
    }

    /// Where such a result goes: never through a pager.
    pub fn live_sink(&self) -> io::Result<Box<dyn Write>> {
        Ok(match &self.file {
            Some(file) => Box::new(file.try_clone()?),
            None => Box::new(io::stdout()),
        })
    }

    pub fn sink(&self) -> io::Result<Sink> {
        Ok(match &self.file {
            Some(file) => Sink::File(file.try_clone()?),
            None => Sink::Screen(Paged::new()),
        })
    }

    /// What is said after a result.
    pub fn footer(&self, format: Format, rows: u64, elapsed: Duration) -> Option<String> {
        if !matches!(format, Format::Table | Format::Expanded) || self.file.is_some() {
            return None;
        }
        let noun = if rows == 1 { "row" } else { "rows" };
        Some(match self.timing {
            true => format!("({rows} {noun}, {})\n", duration(elapsed)),
            false => format!("({rows} {noun})\n"),
        })
    }
}

/// A duration in the unit that suits it.
pub(super) fn duration(elapsed: Duration) -> String {
    match elapsed.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds if seconds < 60.0 => format!("{seconds:.2} s"),
        seconds => format!("{:.0} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0),
    }
}

pub(super) enum Sink {
    Screen(Paged),
    File(File),
}

impl Sink {
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Screen(paged) => paged.finish(),
            Self::File(mut file) => file.flush(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Screen(paged) => paged.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Screen(paged) => paged.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
