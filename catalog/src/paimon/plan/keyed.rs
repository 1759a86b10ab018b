//! Splits of a bucket of a primary-key table.

use std::sync::Arc;

use object_store::path::Path;

use crate::datum::Datum;
use crate::error::{Error, Result};
use crate::merge_rule::{MergeEngine, MergeRule};
use crate::schema::TableSchema;
use crate::split::{DataFile, SplitUnit};

use super::bounds::FileTest;
use super::lower::{Lowering, key_bounds};
use super::sections::{Key, KeyRange, Section, sections, sections_in_javas_order};
use crate::paimon::manifest::{DataFileMeta, FileSource, ManifestEntry};
use crate::paimon::rules::ReadRules;
use crate::paimon::table::PaimonTable;

/// A file with its keys decoded.
struct KeyedFile<'a> {
    entry: &'a ManifestEntry,
    min: Key,
    max: Key,
}

impl KeyRange for KeyedFile<'_> {
    fn min_key(&self) -> &Key {
        &self.min
    }

    fn max_key(&self) -> &Key {
        &self.max
    }
}

/// What a bucket is read by.
pub struct KeyedPlan<'a> {
    pub rules: &'a ReadRules,
    pub rule: Arc<MergeRule>,
    pub test: &'a FileTest<'a>,
}

impl KeyedPlan<'_> {
    /// The units of a bucket, and how many of its files were left out.
    pub fn units(
        &self,
        lowering: &mut Lowering<'_>,
        files: &[&ManifestEntry],
        folder: &Path,
    ) -> Result<(Vec<SplitUnit>, u64)> {
        let mut keyed = Vec::with_capacity(files.len());
        for entry in files {
            let schema = lowering.schema_of(&entry.file)?;
            if self.test.keys_may_match(&entry.file, schema).map_err(|reason| lowering.corrupt(reason))? {
                let (min, max) = lowering.keys(&entry.file)?;
                keyed.push(KeyedFile { entry, min, max });
            }
        }
        check_keys(lowering.table, &keyed)?;
        let mut kept = 0;
        let (mut alone, mut units) = (Vec::new(), Vec::new());
        for section in sections(keyed) {
            if self.needs_no_merge(&section) {
                for file in section.into_iter().flatten() {
                    if self.rows_may_match(lowering, &file)? {
                        kept += 1;
                        alone.push(lowering.data_file(file.entry, folder, (file.min, file.max))?);
                    }
                }
            } else if self.section_may_match(lowering, &section)? {
                kept += section.iter().map(Vec::len).sum::<usize>();
                let run = |run: Vec<KeyedFile<'_>>, lowering: &mut Lowering<'_>| {
                    let file =
                        |file: KeyedFile<'_>| lowering.data_file(file.entry, folder, (file.min, file.max));
                    run.into_iter().map(file).collect::<Result<Vec<DataFile>>>()
                };
                let runs = section.into_iter().map(|files| run(files, lowering)).collect::<Result<_>>()?;
                units.push(SplitUnit::Merge { runs, rule: Arc::clone(&self.rule) });
            }
        }
        if !alone.is_empty() {
            units.insert(0, SplitUnit::Files(alone));
        }
        Ok((units, (files.len() - kept) as u64))
    }

    /// Each row of the section is a row of the table: no retraction, and no key twice.
    fn needs_no_merge(&self, section: &Section<KeyedFile<'_>>) -> bool {
        let mut files = section.iter().flatten().map(|file| &*file.entry.file);
        let resolved = |file: &DataFileMeta| file.level > 0 && self.rules.levels_are_resolved;
        match section.as_slice() {
            [_] => files.all(|file| retracts_nothing(file) && (resolved(file) || keys_are_unique(file))),
            _ => files.all(|file| retracts_nothing(file) && resolved(file)),
        }
    }

    fn rows_may_match(&self, lowering: &Lowering<'_>, file: &KeyedFile<'_>) -> Result<bool> {
        let schema = lowering.schema_of(&file.entry.file)?;
        self.test.rows_may_match(&file.entry.file, schema).map_err(|reason| lowering.corrupt(reason))
    }

    /// A merged row is one of its versions under some engines: if no file of the section can hold a
    /// wanted version, there is no wanted row. Other engines combine values that no file holds
    /// together, so their sections are always read.
    fn section_may_match(&self, lowering: &Lowering<'_>, section: &Section<KeyedFile<'_>>) -> Result<bool> {
        if !self.rule.engine.picks_one_version() {
            return Ok(true);
        }
        for file in section.iter().flatten() {
            if self.rows_may_match(lowering, file)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn retracts_nothing(file: &DataFileMeta) -> bool {
    file.delete_row_count == Some(0)
}

/// Compactions merge; writers merge when they flush, except that some outside Java do not, and
/// nothing tells whose file it is.
fn keys_are_unique(file: &DataFileMeta) -> bool {
    file.level > 0 || file.source == Some(FileSource::Compact)
}

/// Keys are compared column by column, so their columns must have one type throughout.
fn check_keys(table: &str, files: &[KeyedFile<'_>]) -> Result<()> {
    let mut known: Vec<Option<&Datum>> = Vec::new();
    for key in files.iter().flat_map(|file| [&file.min, &file.max]) {
        known.resize(key.0.len().max(known.len()), None);
        for (known, value) in known.iter_mut().zip(&key.0) {
            match known {
                None if !value.is_null() => *known = Some(value),
                Some(other) if !value.is_null() && other.compare(value).is_none() => {
                    return Err(Error::unsupported(table, "a key column whose type was changed"));
                }
                _ => {}
            }
        }
        if key.0.len() != known.len() {
            return Err(Error::unsupported(table, "a primary key whose columns were changed"));
        }
    }
    Ok(())
}

/// Sequence groups order the values of columns by other columns; a schema of the past may lack one
/// that today's options name.
fn check_sequence_groups(table: &str, rules: &ReadRules, schema: &TableSchema) -> Result<()> {
    if rules.merge_engine != MergeEngine::PartialUpdate {
        return Ok(());
    }
    for (option, members) in &schema.options {
        let order = option.strip_prefix("fields.").and_then(|rest| rest.strip_suffix(".sequence-group"));
        let names =
            order.into_iter().chain(order.map(|_| members.as_str())).flat_map(|names| names.split(','));
        if let Some(missing) = names.map(str::trim).find(|name| schema.field(name).is_none()) {
            return Err(no_column(table, option, missing));
        }
    }
    Ok(())
}

fn no_column(table: &str, option: &str, column: &str) -> Error {
    let message =
        format!("option '{option}' of table {table} names {column}, which is no column of this version");
    Error::invalid(message)
}

/// The key's columns within a bucket, as indices into the schema.
pub fn key_positions(schema: &TableSchema) -> Vec<usize> {
    let key = crate::paimon::schema::trimmed_primary_key(schema);
    key.iter().filter_map(|field| schema.index_of(&field.name)).collect()
}

/// The files of a bucket, parted where no key range reaches from one part into the next; within a part in
/// the order in which Paimon reads them one after the other, if they were given in that of the manifests.
pub async fn sections_of<'a>(
    table: &PaimonTable,
    files: &[&'a ManifestEntry],
) -> Result<Vec<Vec<&'a ManifestEntry>>> {
    let schemas = table.table_schemas(&files.iter().map(|entry| entry.file.schema_id).collect()).await?;
    let mut keyed = Vec::with_capacity(files.len());
    for entry in files {
        if let Some(schema) = schemas.get(&entry.file.schema_id) {
            let (min, max) = key_bounds(table.label(), schema, &entry.file)?;
            keyed.push(KeyedFile { entry, min, max });
        }
    }
    check_keys(table.label(), &keyed)?;
    let entries =
        |section: Section<KeyedFile<'a>>| section.into_iter().flatten().map(|file| file.entry).collect();
    Ok(sections_in_javas_order(keyed).into_iter().map(entries).collect())
}

/// The merge rule of a table.
pub fn merge_rule(table: &str, rules: &ReadRules, schema: &TableSchema) -> Result<MergeRule> {
    check_sequence_groups(table, rules, schema)?;
    let index = |name: &str| schema.index_of(name).ok_or_else(|| no_column(table, "sequence.field", name));
    let speaks_of_merging = |name: &str| {
        ["fields.", "partial-update.", "aggregation.", "first-row.", "deduplicate."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || matches!(
                name,
                "ignore-delete" | "ignore-update-before" | "changelog-producer" | "sequence.field"
            )
    };
    Ok(MergeRule {
        engine: rules.merge_engine,
        key: key_positions(schema),
        sequence_fields: rules.sequence_fields.iter().map(|name| index(name)).collect::<Result<_>>()?,
        sequence_descending: rules.sequence_descending,
        sequence_column: "_SEQUENCE_NUMBER".into(),
        kind_column: "_VALUE_KIND".into(),
        lookup_base: rules.lookup_base && rules.merge_engine != MergeEngine::FirstRow,
        options: schema
            .options
            .iter()
            .filter(|(name, _)| speaks_of_merging(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    })
}
