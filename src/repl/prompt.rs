//! Reading what the user types, on a thread that may wait.

use std::fs;
use std::path::PathBuf;

use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};

use super::helper::ReplHelper;
use super::names::SharedNames;
use crate::error::{Error, ErrorKind, Result};

const HISTORY_MAX: usize = 10_000;

type ReplEditor = Editor<ReplHelper, DefaultHistory>;

pub(super) enum Input {
    Text(String),
    /// Ctrl-C: what was typed is forgotten.
    Interrupted,
    /// Ctrl-D.
    End,
}

pub(super) struct Prompt {
    /// Away while a thread waits with it.
    editor: Option<ReplEditor>,
    history: Option<PathBuf>,
}

impl Prompt {
    pub fn new(names: SharedNames) -> Result<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY_MAX)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(|error| cannot_read(&error))?
            .completion_type(CompletionType::List)
            .auto_add_history(true)
            .build();
        let mut editor = ReplEditor::with_config(config).map_err(|error| cannot_read(&error))?;
        editor.set_helper(Some(ReplHelper::new(names)));
        let history = history_file();
        if let Some(path) = history.as_ref().filter(|path| path.exists()) {
            // An unreadable history is no reason to have no prompt.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor: Some(editor), history })
    }

    pub async fn read(&mut self, prompt: &str) -> Result<Input> {
        let Some(mut editor) = self.editor.take() else { return Ok(Input::End) };
        let prompt = prompt.to_owned();
        let waited = tokio::task::spawn_blocking(move || {
            let line = editor.readline(&prompt);
            (editor, line)
        });
        let (mut editor, line) = waited.await.map_err(|error| cannot_read(&error))?;
        if let (Ok(_), Some(path)) = (&line, &self.history) {
            let _ = editor.append_history(path);
        }
        self.editor = Some(editor);
        match line {
            Ok(text) => Ok(Input::Text(text)),
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(cannot_read(&error)),
        }
    }
}

/// The file of the history; `None` where the user has no folder for it.
fn history_file() -> Option<PathBuf> {
    let folder = dirs::state_dir().or_else(dirs::data_local_dir)?.join("tarn");
    fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

fn cannot_read(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Storage, format!("cannot read from the terminal: {error}"))
}
