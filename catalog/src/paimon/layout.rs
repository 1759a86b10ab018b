//! Where the metadata of a table lies.

use object_store::path::Path;

use crate::error::Result;
pub use crate::location::below;

/// The folders of a table and of one of its branches. A branch has snapshots, schemas, tags,
/// consumers and changelogs of its own; manifests, index files, statistics and data stay under the
/// table. (paimon-format section 1)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLayout {
    root: Path,
    /// The table's root, or the branch's folder.
    branch_root: Path,
    branch: Option<String>,
}

pub const SNAPSHOT_PREFIX: &str = "snapshot-";
pub const CHANGELOG_PREFIX: &str = "changelog-";
pub const SCHEMA_PREFIX: &str = "schema-";
pub const TAG_PREFIX: &str = "tag-";
pub const CONSUMER_PREFIX: &str = "consumer-";
pub const BRANCH_PREFIX: &str = "branch-";

impl TableLayout {
    pub fn new(root: Path, branch: Option<&str>) -> Result<Self> {
        let branch_root = match branch {
            Some(branch) => below(&root, &format!("branch/{BRANCH_PREFIX}{branch}"))?,
            None => root.clone(),
        };
        Ok(Self { root, branch_root, branch: branch.map(str::to_string) })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `None` is the main branch.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// The same table on another branch.
    pub fn with_branch(&self, branch: Option<&str>) -> Result<Self> {
        Self::new(self.root.clone(), branch)
    }

    pub fn snapshots(&self) -> Path {
        self.branch_root.clone().join("snapshot")
    }

    pub fn snapshot(&self, id: i64) -> Path {
        self.snapshots().join(format!("{SNAPSHOT_PREFIX}{id}"))
    }

    pub fn changelogs(&self) -> Path {
        self.branch_root.clone().join("changelog")
    }

    pub fn changelog(&self, id: i64) -> Path {
        self.changelogs().join(format!("{CHANGELOG_PREFIX}{id}"))
    }

    pub fn schemas(&self) -> Path {
        self.branch_root.clone().join("schema")
    }

    pub fn schema(&self, id: i64) -> Path {
        self.schemas().join(format!("{SCHEMA_PREFIX}{id}"))
    }

    pub fn tags(&self) -> Path {
        self.branch_root.clone().join("tag")
    }

    pub fn tag(&self, name: &str) -> Result<Path> {
        below(&self.tags(), &format!("{TAG_PREFIX}{name}"))
    }

    pub fn consumers(&self) -> Path {
        self.branch_root.clone().join("consumer")
    }

    pub fn consumer(&self, id: &str) -> Result<Path> {
        below(&self.consumers(), &format!("{CONSUMER_PREFIX}{id}"))
    }

    pub fn branches(&self) -> Path {
        self.root.clone().join("branch")
    }

    /// Manifest lists, manifests and index manifests.
    pub fn manifest(&self, name: &str) -> Result<Path> {
        below(&self.root, &format!("manifest/{name}"))
    }

    pub fn statistics(&self, name: &str) -> Result<Path> {
        below(&self.root, &format!("statistics/{name}"))
    }

    pub fn index(&self, name: &str) -> Result<Path> {
        below(&self.root, &format!("index/{name}"))
    }
}
