//! A prompt's session: what was chosen, and what each input does.

use std::fs::{self, File};
use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::meta::{self, Expanded, HELP, Meta};
use super::names::{self, SharedNames};
use super::output::Display;
use super::{describe, query};
use crate::engine::{Engine, Session};
use crate::error::{Error, ErrorKind, Result};
use crate::output::{Format, render_error};

/// Scripts that include scripts go no deeper.
const INCLUDES_MAX: usize = 16;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Continue,
    Leave,
}

pub(super) struct Repl {
    session: Session,
    display: Display,
    names: SharedNames,
    /// What `\e` edits.
    last: String,
    includes: usize,
}

impl Repl {
    pub fn new(engine: Arc<Engine>, format: Option<Format>) -> Result<Self> {
        let session = engine.session(None)?;
        let names = SharedNames::default();
        names::refresh(&names, &session);
        Ok(Self { session, display: Display::new(format), names, last: String::new(), includes: 0 })
    }

    pub fn names(&self) -> SharedNames {
        Arc::clone(&self.names)
    }

    pub fn prompt(&self) -> String {
        format!("{}> ", self.session.lake().name())
    }

    /// Runs what was typed and shows what came of it.
    pub async fn handle(&mut self, text: &str) -> Next {
        let text = text.trim();
        match text.to_ascii_lowercase().trim_end_matches(';') {
            "" => return Next::Continue,
            "exit" | "quit" => return Next::Leave,
            "help" => {
                print_help();
                return Next::Continue;
            }
            _ => {}
        }
        if !text.starts_with('\\') {
            self.last = text.to_owned();
            self.run(text).await;
            return Next::Continue;
        }
        match meta::parse(text) {
            Ok(Meta::Quit) => return Next::Leave,
            Ok(command) => {
                if let Err(error) = self.command(command).await {
                    show_error(&error, "");
                }
            }
            Err(message) => eprintln!("{message}"),
        }
        Next::Continue
    }

    /// Runs statements until one fails; tells whether all went well.
    async fn run(&mut self, sql: &str) -> bool {
        let statements = match self.session.parse(sql) {
            Ok(statements) => statements,
            Err(error) => {
                show_error(&error, sql);
                return false;
            }
        };
        for statement in &statements {
            if let Err(error) = query::run(&self.session, statement, &self.display).await {
                show_error(&error, &statement.text);
                return false;
            }
        }
        true
    }

    async fn command(&mut self, command: Meta) -> Result<()> {
        match command {
            Meta::Describe(Some(name)) => print!("{}", describe::table(&self.session, &name).await?),
            Meta::Describe(None) => print!("{}", describe::tables(&self.session, None).await?),
            Meta::Tables(database) => {
                print!("{}", describe::tables(&self.session, database.as_deref()).await?);
            }
            Meta::Databases => print!("{}", describe::databases(&self.session).await?),
            Meta::Lakes => print!("{}", describe::lakes(&self.session)),
            Meta::Connect(lake) => self.connect(&lake)?,
            Meta::Timing(on) => {
                self.display.timing = on.unwrap_or(!self.display.timing);
                println!("Timing is {}.", if self.display.timing { "on" } else { "off" });
            }
            Meta::Expanded(chosen) => self.expand(chosen),
            Meta::Format(format) => {
                self.display.format = format;
                println!("Results are written as {}.", format!("{format:?}").to_lowercase());
            }
            Meta::Include(path) => self.include(&path).await?,
            Meta::Output(path) => self.display.file = path.map(|path| create(&path)).transpose()?,
            Meta::Edit => self.edit().await?,
            Meta::Help => print_help(),
            Meta::Quit => {}
        }
        Ok(())
    }

    fn connect(&mut self, lake: &str) -> Result<()> {
        self.session = self.session.engine().session(Some(lake))?;
        names::refresh(&self.names, &self.session);
        println!("You are in lake \"{lake}\".");
        Ok(())
    }

    fn expand(&mut self, chosen: Option<Expanded>) {
        let toggled = if self.display.expanded == Expanded::On { Expanded::Off } else { Expanded::On };
        self.display.expanded = chosen.unwrap_or(toggled);
        println!(
            "{}",
            match self.display.expanded {
                Expanded::On => "Rows are shown one value a line.",
                Expanded::Off => "Rows are shown as a table.",
                Expanded::Auto => "Rows are shown as a table where it fits, otherwise one value a line.",
            }
        );
    }

    async fn include(&mut self, path: &Path) -> Result<()> {
        if self.includes == INCLUDES_MAX {
            return Err(Error::new(ErrorKind::InvalidParameter, "files include each other too deeply"));
        }
        let sql = fs::read_to_string(path).map_err(|error| cannot("read", path, &error))?;
        self.includes += 1;
        Box::pin(self.run(&sql)).await;
        self.includes -= 1;
        Ok(())
    }

    /// Opens the last statement in the user's editor and runs what comes back.
    async fn edit(&mut self) -> Result<()> {
        let path = std::env::temp_dir().join(format!("tarn-{}.sql", uuid::Uuid::new_v4()));
        fs::write(&path, format!("{}\n", self.last)).map_err(|error| cannot("write", &path, &error))?;
        let editor = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok());
        let editor = editor.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "vi".to_owned());
        let mut words = editor.split_whitespace();
        let status = Command::new(words.next().unwrap_or("vi")).args(words).arg(&path).status();
        let edited = fs::read_to_string(&path).map_err(|error| cannot("read", &path, &error));
        fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))?;
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => {
                return Err(Error::new(ErrorKind::Cancelled, format!("{editor} ended with {status}")));
            }
            Err(error) => {
                return Err(Error::new(ErrorKind::Storage, format!("cannot start {editor}: {error}"))
                    .with_hint("Name your editor in $EDITOR."));
            }
        }
        self.last = edited?.trim().to_owned();
        println!("{}", self.last);
        let text = self.last.clone();
        self.run(&text).await;
        Ok(())
    }
}

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("cannot {what} {}: {error}", path.display()))
}

fn show_error(error: &Error, sql: &str) {
    eprint!("{}", render_error(error, sql, std::io::stderr().is_terminal()));
}

fn print_help() {
    println!("Statements end with a semicolon and can span lines. Commands:");
    for (command, what) in HELP {
        println!("  {command:<18} {what}");
    }
}
