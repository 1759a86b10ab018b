//! Finding a set: a folder, or a packed file that is unpacked once into the build's work folder.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use parking_lot::Mutex;

use super::Result;

/// The root of the set at `place`: the folder that holds `expected/manifest.jsonl`.
pub fn open(place: &Path) -> Result<PathBuf> {
    let folder = if place.is_file() { unpacked(place)? } else { place.to_owned() };
    let is_root = |path: &Path| path.join("expected/manifest.jsonl").is_file();
    if is_root(&folder) {
        return Ok(folder);
    }
    for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if is_root(&path) {
            return Ok(path);
        }
    }
    Err(format!("{} holds no expected/manifest.jsonl", folder.display()).into())
}

/// Unpacks a `.tar.zst` with the times of its files and folders, unless that was done before, and gives the
/// folder. Some formats read commit or creation times from there.
///
/// The folder is named by the file's checksum and put in place by one rename, so that an interrupted run or
/// two at once leave nothing half done.
pub fn unpacked(packed: &Path) -> Result<PathBuf> {
    let bytes = fs::read(packed).map_err(|error| format!("{}: {error}", packed.display()))?;
    let name = packed.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.trim_end_matches(".tar.zst");
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{:08x}", crc32fast::hash(&bytes)));
    // The trials of one process must not unpack into the same folder at once.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _held = ONE_AT_A_TIME.lock();
    if target.is_dir() {
        return Ok(target);
    }
    let partial = target.with_extension(format!("{}.partial", std::process::id()));
    unpack(packed, &partial)?;
    if fs::rename(&partial, &target).is_err() {
        fs::remove_dir_all(&partial)?; // another process was faster
    }
    Ok(target)
}

fn unpack(packed: &Path, target: &Path) -> Result<()> {
    fs::create_dir_all(target)?;
    let mut archive = tar::Archive::new(zstd::Decoder::new(BufReader::new(File::open(packed)?))?);
    archive.set_preserve_mtime(true);
    let mut folders = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_dir() {
            let modified = UNIX_EPOCH + Duration::from_secs(entry.header().mtime()?);
            folders.push((target.join(entry.path()?), modified));
        }
        entry.unpack_in(target)?;
    }
    // A folder's time changes with every file that is put into it.
    for (folder, modified) in folders {
        File::open(folder)?.set_modified(modified)?;
    }
    Ok(())
}
