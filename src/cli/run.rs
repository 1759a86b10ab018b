//! The program: reads the command line and does what it asks for.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use tracing_subscriber::EnvFilter;

use super::args::{Arguments, LogFormat};
use super::error::{CANNOT_START, report};
use super::invocation::{Invocation, ScriptOrder};
use super::{one_shot, serve, user};
use crate::engine::{Engine, EngineConfig};
use crate::error::Result;
use crate::{demo, repl};

/// Runs the program to its end.
pub fn main() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let invocation = Arguments::from_arg_matches(&matches)
        .map_err(|error| error.exit())
        .and_then(|arguments| Invocation::of(arguments, &order(&matches)));
    let invocation = match invocation {
        Ok(invocation) => invocation,
        Err(error) => return report(&error, "", CANNOT_START),
    };
    start_logging(match &invocation {
        Invocation::Serve { logs, .. } => Some(*logs),
        _ => None,
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("ERROR: cannot start: {error}");
            return ExitCode::from(CANNOT_START);
        }
    };
    let code = runtime.block_on(run(invocation));
    // A query that was left behind must not keep the program.
    runtime.shutdown_background();
    code
}

async fn run(invocation: Invocation) -> ExitCode {
    let done = match invocation {
        Invocation::Scripts { engine, scripts, format, output, demo } => match open(engine, demo).await {
            Ok(engine) => match engine.session(None) {
                Ok(session) => return one_shot::run(&session, &scripts, format, output.as_deref()).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        },
        Invocation::Repl { engine, format, demo } => match open(engine, demo).await {
            Ok(engine) => repl::run(engine, format, demo).await,
            Err(error) => Err(error),
        },
        Invocation::User(arguments) => user::run(arguments),
        Invocation::Serve { engine, serve, .. } => match Engine::open(engine).await {
            Ok(engine) => serve::run(engine, serve).await,
            Err(error) => Err(error),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error, "", CANNOT_START),
    }
}

async fn open(mut config: EngineConfig, with_demo: bool) -> Result<Arc<Engine>> {
    if with_demo {
        config.lakes.push(demo::unpack()?);
    }
    Engine::open(config).await
}

/// Where each `-c` and `-f` stood.
fn order(matches: &ArgMatches) -> ScriptOrder {
    let innermost = matches.subcommand().map_or(matches, |(_, inner)| inner);
    let places = |name: &str| match innermost.try_contains_id(name) {
        Ok(true) => innermost.indices_of(name).into_iter().flatten().collect(),
        _ => vec![],
    };
    ScriptOrder { commands: places("command"), files: places("file") }
}

/// Logs go to standard error: what a server does, and nothing of a query unless `RUST_LOG` asks.
fn start_logging(serves: Option<LogFormat>) {
    let default = if serves.is_some() { "warn,tarn=info" } else { "off" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process leaves the first.
    let _ = match serves {
        Some(LogFormat::Json) => logs.json().flatten_event(true).try_init(),
        _ => logs.try_init(),
    };
}
