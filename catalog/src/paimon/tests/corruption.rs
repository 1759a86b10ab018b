//! Damaged metadata: an error that names the file, never a panic, never a silent loss of files.

use std::fmt::Write;
use std::path::PathBuf;

use bytes::Bytes;
use object_store::path::Path;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::fixture::{table, warehouse_folder};
use crate::error::{Error, Result};
use crate::paimon::index_manifest::IndexManifest;
use crate::paimon::manifest::Manifest;
use crate::paimon::manifest_list::ManifestList;
use crate::paimon::schema::PaimonSchema;
use crate::paimon::snapshot::{Snapshot, Tag};
use crate::types::LogicalType;

/// Damaged copies of each file.
const FLIPS: usize = 400;

/// Decodes a metadata file and says what it holds.
type Decode = fn(&Path, Bytes) -> Result<String>;

fn described(value: impl std::fmt::Debug) -> String {
    let mut text = String::new();
    write!(text, "{value:?}").unwrap();
    text
}

fn manifest_list(path: &Path, file: Bytes) -> Result<String> {
    ManifestList::decode(path, file).map(described)
}

fn manifest(path: &Path, file: Bytes) -> Result<String> {
    Manifest::decode(path, file, &[]).map(described)
}

fn partitioned_manifest(path: &Path, file: Bytes) -> Result<String> {
    Manifest::decode(path, file, &[LogicalType::STRING]).map(described)
}

fn index_manifest(path: &Path, file: Bytes) -> Result<String> {
    IndexManifest::decode(path, file).map(described)
}

fn snapshot(path: &Path, file: Bytes) -> Result<String> {
    Snapshot::parse("d.t", path, &file).map(described)
}

fn tag(path: &Path, file: Bytes) -> Result<String> {
    Tag::parse("d.t", "x", path, &file).map(described)
}

fn schema(path: &Path, file: Bytes) -> Result<String> {
    PaimonSchema::parse("d.t", path, &file).map(described)
}

/// The files of a table's folder whose names begin so.
fn files(table: &str, folder: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(warehouse_folder().join("golden.db").join(table).join(folder)).unwrap();
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(prefix);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(named).collect();
    files.sort();
    assert!(!files.is_empty(), "{table} has no {folder}/{prefix}*");
    files
}

fn cases() -> Vec<(PathBuf, Decode)> {
    let mut cases: Vec<(PathBuf, Decode)> = Vec::new();
    for (name, decode) in [("append_part", partitioned_manifest as Decode), ("manifest_parquet", manifest)] {
        let (lists, manifests): (Vec<_>, Vec<_>) = files(name, "manifest", "manifest-")
            .into_iter()
            .partition(|file| file.to_str().unwrap().contains("manifest-list-"));
        cases.extend(manifests.into_iter().take(2).map(|file| (file, decode)));
        cases.extend(lists.into_iter().take(2).map(|file| (file, manifest_list as Decode)));
    }
    cases.extend(
        files("dv_pk", "manifest", "index-manifest-")
            .into_iter()
            .map(|file| (file, index_manifest as Decode)),
    );
    cases.extend(
        files("append_part", "snapshot", "snapshot-").into_iter().map(|file| (file, snapshot as Decode)),
    );
    cases.extend(files("life_tags", "tag", "tag-").into_iter().map(|file| (file, tag as Decode)));
    cases.extend(
        files("append_types_parquet", "schema", "schema-").into_iter().map(|file| (file, schema as Decode)),
    );
    cases
}

fn assert_names_the_file(error: &Error) {
    let text = error.to_string();
    assert!(text.contains("the/file") || text.contains("table d.t"), "{text}");
}

#[test]
fn flipped_bits_never_panic_and_errors_name_the_file() {
    let path = Path::from("the/file");
    let mut random = StdRng::seed_from_u64(7);
    for (file, decode) in cases() {
        let whole = std::fs::read(&file).unwrap();
        for _ in 0..FLIPS {
            let mut damaged = whole.clone();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..damaged.len());
                damaged[at] ^= 1 << random.random_range(0..8);
            }
            if let Err(error) = decode(&path, damaged.into()) {
                assert_names_the_file(&error);
            }
        }
    }
}

#[test]
fn files_cut_short_are_errors() {
    let path = Path::from("the/file");
    for (file, decode) in cases() {
        let whole = std::fs::read(&file).unwrap();
        let expected = decode(&path, whole.clone().into()).unwrap();
        for length in (0..whole.len()).step_by(1 + whole.len() / 300) {
            match decode(&path, Bytes::copy_from_slice(&whole[..length])) {
                Err(error) => assert_names_the_file(&error),
                // Only white space at the end of a JSON file is missed by nobody; an Avro file that ends
                // between its blocks is told by its size, which is recorded elsewhere.
                Ok(found) => assert!(found == expected || whole.starts_with(b"Obj"), "{file:?} at {length}"),
            }
        }
    }
}

#[tokio::test]
async fn a_manifest_of_another_size_than_recorded_is_an_error() {
    let table = table("append_part").await;
    let snapshot = table.timeline().latest().await.unwrap().unwrap();
    let reader = table.manifest_reader(&table.latest_schema().await.unwrap().table);
    let mut metas = reader.manifests_of(&snapshot).await.unwrap();
    metas[0].file_size += 1;
    let error = reader.manifest(&metas[0]).await.unwrap_err();
    assert!(error.to_string().contains(&metas[0].file_name), "{error}");
}
