//! Damaged lakes: flipped and cut bytes, missing files, versions and fields from the future.
//!
//! Metadata and data files carry no checksum of their own, so a flipped byte may be a value like any other.
//! What must hold: no panic, no hang, and every error names a file or a folder of the damaged table; what was
//! cut off, emptied or removed is never read around: the rows are right, or it is an error.
//!
//! Seeded; `TARN_CORRUPT_SEED` and `TARN_CORRUPT_CASES` run others, or more.

mod damage;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sqllogictest::harness::{Failed, Trial};
use tarn::engine::{Engine, EngineConfig, Execution, LakeLocation};

use crate::checks::setting;
use crate::golden_set::Result;
use crate::golden_set::actual::{Reader, spellings_of};
use crate::golden_set::compare::difference;
use crate::golden_set::expected;
use crate::golden_set::manifest::{Columns, GoldenSet};
use crate::golden_set::value::Row;
use crate::harness::lakes;
use damage::{Damage, FileClass, TableFile};

const SEED: u64 = 4_711;
/// Damaged copies of each table.
const CASES: usize = 60;
/// A query over some kilobytes that takes longer hangs.
const QUERY_SECONDS_MAX: u64 = 60;
const TABLES: [&str; 6] =
    ["append_part", "pk_dedup", "pk_levels", "se_pk_parquet", "pkkey_string", "life_tags"];

pub fn trials() -> Vec<Trial> {
    let damaged = TABLES.iter().map(|table| {
        Trial::test(format!("corrupt::{table}"), move || outcome(lakes::block_on(damage_at_random(table))))
    });
    let chosen = Trial::test("corrupt::chosen_damage", || outcome(lakes::block_on(damage_as_chosen())));
    damaged.chain([chosen]).collect()
}

fn outcome(result: Result<Result<Vec<String>>>) -> Result<(), Failed> {
    let findings = result.and_then(|findings| findings).map_err(|error| error.to_string())?;
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n").into()) }
}

/// A table with its right rows, of which damaged copies are made.
struct Subject {
    set: GoldenSet,
    table: String,
    columns: Columns,
    rows: Vec<Row>,
}

impl Subject {
    fn load(table: &str) -> Result<Self> {
        let set = GoldenSet::load(&lakes::golden_root()?)?;
        let query = set
            .queries
            .iter()
            .find(|query| query.object() == table && query.kind == "batch" && query.options.is_empty())
            .ok_or("the set has no such table")?;
        let columns = set.columns(query)?.clone();
        let file = query.file.as_deref().ok_or("the table has no answer")?;
        let rows = expected::rows(&set.answer(file)?, &columns, false)?;
        Ok(Self { table: table.to_owned(), columns, rows, set })
    }

    /// A copy of the table in a warehouse of its own, so that no cache knows its files.
    fn copy(&self) -> Result<(tempfile::TempDir, PathBuf)> {
        let warehouse = tempfile::tempdir()?;
        let source = self.set.warehouse().join("golden.db").join(&self.table);
        let copy = warehouse.path().join("golden.db").join(&self.table);
        copy_folder(&source, &copy)?;
        Ok((warehouse, copy))
    }

    /// Reads the copy; `Ok(None)` when the rows are right, `Ok(Some)` with the difference when they are not.
    async fn read(&self, warehouse: &Path) -> Result<Reading> {
        let lake = LakeLocation { name: "damaged".to_owned(), url: warehouse.display().to_string() };
        let sql = format!("SELECT * FROM golden.\"{}\"", self.table);
        let task = tokio::spawn(async move { query(lake, &sql).await });
        let batches = match tokio::time::timeout(Duration::from_secs(QUERY_SECONDS_MAX), task).await {
            Err(_) => return Ok(Reading::Bad("no answer in time".to_owned())),
            Ok(Err(panic)) => return Ok(Reading::Bad(format!("panicked: {panic}"))),
            Ok(Ok(Err(error))) if error.message.contains("panicked") => {
                return Ok(Reading::Bad(error.message));
            }
            Ok(Ok(Err(error))) => return Ok(Reading::Refused(error.message)),
            Ok(Ok(Ok(batches))) => batches,
        };
        let reader = Reader { columns: &self.columns, warehouse: spellings_of(warehouse) };
        let mut got = Vec::new();
        for batch in &batches {
            if batch.num_columns() != self.columns.len() {
                return Ok(Reading::Differs(format!("{} columns", batch.num_columns())));
            }
            match reader.rows(batch, None) {
                Ok(rows) => got.extend(rows),
                Err(error) => return Ok(Reading::Differs(error.to_string())),
            }
        }
        Ok(match difference(&self.columns, false, self.rows.clone(), got) {
            None => Reading::Right,
            Some(difference) => Reading::Differs(difference),
        })
    }
}

/// What came of reading a damaged table.
enum Reading {
    Right,
    Differs(String),
    Refused(String),
    /// A panic or a hang.
    Bad(String),
}

async fn query(lake: LakeLocation, sql: &str) -> tarn::Result<Vec<RecordBatch>> {
    let engine = Engine::open(EngineConfig { lakes: vec![lake], ..EngineConfig::default() }).await?;
    let session = engine.session(None)?;
    let mut batches = Vec::new();
    for statement in session.parse(sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        if let Execution::Rows(rows) = session.execute(&prepared, Vec::new()).await? {
            batches = rows.batches.try_collect().await?;
        }
    }
    Ok(batches)
}

/// Seeded damage to one file of a copy, many times.
async fn damage_at_random(table: &str) -> Result<Vec<String>> {
    let subject = Subject::load(table)?;
    let seed = setting("TARN_CORRUPT_SEED", SEED);
    let mut random = StdRng::seed_from_u64(seed);
    let mut findings = Vec::new();
    for case in 0..setting("TARN_CORRUPT_CASES", CASES) {
        let (warehouse, copy) = subject.copy()?;
        let files = damage::files_of(&copy)?;
        let class = FileClass::ALL[random.random_range(0..FileClass::ALL.len())];
        let of_class: Vec<_> = files.iter().filter(|file| file.class == class).collect();
        let Some(file) = of_class.choose(&mut random) else { continue };
        let damage = Damage::draw(&mut random);
        damage.apply(&file.path, &mut random)?;
        let name = file.path.strip_prefix(&copy)?.display().to_string();
        let complaint = match subject.read(warehouse.path()).await? {
            Reading::Right => None,
            Reading::Bad(what) => Some(what),
            Reading::Refused(message) if !names_the_place(&message, &copy, file) => {
                Some(format!("the error does not say where: {message}"))
            }
            Reading::Refused(_) => None,
            Reading::Differs(_) if damage.may_pass_as_data(class) => None,
            Reading::Differs(difference) => Some(format!("wrong rows: {difference}")),
        };
        findings.extend(
            complaint.map(|what| format!("case {case} of seed {seed}, {damage:?} of {name}: {what}")),
        );
    }
    Ok(findings)
}

/// Whether an error says where the damage is: the file, another one that the damage sent the reader to, or the
/// table, where what is damaged now reads as a feature of it. A data file is always named itself.
fn names_the_place(message: &str, copy: &Path, file: &TableFile) -> bool {
    let table = copy.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let file_name = file.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    message.contains(file_name)
        || message.contains(&format!("golden.db/{table}/"))
        || file.class != FileClass::Data && message.contains(&format!("golden.{table}"))
}

/// A change to one file and the words that the error must have.
struct Chosen {
    what: &'static str,
    file: &'static str,
    change: fn(&str) -> String,
    message: &'static [&'static str],
}

const CHOSEN: [Chosen; 4] = [
    Chosen {
        what: "a snapshot of a future version",
        file: "snapshot/snapshot-7",
        change: |text| text.replace("\"version\" : 3", "\"version\" : 99"),
        message: &["snapshot-7", "99"],
    },
    Chosen {
        what: "a snapshot that is no JSON",
        file: "snapshot/snapshot-7",
        change: |text| text.replace(':', ";"),
        message: &["snapshot-7"],
    },
    Chosen {
        what: "a schema with a type from the future",
        file: "schema/schema-0",
        change: |text| text.replace("\"DOUBLE\"", "\"QUATERNION\""),
        message: &["golden.pk_dedup", "QUATERNION"],
    },
    Chosen {
        what: "a schema of a future version",
        file: "schema/schema-0",
        change: |text| text.replace("\"version\" : 3", "\"version\" : 99"),
        message: &["golden.pk_dedup", "99"],
    },
];

async fn damage_as_chosen() -> Result<Vec<String>> {
    let subject = Subject::load("pk_dedup")?;
    let mut findings = Vec::new();
    for chosen in &CHOSEN {
        let (warehouse, copy) = subject.copy()?;
        let path = copy.join(chosen.file);
        let text = fs::read_to_string(&path)?;
        let changed = (chosen.change)(&text);
        if changed == text {
            return Err(format!("{}: nothing was changed", chosen.what).into());
        }
        fs::write(&path, changed)?;
        let complaint = match subject.read(warehouse.path()).await? {
            Reading::Refused(message) if chosen.message.iter().all(|word| message.contains(word)) => None,
            Reading::Refused(message) => {
                Some(format!("the error lacks one of {:?}: {message}", chosen.message))
            }
            Reading::Right | Reading::Differs(_) => Some("rows instead of an error".to_owned()),
            Reading::Bad(what) => Some(what),
        };
        findings.extend(complaint.map(|complaint| format!("{}: {complaint}", chosen.what)));
    }
    Ok(findings)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
