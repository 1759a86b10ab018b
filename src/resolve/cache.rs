//! Resolved sections, kept by the immutable files that they were resolved from.

use std::fmt;
use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tarn_catalog::merge_rule::MergeRule;
use tarn_catalog::split::{DataFile, DeleteSource};

use super::outcome::Resolved;
use crate::error::Result;
use crate::merge::Retractions;

/// Everything that an outcome depends on, as text: the store, the rule, and each file with its deletes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SectionIdentity(Arc<str>);

impl SectionIdentity {
    pub fn new(
        store_id: u32,
        rule: &MergeRule,
        retractions: Retractions,
        files: &[DataFile],
        deletes: &[DeleteSource],
    ) -> Self {
        let mut text = format!(
            "{store_id} {retractions:?} {:?} {:?} {:?} {} {} {:?}",
            rule.engine,
            rule.key,
            rule.sequence_fields,
            rule.sequence_descending,
            rule.lookup_base,
            rule.options
        );
        for file in files {
            let deletes: Vec<_> = file.deletes.iter().filter_map(|&index| deletes.get(index)).collect();
            text.push_str(&format!("\n{} {} {:?}", file.path, file.level, deletes));
        }
        Self(text.into())
    }
}

#[derive(Clone)]
struct ResolvedWeight;

impl Weighter<SectionIdentity, Arc<Resolved>> for ResolvedWeight {
    fn weight(&self, key: &SectionIdentity, resolved: &Arc<Resolved>) -> u64 {
        (key.0.len() + resolved.memory_bytes()) as u64
    }
}

/// Resolved sections within a bound of bytes, shared by all sessions. A section that two queries
/// want at once is resolved once.
pub struct ResolveCache {
    sections: Cache<SectionIdentity, Arc<Resolved>, ResolvedWeight>,
}

impl fmt::Debug for ResolveCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolveCache")
            .field("sections", &self.sections.len())
            .field("bytes", &self.sections.weight())
            .finish()
    }
}

impl ResolveCache {
    pub fn new(limit_bytes: u64) -> Self {
        Self { sections: Cache::with_weighter(1024, limit_bytes, ResolvedWeight) }
    }

    pub fn get(&self, identity: &SectionIdentity) -> Option<Arc<Resolved>> {
        self.sections.get(identity)
    }

    pub async fn get_or_resolve(
        &self,
        identity: &SectionIdentity,
        resolve: impl Future<Output = Result<Arc<Resolved>>>,
    ) -> Result<Arc<Resolved>> {
        self.sections.get_or_insert_async(identity, resolve).await
    }
}
