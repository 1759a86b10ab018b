//! From paths as metadata writes them to paths in a lake's store.

use object_store::path::Path;
use url::Url;

use crate::error::{Error, Result};

/// Where a lake is, and where its metadata believes it to be.
///
/// Some metadata names files by their full path (Iceberg's, shallow clones of Delta). A lake that was
/// moved or copied keeps those paths; saying where it was when they were written finds its files again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakePlace {
    root: Path,
    url: Url,
    stored_at: Option<String>,
}

impl LakePlace {
    /// `root` is the lake's folder in its store, `url` what the store's own root is called in full
    /// paths (`file:///folder/`, `s3://bucket/`), `stored_at` the full path of the lake's folder when
    /// its metadata was written, where it was another.
    pub fn new(root: Path, url: Url, stored_at: Option<&str>) -> Self {
        Self { root, url, stored_at: stored_at.map(|place| plain(place).trim_end_matches('/').to_owned()) }
    }

    /// The path in the store of a file that metadata names by its full path, without escapes. A path
    /// outside of the lake's store is an error: it cannot be reached through it.
    pub fn resolve(&self, table: &str, full: &str) -> Result<Path> {
        let full = plain(full);
        if let Some(rest) = self.stored_at.as_deref().and_then(|place| under(place, &full)) {
            return below(&self.root, rest);
        }
        match under(self.store_name().trim_end_matches('/'), &full) {
            Some(rest) => below(&Path::default(), rest),
            None => Err(Error::invalid(format!(
                "table {table} names the file {full}, which is outside of the lake at {}. If the lake was \
                 moved, say where it was: LOCATION#stored-at=OLD_LOCATION",
                self.url
            ))),
        }
    }

    fn store_name(&self) -> String {
        match self.url.to_file_path() {
            Ok(path) if self.url.scheme() == "file" => path.to_string_lossy().into_owned(),
            _ => plain(self.url.as_str()),
        }
    }
}

/// Whether a path in metadata is a full one.
pub fn is_full(path: &str) -> bool {
    path.starts_with('/') || path.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// One spelling for each place: files without their scheme, S3 under one name.
pub fn plain(full: &str) -> String {
    if let Some(path) = full.strip_prefix("file:") {
        return format!("/{}", path.trim_start_matches('/'));
    }
    match full.split_once("://") {
        Some(("s3a" | "s3n", rest)) => format!("s3://{rest}"),
        _ => full.to_owned(),
    }
}

/// What follows a folder in a path.
fn under<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// A path below a folder. Names come from metadata and are kept as they are: percent signs of
/// partition folders must not be escaped again.
pub fn below(folder: &Path, name: &str) -> Result<Path> {
    let text = if folder.as_ref().is_empty() { name.to_string() } else { format!("{folder}/{name}") };
    Path::parse(&text).map_err(|error| Error::corrupt(text, format!("it is no usable path: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn place(root: &str, url: &str, stored_at: Option<&str>) -> LakePlace {
        LakePlace::new(Path::from(root), Url::parse(url).unwrap(), stored_at)
    }

    #[test]
    fn full_paths_lead_into_the_store() {
        let local = place("", "file:///a%20b/lake/", None);
        for full in
            ["/a b/lake/t/f%3A.parquet", "file:/a b/lake/t/f%3A.parquet", "file:///a b/lake/t/f%3A.parquet"]
        {
            assert_eq!(local.resolve("t", full).unwrap().as_ref(), "t/f%3A.parquet");
        }
        assert!(local.resolve("t", "/a b/lakes/f").is_err());
        let cloud = place("lake", "s3://bucket/", None);
        assert_eq!(cloud.resolve("t", "s3a://bucket/other/f").unwrap().as_ref(), "other/f");
        assert!(cloud.resolve("t", "s3://bucket2/f").is_err());
    }

    #[test]
    fn a_moved_lake_is_found_by_where_it_was() {
        let moved = place("new/lake", "s3://bucket/", Some("file:///tmp/lake/"));
        assert_eq!(moved.resolve("t", "/tmp/lake/t/f").unwrap().as_ref(), "new/lake/t/f");
        assert_eq!(moved.resolve("t", "s3://bucket/x").unwrap().as_ref(), "x");
        assert!(moved.resolve("t", "/tmp/lake2/f").is_err());
        assert!(moved.resolve("t", "/tmp/lake/../etc").is_err());
    }

    #[test]
    fn full_and_relative_paths_are_told_apart() {
        assert!(is_full("/x") && is_full("s3://b/x") && is_full("file:/x"));
        assert!(!is_full("a/b.parquet") && !is_full("p=1:2/b") && !is_full("part-0"));
    }
}
