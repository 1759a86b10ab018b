//! What the command line and `tarn.toml` together ask for.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::args::{
    Arguments, Command, DemoArguments, EngineArguments, LogFormat, ServeArguments, StatementArguments,
    UserArguments,
};
use super::config::{ConfigFile, ServeSection};
use super::size::parse_bytes;
use crate::engine::{EngineConfig, LakeLocation};
use crate::error::{Error, ErrorKind, Result};
use crate::output::Format;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Invocation {
    /// A prompt.
    Repl {
        engine: EngineConfig,
        format: Option<Format>,
        demo: bool,
    },
    /// Scripts, one after the other, and the end.
    Scripts {
        engine: EngineConfig,
        scripts: Vec<Script>,
        format: Format,
        output: Option<PathBuf>,
        demo: bool,
    },
    Serve {
        engine: EngineConfig,
        serve: ServeSection,
        logs: LogFormat,
    },
    User(UserArguments),
}

/// A text of statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Script {
    Text(String),
    File(PathBuf),
    StandardInput,
}

impl Invocation {
    /// `order` tells, for each `-c` and `-f` as they stand, where it stood.
    pub fn of(arguments: Arguments, order: &ScriptOrder) -> Result<Self> {
        match arguments.command {
            Some(Command::Demo(DemoArguments { statements, engine })) => {
                let config = engine_config(&engine, &ConfigFile::default(), &[])?;
                Ok(Self::queries(config, statements, order, true))
            }
            Some(Command::Serve(serve)) => {
                let file = ConfigFile::load(serve.engine.config.as_deref())?;
                let engine = engine_config(&serve.engine, &file, &serve.lakes)?;
                require_lakes(&engine)?;
                let logs = serve.log_format;
                Ok(Self::Serve { engine, serve: serve_section(*serve, file.serve)?, logs })
            }
            Some(Command::User(user)) => Ok(Self::User(user)),
            None => {
                let query = arguments.query;
                let file = ConfigFile::load(query.engine.config.as_deref())?;
                let engine = engine_config(&query.engine, &file, &query.lakes)?;
                require_lakes(&engine)?;
                Ok(Self::queries(engine, query.statements, order, false))
            }
        }
    }

    fn queries(
        engine: EngineConfig,
        statements: StatementArguments,
        order: &ScriptOrder,
        demo: bool,
    ) -> Self {
        let StatementArguments { command, file, format, output } = statements;
        let mut scripts = order.merge(command, file);
        if scripts.is_empty() && !std::io::stdin().is_terminal() {
            scripts.push(Script::StandardInput);
        }
        if scripts.is_empty() {
            return Self::Repl { engine, format, demo };
        }
        Self::Scripts { engine, scripts, format: format.unwrap_or(Format::Table), output, demo }
    }
}

/// Where each `-c` and `-f` stood: scripts run in the order in which they were given.
#[derive(Debug, Default)]
pub(super) struct ScriptOrder {
    pub commands: Vec<usize>,
    pub files: Vec<usize>,
}

impl ScriptOrder {
    fn merge(&self, commands: Vec<String>, files: Vec<PathBuf>) -> Vec<Script> {
        let place = |places: &[usize], index: usize| places.get(index).copied().unwrap_or(usize::MAX);
        let file =
            |path: PathBuf| if path.as_os_str() == "-" { Script::StandardInput } else { Script::File(path) };
        let commands = commands.into_iter().enumerate();
        let files = files.into_iter().enumerate();
        let mut placed: Vec<(usize, Script)> = commands
            .map(|(index, text)| (place(&self.commands, index), Script::Text(text)))
            .chain(files.map(|(index, path)| (place(&self.files, index), file(path))))
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.into_iter().map(|(_, script)| script).collect()
    }
}

/// The command line wins over the file; lakes of the command line stand in place of the file's.
fn engine_config(arguments: &EngineArguments, file: &ConfigFile, lakes: &[String]) -> Result<EngineConfig> {
    let lakes = match lakes {
        [] => file.locations(),
        given => given.iter().map(|text| text.parse()).collect::<Result<Vec<LakeLocation>>>()?,
    };
    let limit = arguments.memory_limit.as_ref().or(file.memory_limit.as_ref());
    let memory_limit_bytes = limit
        .map(|text| {
            parse_bytes(text).filter(|bytes| *bytes > 0).ok_or_else(|| {
                Error::new(ErrorKind::InvalidParameter, format!("\"{text}\" is no size: write 8GB or 512MB"))
            })
        })
        .transpose()?;
    Ok(EngineConfig { lakes, memory_limit_bytes, threads: arguments.threads.or(file.threads) })
}

fn require_lakes(engine: &EngineConfig) -> Result<()> {
    if engine.lakes.is_empty() {
        return Err(Error::new(ErrorKind::InvalidParameter, "no lake was named").with_hint(
            "Try tarn demo, or tarn ./folder, or name lakes in tarn.toml. tarn --help says more.",
        ));
    }
    Ok(())
}

fn serve_section(arguments: ServeArguments, file: ServeSection) -> Result<ServeSection> {
    let mut settings = file.settings;
    for setting in arguments.settings {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            Error::new(ErrorKind::InvalidParameter, format!("--set takes NAME=VALUE, not \"{setting}\""))
        })?;
        settings.insert(name.to_owned(), value.to_owned());
    }
    Ok(ServeSection {
        listen: if arguments.listen.is_empty() { file.listen } else { arguments.listen },
        http: arguments.http.or(file.http),
        users: arguments.users.or(file.users),
        rules: arguments.rules.or(file.rules),
        tls_cert: arguments.tls_cert.or(file.tls_cert),
        tls_key: arguments.tls_key.or(file.tls_key),
        max_connections: arguments.max_connections.or(file.max_connections),
        reserved_connections: arguments.reserved_connections.or(file.reserved_connections),
        slow_query: arguments.slow_query.or(file.slow_query),
        drain_timeout: arguments.drain_timeout.or(file.drain_timeout),
        authentication_timeout: arguments.authentication_timeout.or(file.authentication_timeout),
        message_limit: arguments.message_limit.or(file.message_limit),
        settings,
    })
}
