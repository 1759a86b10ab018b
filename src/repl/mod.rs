//! The prompt: statements and backslash commands, typed by a person.

mod complete;
mod describe;
mod helper;
mod highlight;
mod keywords;
mod meta;
mod names;
mod output;
mod pager;
mod progress;
mod prompt;
mod query;
mod state;

use std::sync::Arc;

use crate::demo;
use crate::engine::Engine;
use crate::error::Result;
use crate::output::Format;
use prompt::{Input, Prompt};
use state::{Next, Repl};

/// Reads and runs until the user leaves.
pub async fn run(engine: Arc<Engine>, format: Option<Format>, with_demo: bool) -> Result<()> {
    let mut repl = Repl::new(engine, format)?;
    let mut prompt = Prompt::new(repl.names())?;
    println!("tarn {}: \\? for help, \\q to leave.", env!("CARGO_PKG_VERSION"));
    if with_demo {
        println!("\n{}", demo::GREETING);
    }
    loop {
        match prompt.read(&repl.prompt()).await? {
            Input::Text(text) => {
                if repl.handle(&text).await == Next::Leave {
                    return Ok(());
                }
            }
            Input::Interrupted => {}
            Input::End => return Ok(()),
        }
    }
}
