//! What all scans of an engine share: footers and resolved sections.

use std::sync::Arc;

use super::footer::FooterCache;
use crate::resolve::cache::ResolveCache;

/// Caches of everything that is read from immutable files.
#[derive(Debug)]
pub struct ScanShared {
    pub footers: Arc<FooterCache>,
    pub resolved: Arc<ResolveCache>,
}

impl ScanShared {
    /// `footer_bytes` and `mask_bytes` bound the two caches.
    pub fn new(footer_bytes: u64, mask_bytes: u64) -> Self {
        Self {
            footers: Arc::new(FooterCache::new(footer_bytes)),
            resolved: Arc::new(ResolveCache::new(mask_bytes)),
        }
    }
}
