//! `COPY ... TO STDOUT`, in both protocols.

use pgwire::messages::copy::{CopyDone, CopyOutResponse};

use super::encode::Style;
use super::encode::copy::{CopyEncoder, CopyStyle, CsvStyle};
use super::error::{PgError, PgResult, SqlState, state};
use super::execute::tag_with_count;
use super::rows::{Column, CopyRows, Rows};
use super::running::Running;
use super::session::Session;
use super::statement::{PreparedStatement, columns_of, row_source};
use super::wire::Outcome;
use crate::engine::Execution;
use crate::sql::{CopySource, CopyStatement, CopyTarget, OptionValue, Statement, StatementOption};

impl Session {
    /// Runs a COPY to its end and gives its tag.
    pub(super) async fn copy(
        &mut self,
        prepared: &PreparedStatement,
        copy: &CopyStatement,
        running: &Running,
    ) -> Outcome<String> {
        check_target(copy.target)?;
        let options = Options::read(&copy.options)?;
        let statement = self.copy_source(prepared, &copy.source)?;
        self.transaction.queried = true;
        let execution = running.wait(&mut self.wire, self.engine.run(&statement)).await?;
        let Execution::Rows(stream) = execution else {
            return Err(PgError::unsupported("COPY takes the rows of a query").into());
        };
        let columns = columns_of(&statement, &stream.schema);
        let style = options.style(&columns)?;
        let format = i16::from(style == CopyStyle::Binary);
        self.wire.put(&CopyOutResponse::new(
            format as i8,
            columns.len() as i16,
            vec![format; columns.len()],
        ))?;
        let types = columns.iter().map(|column| column.wire.clone()).collect();
        let mut sink = CopyRows { types, style: Style::of(&self.settings), encoder: CopyEncoder::new(style) };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        sink.encoder.write_header(&names, self.wire.output())?;
        let sent = Rows::new(stream.batches).send(u64::MAX, &mut sink, running, &mut self.wire).await?;
        sink.encoder.write_trailer(self.wire.output())?;
        self.wire.put(&CopyDone::new())?;
        Ok(tag_with_count("COPY", sent))
    }

    /// The query whose rows are copied.
    fn copy_source(&self, prepared: &PreparedStatement, source: &CopySource) -> PgResult<Statement> {
        match source {
            CopySource::Rows(rows) => {
                let text = prepared.text.clone();
                Ok(Statement { text, offset: 0, body: row_source(rows) })
            }
            CopySource::Table { name, columns } => {
                let columns = match columns.as_slice() {
                    [] => "*".to_string(),
                    columns => columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                };
                let mut statements = self.engine.parse(&format!("SELECT {columns} FROM {name}"))?;
                statements.pop().ok_or_else(|| PgError::error(state::SYNTAX_ERROR, "COPY needs a table"))
            }
        }
    }
}

fn check_target(target: CopyTarget) -> PgResult<()> {
    match target {
        CopyTarget::Stdout => Ok(()),
        CopyTarget::Server => {
            let message = "COPY to or from files and programs of the server is not permitted";
            Err(PgError::error(state::INSUFFICIENT_PRIVILEGE, message)
                .hint("Anyone can COPY to stdout. psql's \\copy command also works for anyone."))
        }
        CopyTarget::Table => {
            Err(PgError::unsupported("COPY FROM is not supported: Tarn does not write to lakes yet"))
        }
    }
}

/// The options as they were given.
#[derive(Debug, Default)]
struct Options {
    format: Option<String>,
    header: Option<bool>,
    delimiter: Option<String>,
    null: Option<String>,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<OptionValue>,
}

fn refuse<T>(code: SqlState, message: impl Into<String>) -> PgResult<T> {
    Err(PgError::error(code, message))
}

impl Options {
    fn read(given: &[StatementOption]) -> PgResult<Self> {
        let mut options = Self::default();
        for option in given {
            let redundant = match option.name.as_str() {
                "format" => options.format.replace(text(option)?).is_some(),
                "header" => options.header.replace(flag(option)?).is_some(),
                "delimiter" => options.delimiter.replace(text(option)?).is_some(),
                "null" => options.null.replace(text(option)?).is_some(),
                "quote" => options.quote.replace(text(option)?).is_some(),
                "escape" => options.escape.replace(text(option)?).is_some(),
                "force_quote" => options.force_quote.replace(option.value.clone()).is_some(),
                "encoding" => check_encoding(&text(option)?).map(|()| false)?,
                "freeze" | "force_null" | "force_not_null" => {
                    let name = option.name.to_uppercase();
                    let message = format!("COPY {name} only available using COPY FROM");
                    return refuse(state::FEATURE_NOT_SUPPORTED, message);
                }
                name => return refuse(state::SYNTAX_ERROR, format!("option \"{name}\" not recognized")),
            };
            if redundant {
                return refuse(state::SYNTAX_ERROR, "conflicting or redundant options");
            }
        }
        Ok(options)
    }

    /// Checks that the options go together, and fills in the others.
    fn style(&self, columns: &[Column]) -> PgResult<CopyStyle> {
        match self.format.as_deref().unwrap_or("text") {
            "binary" => self.binary(),
            "csv" => self.csv(columns),
            "text" => self.text(),
            other => {
                let message = format!("COPY format \"{other}\" not recognized");
                refuse(state::INVALID_PARAMETER_VALUE, message)
            }
        }
    }

    fn binary(&self) -> PgResult<CopyStyle> {
        for (given, name) in [(&self.delimiter, "DELIMITER"), (&self.null, "NULL")] {
            if given.is_some() {
                return refuse(state::SYNTAX_ERROR, format!("cannot specify {name} in BINARY mode"));
            }
        }
        if self.header == Some(true) {
            return refuse(state::FEATURE_NOT_SUPPORTED, "cannot specify HEADER in BINARY mode");
        }
        self.check_no_csv_options()?;
        Ok(CopyStyle::Binary)
    }

    fn check_no_csv_options(&self) -> PgResult<()> {
        let given = [
            (self.quote.is_some(), "quote"),
            (self.escape.is_some(), "escape"),
            (self.force_quote.is_some(), "force quote"),
        ];
        match given.iter().find(|(given, _)| *given) {
            Some((_, name)) => {
                refuse(state::FEATURE_NOT_SUPPORTED, format!("COPY {name} available only in CSV mode"))
            }
            None => Ok(()),
        }
    }

    fn text(&self) -> PgResult<CopyStyle> {
        self.check_no_csv_options()?;
        let delimiter = self.delimiter(b'\t')?;
        if b"\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(&delimiter) {
            let message = format!("COPY delimiter cannot be \"{}\"", char::from(delimiter));
            return refuse(state::INVALID_PARAMETER_VALUE, message);
        }
        let null = self.null("\\N", delimiter)?;
        Ok(CopyStyle::Text { delimiter, null, header: self.header.unwrap_or(false) })
    }

    fn csv(&self, columns: &[Column]) -> PgResult<CopyStyle> {
        let delimiter = self.delimiter(b',')?;
        let quote = one_byte(self.quote.as_deref(), b'"', "quote")?;
        let escape = one_byte(self.escape.as_deref(), quote, "escape")?;
        if delimiter == quote {
            let message = "COPY delimiter and quote must be different";
            return refuse(state::INVALID_PARAMETER_VALUE, message);
        }
        let null = self.null("", delimiter)?;
        if null.contains(&quote) {
            let message = "CSV quote character must not appear in the NULL specification";
            return refuse(state::FEATURE_NOT_SUPPORTED, message);
        }
        let force_quote = self.forced(columns)?;
        let header = self.header.unwrap_or(false);
        Ok(CopyStyle::Csv(CsvStyle { delimiter, null, quote, escape, header, force_quote }))
    }

    fn delimiter(&self, default: u8) -> PgResult<u8> {
        let delimiter = one_byte(self.delimiter.as_deref(), default, "delimiter")?;
        if matches!(delimiter, b'\n' | b'\r') {
            let message = "COPY delimiter cannot be newline or carriage return";
            return refuse(state::INVALID_PARAMETER_VALUE, message);
        }
        Ok(delimiter)
    }

    fn null(&self, default: &str, delimiter: u8) -> PgResult<Vec<u8>> {
        let null = self.null.as_deref().unwrap_or(default).as_bytes();
        if null.contains(&b'\n') || null.contains(&b'\r') {
            let message = "COPY null representation cannot use newline or carriage return";
            return refuse(state::INVALID_PARAMETER_VALUE, message);
        }
        if null.contains(&delimiter) {
            let message = "COPY delimiter must not appear in the NULL specification";
            return refuse(state::FEATURE_NOT_SUPPORTED, message);
        }
        Ok(null.to_vec())
    }

    /// Which columns are quoted always.
    fn forced(&self, columns: &[Column]) -> PgResult<Vec<bool>> {
        let names = match &self.force_quote {
            None => return Ok(vec![false; columns.len()]),
            Some(OptionValue::List(names)) => names.clone(),
            Some(OptionValue::Text(name)) => vec![name.clone()],
            Some(OptionValue::All | OptionValue::Absent) => return Ok(vec![true; columns.len()]),
        };
        if let Some(name) = names.iter().find(|name| !columns.iter().any(|column| column.name == **name)) {
            return refuse(state::UNDEFINED_COLUMN, format!("column \"{name}\" does not exist"));
        }
        Ok(columns.iter().map(|column| names.contains(&column.name)).collect())
    }
}

fn text(option: &StatementOption) -> PgResult<String> {
    match option.value.as_text() {
        Some(text) => Ok(text.to_string()),
        None => refuse(state::SYNTAX_ERROR, format!("{} requires a parameter", option.name)),
    }
}

fn flag(option: &StatementOption) -> PgResult<bool> {
    match option.value.as_bool() {
        Some(value) => Ok(value),
        None => refuse(state::SYNTAX_ERROR, format!("{} requires a Boolean value", option.name)),
    }
}

fn one_byte(given: Option<&str>, default: u8, name: &str) -> PgResult<u8> {
    match given.map(str::as_bytes) {
        None => Ok(default),
        Some([byte]) => Ok(*byte),
        Some(_) => {
            let message = match name {
                "delimiter" => "COPY delimiter must be a single one-byte character".to_string(),
                _ => format!("COPY {name} must be a single one-byte character"),
            };
            refuse(state::FEATURE_NOT_SUPPORTED, message)
        }
    }
}

fn check_encoding(name: &str) -> PgResult<()> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_lowercase().as_str() {
        "utf8" | "unicode" => Ok(()),
        _ => refuse(state::INVALID_PARAMETER_VALUE, "argument to option \"encoding\" must be UTF8"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn option(name: &str, value: &str) -> StatementOption {
        StatementOption { name: name.to_string(), value: OptionValue::Text(value.to_string()) }
    }

    fn style(options: &[(&str, &str)]) -> PgResult<CopyStyle> {
        let options: Vec<_> = options.iter().map(|(name, value)| option(name, value)).collect();
        Options::read(&options)?.style(&[])
    }

    #[test]
    fn options_that_do_not_go_together_are_refused_as_in_postgres() {
        for (options, code, message) in [
            (&[("format", "xml")][..], "22023", "COPY format \"xml\" not recognized"),
            (&[("format", "binary"), ("delimiter", ",")], "42601", "cannot specify DELIMITER in BINARY mode"),
            (&[("format", "binary"), ("header", "on")], "0A000", "cannot specify HEADER in BINARY mode"),
            (&[("quote", "'")], "0A000", "COPY quote available only in CSV mode"),
            (&[("delimiter", "ab")], "0A000", "COPY delimiter must be a single one-byte character"),
            (&[("delimiter", "a")], "22023", "COPY delimiter cannot be \"a\""),
            (
                &[("format", "csv"), ("delimiter", "\"")],
                "22023",
                "COPY delimiter and quote must be different",
            ),
            (&[("null", "a\tb")], "0A000", "COPY delimiter must not appear in the NULL specification"),
            (&[("format", "csv"), ("format", "csv")], "42601", "conflicting or redundant options"),
            (&[("colour", "red")], "42601", "option \"colour\" not recognized"),
        ] {
            let error = style(options).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (code, message));
        }
    }

    #[test]
    fn what_is_not_given_is_filled_in() {
        let text = CopyStyle::Text { delimiter: b'\t', null: b"\\N".to_vec(), header: false };
        assert_eq!(style(&[]).unwrap(), text);
        let CopyStyle::Csv(csv) = style(&[("format", "csv"), ("quote", "'")]).unwrap() else {
            unreachable!()
        };
        assert_eq!((csv.delimiter, csv.quote, csv.escape, csv.null.len()), (b',', b'\'', b'\'', 0));
    }
}
