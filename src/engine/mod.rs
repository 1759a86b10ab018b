//! The engine: lakes that are open, what all sessions share, and sessions.

mod activity;
mod command;
mod cpu;
mod datafusion_error;
mod engine_options;
mod explain_lines;
mod functions;
mod interrupt;
mod known_messages;
pub mod lakes;
mod memory;
mod missing;
mod parameters;
mod permitted;
mod plan_error;
mod planning;
mod query_context;
mod query_tables;
mod relation_planner;
mod rights;
mod search_path;
mod semantics;
mod series;
mod session;
mod stream;
mod subscribe;
mod system;
mod table_changes;
mod temporary;
mod time_travel;
mod type_planner;

pub use activity::{Activity, ActivityState, Peers};
pub use lakes::{Lake, LakeLocation, LakeTables, TableDescription};
pub(crate) use missing::closest;
pub(crate) use rights::wide_provider;
pub use rights::{Allowed, Everything, Grant, Readable, Rights};
pub use session::{Execution, Fetched, Prepared, Session};
pub use stream::{Progress, ProgressCounts, RowStream};
pub use system::{SessionView, SystemSchema};

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;
use futures::future::join_all;
use tarn_catalog::cache::MetadataCache;
use tokio::runtime::Handle;

use crate::dependent::LakeQueryPlanner;
use crate::error::{Error, ErrorKind, Result};
use crate::scan::shared::ScanShared;
use crate::system_catalog::{self, Oids};
use cpu::CpuRuntime;
use lakes::LakeContext;

/// What an engine is opened with.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    pub lakes: Vec<LakeLocation>,
    /// Bytes that all queries together may hold; `None` leaves it to the machine.
    pub memory_limit_bytes: Option<usize>,
    /// Threads for query work; `None` takes one a core.
    pub threads: Option<usize>,
}

/// Bounds of what is kept of immutable files: decoded metadata, Parquet footers, rows that live.
const METADATA_CACHE_BYTES: u64 = 256 << 20;
const FOOTER_CACHE_BYTES: u64 = 256 << 20;
const MASK_CACHE_BYTES: u64 = 512 << 20;

/// Shared by all sessions: lakes, caches, memory, the CPU threads on which queries run.
#[derive(Debug)]
pub struct Engine {
    lakes: Vec<Arc<Lake>>,
    system: Vec<Arc<dyn SystemSchema>>,
    cpu: CpuRuntime,
    /// What every session begins as.
    template: SessionState,
    oids: Oids,
    opened_at: DateTime<Utc>,
}

impl Engine {
    /// Opens the lakes. Fails when one cannot be reached or is no lake.
    pub async fn open(config: EngineConfig) -> Result<Arc<Self>> {
        let context = LakeContext {
            metadata: Arc::new(MetadataCache::new(METADATA_CACHE_BYTES)),
            scans: Arc::new(ScanShared::new(FOOTER_CACHE_BYTES, MASK_CACHE_BYTES)),
            network: Handle::current(),
        };
        let opened = config.lakes.iter().map(|location| lakes::open(location, &context));
        let lakes: Result<Vec<Lake>> = join_all(opened).await.into_iter().collect();
        Self::with_lakes(lakes?, &config).await
    }

    /// An engine over lakes that are open already.
    pub async fn with_lakes(lakes: Vec<Lake>, config: &EngineConfig) -> Result<Arc<Self>> {
        let threads = config.threads.unwrap_or_else(cores).max(1);
        let lakes: Vec<Arc<Lake>> = lakes.into_iter().map(Arc::new).collect();
        for (index, lake) in lakes.iter().enumerate() {
            if lakes.iter().take(index).any(|other| other.name() == lake.name()) {
                let message = format!("two lakes are called \"{}\"", lake.name());
                return Err(Error::new(ErrorKind::DuplicateName, message)
                    .with_hint("Name them: tarn one=./lake two=./other"));
            }
            lake.default_database().await?;
        }
        let runtime = memory::runtime_env(config.memory_limit_bytes)?;
        let mut template = SessionStateBuilder::new()
            .with_config(session_config(threads))
            .with_runtime_env(runtime)
            // before those of the default features, which would plan the same expressions
            .with_expr_planners(vec![
                Arc::new(semantics::ExtractPlanner),
                Arc::new(semantics::IntervalPlanner),
                Arc::new(semantics::UnknownPlanner),
            ])
            .with_default_features()
            .with_query_planner(Arc::new(LakeQueryPlanner))
            .build();
        functions::register_aliases(&mut template)?;
        Ok(Arc::new(Self {
            lakes,
            system: system_catalog::schemas(),
            cpu: CpuRuntime::new(threads)?,
            template,
            oids: Oids::default(),
            opened_at: Utc::now(),
        }))
    }

    /// The names of the lakes, which are the databases that a client can connect to.
    pub fn lake_names(&self) -> Vec<String> {
        self.lakes.iter().map(|lake| lake.name().to_owned()).collect()
    }

    pub fn lake(&self, name: &str) -> Option<&Arc<Lake>> {
        self.lakes.iter().find(|lake| lake.name() == name)
    }

    pub fn lakes(&self) -> &[Arc<Lake>] {
        &self.lakes
    }

    /// The schemas that stand in every lake.
    pub fn system_schemas(&self) -> &[Arc<dyn SystemSchema>] {
        &self.system
    }

    pub(crate) fn system_schema(&self, name: &str) -> Option<&Arc<dyn SystemSchema>> {
        self.system.iter().find(|schema| schema.name() == name)
    }

    /// The identifiers of what there is in the lakes.
    pub(crate) fn oids(&self) -> &Oids {
        &self.oids
    }

    pub fn opened_at(&self) -> DateTime<Utc> {
        self.opened_at
    }

    /// The names of all functions of whatever kind.
    pub(crate) fn function_names(&self) -> HashSet<String> {
        let template = &self.template;
        let aggregates = template.aggregate_functions().keys();
        let others = aggregates.chain(template.window_functions().keys()).cloned();
        let of_catalog = system_catalog::function_names().map(str::to_owned);
        template.scalar_functions().keys().cloned().chain(others).chain(of_catalog).collect()
    }

    /// A new session in one lake, which may read everything; `None` takes the first.
    pub fn session(self: &Arc<Self>, lake: Option<&str>) -> Result<Session> {
        self.session_of(lake, Arc::new(Everything))
    }

    /// A new session of someone who may read what their rights say.
    pub fn session_of(self: &Arc<Self>, lake: Option<&str>, rights: Arc<dyn Rights>) -> Result<Session> {
        let found = match lake {
            Some(name) => self.lake(name).ok_or_else(|| {
                let message = format!("database \"{name}\" does not exist");
                Error::new(ErrorKind::UndefinedDatabase, message)
                    .with_hint(format!("Lakes are: {}.", self.lake_names().join(", ")))
            })?,
            None => self
                .lakes
                .first()
                .ok_or_else(|| Error::new(ErrorKind::UndefinedDatabase, "no lake is open"))?,
        };
        Ok(Session::new(Arc::clone(self), Arc::clone(found), rights))
    }

    /// Pieces of query work that are going on.
    pub fn busy(&self) -> usize {
        self.cpu.busy()
    }

    pub(crate) fn cpu(&self) -> &CpuRuntime {
        &self.cpu
    }

    fn template(&self) -> &SessionState {
        &self.template
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn session_config(threads: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    options.sql_parser.parse_float_as_decimal = true;
    options.explain.physical_plan_only = true;
    options.execution.time_zone = Some("UTC".to_owned());
    config
}

#[cfg(test)]
mod tests;
