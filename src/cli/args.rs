//! The words of the command line, as they are typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  tarn demo                                      the demo lake, to look around
  tarn ./lake                                    a prompt over a Paimon warehouse, a database or a table
  tarn s3://bucket/lake -c 'SELECT 1' --format csv
  tarn dev=./lake prod=s3://bucket/lake          several lakes: SELECT * FROM prod.db.t
  tarn serve ./lake --listen 127.0.0.1:5433      psql, psycopg and whatever speaks Postgres

Credentials come from the environment (AWS_*, GOOGLE_*, AZURE_*); a tarn.toml in the current folder
can name lakes and limits.";

const SERVE_HELP: &str = "\
To look around on this machine (nobody else can connect):
  tarn serve ./lake                              psql -h 127.0.0.1 -p 5433 -U me lake

A lake is a database to a client, a database of the lake a schema. Several lakes:
  tarn serve prod=s3://bucket/lake dev=./lake --set statement_timeout=60s

For others, with users and TLS, which passwords off this machine need:
  tarn user add alice --users users.toml
  tarn user grant alice prod.rec --users users.toml
  tarn serve prod=s3://bucket/lake --listen 0.0.0.0:5432 --users users.toml \\
      --tls-cert server.crt --tls-key server.key --http 127.0.0.1:9090

Rules (--rules) say who may come from where, first match first, as in pg_hba.conf:
  hostssl  all  all  10.0.0.0/8  scram-sha-256

Signals: HUP reads users, rules and certificates again; TERM takes no more clients, lets statements end
and then stops, a second TERM cuts them off. /health answers 503 while the server drains.";

const USER_HELP: &str = "\
Examples:
  tarn user add alice --users users.toml
  tarn user grant alice lake.rec --users users.toml
  tarn user grant alice 'lake.raw.events(user_id, item_id)' --users users.toml
  tarn user grant --role analysts lake --users users.toml
  echo \"$PASSWORD\" | tarn user add bob --role analysts --users users.toml

Passwords are kept as SCRAM-SHA-256 verifiers. A server takes changes up on SIGHUP, for sessions that
are open too.";

/// SQL over a feature lake.
#[derive(Debug, Parser)]
#[command(name = "tarn", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
#[command(subcommand_precedence_over_arg = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub query: QueryArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Opens the demo lake: a week of a small recommendation system.
    Demo(DemoArguments),
    /// Serves lakes to clients that speak Postgres.
    #[command(after_help = SERVE_HELP)]
    Serve(Box<ServeArguments>),
    /// Manages the users of a server, their passwords and what they may read.
    #[command(after_help = USER_HELP)]
    User(UserArguments),
}

#[derive(Debug, Args)]
pub(super) struct UserArguments {
    #[command(subcommand)]
    pub action: UserAction,
    /// The users file; that of `tarn.toml` where it is not given. It is made where it is not there.
    #[arg(long, value_name = "FILE", global = true)]
    pub users: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserAction {
    /// Adds a user; the password is asked for, or is the first line of standard input.
    Add {
        name: String,
        /// May read everything, and connect while all other places are taken.
        #[arg(long)]
        superuser: bool,
        /// A role whose grants are the user's too. Can be given again.
        #[arg(long)]
        role: Vec<String>,
    },
    /// Gives a user another password.
    Passwd { name: String },
    /// Lists users and roles with what they may read.
    List,
    /// Removes a user.
    Remove { name: String },
    /// Allows a user to read a lake, a database, a table or columns of one.
    Grant {
        name: String,
        #[arg(required = true, value_name = "LAKE[.DATABASE[.TABLE[(COLUMN, ...)]]]")]
        grants: Vec<String>,
        /// The name is that of a role, which is made where it is not there.
        #[arg(long)]
        role: bool,
    },
    /// Takes a grant back.
    Revoke {
        name: String,
        #[arg(required = true, value_name = "GRANT")]
        grants: Vec<String>,
        /// The name is that of a role.
        #[arg(long)]
        role: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct QueryArguments {
    /// Folders or URLs of lakes, as LOCATION or NAME=LOCATION.
    #[arg(value_name = "LAKE")]
    pub lakes: Vec<String>,
    #[command(flatten)]
    pub statements: StatementArguments,
    #[command(flatten)]
    pub engine: EngineArguments,
}

#[derive(Debug, Args)]
pub(super) struct StatementArguments {
    /// Runs a statement, or several, and ends. Can be given again.
    #[arg(short, long = "command", value_name = "SQL")]
    pub command: Vec<String>,
    /// Runs the statements of a file (`-` is standard input) and ends. Can be given again.
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// How results are written.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Where results are written.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct EngineArguments {
    /// Settings and lakes; `tarn.toml` of the current folder where it is not given.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What all queries together may hold: 8GB, 512MB.
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Option<String>,
    /// Threads for query work; one a core where it is not given.
    #[arg(long, value_name = "COUNT")]
    pub threads: Option<usize>,
}

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    #[command(flatten)]
    pub statements: StatementArguments,
    #[command(flatten)]
    pub engine: EngineArguments,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Folders or URLs of lakes, as LOCATION or NAME=LOCATION.
    #[arg(value_name = "LAKE")]
    pub lakes: Vec<String>,
    /// Where clients connect; off loopback, users and TLS are needed. Can be given again.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Vec<String>,
    /// Where /metrics and /health answer.
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<String>,
    /// Users, their passwords' verifiers and their rights.
    #[arg(long, value_name = "FILE")]
    pub users: Option<PathBuf>,
    /// Who may connect from where, in the format of pg_hba.conf.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// A certificate chain as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Sessions at a time.
    #[arg(long, value_name = "COUNT")]
    pub max_connections: Option<usize>,
    /// Those of them that are kept for superusers.
    #[arg(long, value_name = "COUNT")]
    pub reserved_connections: Option<usize>,
    /// Statements that take at least as long are logged: 500ms, 2s.
    #[arg(long, value_name = "TIME")]
    pub slow_query: Option<String>,
    /// How long statements may go on after SIGTERM: 30s.
    #[arg(long, value_name = "TIME")]
    pub drain_timeout: Option<String>,
    /// How long a client may take to be let in: 60s.
    #[arg(long, value_name = "TIME")]
    pub authentication_timeout: Option<String>,
    /// The longest message that a client may send: 64MB.
    #[arg(long, value_name = "SIZE")]
    pub message_limit: Option<String>,
    /// How logs are written to standard error; RUST_LOG says which.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub log_format: LogFormat,
    /// A setting that sessions begin with, as NAME=VALUE. Can be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    #[command(flatten)]
    pub engine: EngineArguments,
}
