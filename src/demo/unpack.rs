//! Unpacking the demo lake into the cache folder.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::engine::LakeLocation;
use crate::engine::lakes::UNNAMED;
use crate::error::{Error, ErrorKind, Result};

/// A folder `demo-lake` with a warehouse in it, packed with tar and zstd.
static PACKED: &[u8] = include_bytes!("../../demo/demo-lake.tar.zst");

/// Unpacks the demo lake, unless that was done before, and says where it is.
pub fn unpack() -> Result<LakeLocation> {
    let cache = dirs::cache_dir().unwrap_or_else(std::env::temp_dir).join("tarn");
    let folder = unpack_below(&cache).map_err(|error| {
        Error::new(
            ErrorKind::Storage,
            format!("cannot unpack the demo lake into {}: {error}", cache.display()),
        )
    })?;
    let url = folder.to_str().ok_or_else(|| {
        Error::new(ErrorKind::Storage, format!("the path {} is not UTF-8", folder.display()))
    })?;
    Ok(LakeLocation { name: UNNAMED.to_owned(), url: url.to_owned() })
}

/// A folder is complete when it has its name: it is filled under another name and then renamed.
fn unpack_below(cache: &Path) -> io::Result<PathBuf> {
    let target = cache.join(format!("demo-lake-{}", fingerprint(PACKED)));
    if target.is_dir() {
        return Ok(target);
    }
    fs::create_dir_all(cache)?;
    let filling = cache.join(format!(".demo-lake-{}", uuid::Uuid::new_v4()));
    let filled = tar::Archive::new(zstd::Decoder::new(PACKED)?).unpack(&filling);
    let renamed = filled.and_then(|()| fs::rename(filling.join("demo-lake"), &target));
    let left = fs::remove_dir_all(&filling);
    match renamed {
        // Another process was faster, with the same contents.
        Err(_) if target.is_dir() => Ok(target),
        Err(error) => Err(error),
        Ok(()) => match left {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(target),
        },
    }
}

/// Enough of a digest to tell two packed lakes apart.
fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_lake_is_unpacked_once_and_whole() {
        let cache = tempfile::tempdir().unwrap();
        let folder = unpack_below(cache.path()).unwrap();
        assert!(folder.join("rec.db/users/snapshot").is_dir());
        let marker = folder.join("marker");
        fs::write(&marker, "").unwrap();
        assert_eq!(unpack_below(cache.path()).unwrap(), folder);
        assert!(marker.exists());
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_interrupted_unpacking_leaves_nothing_that_looks_complete() {
        let cache = tempfile::tempdir().unwrap();
        fs::create_dir_all(cache.path().join(".demo-lake-broken/rec.db")).unwrap();
        let folder = unpack_below(cache.path()).unwrap();
        assert!(folder.join("rec.db/impressions").is_dir());
    }
}
