//! `-c` and `-f`: statements, their results, and the end.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use futures::StreamExt;

use super::error::{CANNOT_START, STATEMENT_FAILED, report};
use super::invocation::Script;
use crate::engine::{Execution, RowStream, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::output::{Format, OutputOptions, ResultWriter, write_live};
use crate::pg::encode::Style;
use crate::sql::{Statement, StatementBody};

/// Runs scripts one after the other; the first statement that fails ends the program.
pub(super) async fn run(
    session: &Session,
    scripts: &[Script],
    format: Format,
    output: Option<&Path>,
) -> ExitCode {
    let mut out = match open_output(output) {
        Ok(out) => out,
        Err(error) => return report(&error, "", CANNOT_START),
    };
    for script in scripts {
        let sql = match read(script) {
            Ok(sql) => sql,
            Err(error) => return report(&error, "", CANNOT_START),
        };
        let statements = match session.parse(&sql) {
            Ok(statements) => statements,
            Err(error) => return report(&error, &sql, STATEMENT_FAILED),
        };
        for statement in &statements {
            if let Err(error) = run_statement(session, statement, format, &mut out).await {
                return report(&error, &statement.text, STATEMENT_FAILED);
            }
        }
    }
    ExitCode::SUCCESS
}

async fn run_statement(
    session: &Session,
    statement: &Statement,
    format: Format,
    out: &mut impl Write,
) -> Result<()> {
    match session.run(statement).await? {
        Execution::Rows(rows) => {
            let options = OutputOptions {
                format,
                style: Style::of(session.settings()),
                value_width_max: None,
                footer: true,
            };
            write_rows(rows, statement, &options, out).await
        }
        Execution::Done(_) => Ok(()),
    }
}

async fn write_rows(
    mut rows: RowStream,
    statement: &Statement,
    options: &OutputOptions,
    out: &mut impl Write,
) -> Result<()> {
    let mut writer = ResultWriter::new(out, &rows.schema, options);
    if matches!(statement.body, StatementBody::Subscribe(_)) {
        write_live(&mut writer, &mut rows).await?;
        return writer.finish().map(|_| ());
    }
    while let Some(batch) = rows.batches.next().await {
        writer.write(&batch?)?;
    }
    writer.finish().map(|_| ())
}

fn open_output(path: Option<&Path>) -> Result<Box<dyn Write>> {
    let Some(path) = path else { return Ok(Box::new(BufWriter::new(io::stdout().lock()))) };
    let file = File::create(path).map_err(|error| {
        Error::new(ErrorKind::Storage, format!("cannot write {}: {error}", path.display()))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

fn read(script: &Script) -> Result<String> {
    let cannot =
        |what: &str, error: io::Error| Error::new(ErrorKind::Storage, format!("cannot read {what}: {error}"));
    match script {
        Script::Text(text) => Ok(text.clone()),
        Script::File(path) => {
            std::fs::read_to_string(path).map_err(|error| cannot(&path.display().to_string(), error))
        }
        Script::StandardInput => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(|error| cannot("standard input", error))?;
            Ok(text)
        }
    }
}
