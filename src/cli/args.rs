//! The words of the command line, as they are typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    Serve(Box<ServeArguments>),
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
    /// A setting that sessions begin with, as NAME=VALUE. Can be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    #[command(flatten)]
    pub engine: EngineArguments,
}
