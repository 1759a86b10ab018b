//! What all queries together may hold, and where they spill.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use crate::error::Result;

/// Share of the machine's memory that queries may hold when no limit is given. The rest is for
/// caches, for batches on their way, and for the other programs of the machine.
const SHARE_PERCENT: usize = 60;

/// Taken for the machine's memory where it cannot be found out.
const UNKNOWN_MACHINE_BYTES: usize = 4 << 30;

/// How many of the largest consumers an out-of-memory error names.
const CONSUMERS_NAMED: NonZeroUsize = match NonZeroUsize::new(3) {
    Some(count) => count,
    None => NonZeroUsize::MIN,
};

/// The pool, the spill files and the caches that all queries share.
pub(crate) fn runtime_env(limit_bytes: Option<usize>) -> Result<Arc<RuntimeEnv>> {
    let limit = limit_bytes.unwrap_or_else(default_limit_bytes);
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), CONSUMERS_NAMED);
    Ok(RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool)).build_arc()?)
}

fn default_limit_bytes() -> usize {
    machine_bytes().unwrap_or(UNKNOWN_MACHINE_BYTES) / 100 * SHARE_PERCENT
}

/// The machine's memory, or what the control group of this process may use of it (Linux).
fn machine_bytes() -> Option<usize> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kilobytes.checked_mul(1024)
    });
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|path| std::fs::read_to_string(Path::new(path)).ok()?.trim().parse::<usize>().ok());
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}
