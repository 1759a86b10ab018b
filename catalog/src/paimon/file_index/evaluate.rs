//! Answering a predicate from the indexes of one file.

use std::sync::Arc;

use object_store::ObjectStore;

use crate::error::{Error, Result};
use crate::paimon::file_index::bitmap::BitmapIndex;
use crate::paimon::file_index::bsi::BsiIndex;
use crate::paimon::file_index::key::KeyType;
use crate::paimon::file_index::load::{Section, load};
use crate::paimon::file_index::range_bitmap::RangeBitmapIndex;
use crate::paimon::file_index::row_index::{self, RowIndex};
use crate::paimon::file_index::{IndexedFile, Matching, bloom};
use crate::predicate::{Leaf, Predicate, Test};
use crate::schema::TableSchema;
use crate::types::LogicalType;

/// The index types that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    BloomFilter,
    Bitmap,
    Bsi,
    RangeBitmap,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "bloom-filter" => Some(Self::BloomFilter),
            "bitmap" => Some(Self::Bitmap),
            "bsi" => Some(Self::Bsi),
            "range-bitmap" => Some(Self::RangeBitmap),
            _ => None,
        }
    }

    /// Whether an index of this type can say something about a test.
    fn answers(self, test: &Test) -> bool {
        match test {
            Test::Equal(_) | Test::In(_) => true,
            Test::NotEqual(_) | Test::IsNull | Test::IsNotNull => self != Self::BloomFilter,
            Test::Less(_) | Test::LessOrEqual(_) | Test::Greater(_) | Test::GreaterOrEqual(_) => {
                matches!(self, Self::Bsi | Self::RangeBitmap)
            }
            Test::StartsWith(_) => false,
        }
    }
}

/// See [`IndexedFile::matching`].
pub async fn matching(
    file: &IndexedFile<'_>,
    store: &Arc<dyn ObjectStore>,
    table: &TableSchema,
    predicate: &Predicate,
) -> Result<Matching> {
    let Ok(rows) = u32::try_from(file.rows) else { return Ok(Matching::All) };
    let mut leaves = Vec::new();
    collect_leaves(predicate, &mut leaves);
    let wanted: Vec<(&str, &Test)> = leaves
        .into_iter()
        .filter_map(|leaf| Some((file.column(table, leaf.field_id)?.name.as_str(), &leaf.test)))
        .collect();
    if wanted.is_empty() {
        return Ok(Matching::All);
    }
    let (name, sections) = load(file.source, file.path, store, |entry| {
        Kind::parse(&entry.kind).is_some_and(|kind| {
            wanted.iter().any(|(column, test)| *column == entry.column && kind.answers(test))
        })
    })
    .await?;
    let matching = Evaluation { file, table, name: &name, sections: &sections, rows }.predicate(predicate)?;
    check_rows(matching, rows, &name)
}

fn collect_leaves<'a>(predicate: &'a Predicate, leaves: &mut Vec<&'a Leaf>) {
    match predicate {
        Predicate::True => {}
        Predicate::Leaf(leaf) => leaves.push(leaf),
        Predicate::And(parts) | Predicate::Or(parts) => {
            parts.iter().for_each(|part| collect_leaves(part, leaves));
        }
    }
}

/// No index may speak of rows that its file does not have.
fn check_rows(matching: Matching, rows: u32, name: &str) -> Result<Matching> {
    match matching {
        Matching::Rows(found) if found.max().is_some_and(|last| last >= rows) => {
            Err(Error::corrupt(name, format!("it knows rows beyond the {rows} of its data file")))
        }
        Matching::Rows(found) if found.len() == u64::from(rows) => Ok(Matching::All),
        matching => Ok(matching),
    }
}

struct Evaluation<'a> {
    file: &'a IndexedFile<'a>,
    table: &'a TableSchema,
    name: &'a str,
    sections: &'a [Section],
    rows: u32,
}

impl Evaluation<'_> {
    fn predicate(&self, predicate: &Predicate) -> Result<Matching> {
        match predicate {
            Predicate::True => Ok(Matching::All),
            Predicate::Leaf(leaf) => self.leaf(leaf),
            Predicate::And(parts) => {
                let mut all = Matching::All;
                for part in parts {
                    all = all.and(self.predicate(part)?);
                    if all == Matching::Skip {
                        break;
                    }
                }
                Ok(all)
            }
            Predicate::Or(parts) => {
                let mut any = Matching::Skip;
                for part in parts {
                    any = any.or(self.predicate(part)?);
                    if any == Matching::All {
                        break;
                    }
                }
                Ok(any)
            }
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Result<Matching> {
        let Some(column) = self.file.column(self.table, leaf.field_id) else { return Ok(Matching::All) };
        let mut all = Matching::All;
        for section in self.sections.iter().filter(|section| section.column == column.name) {
            let Some(kind) = Kind::parse(&section.kind).filter(|kind| kind.answers(&leaf.test)) else {
                continue;
            };
            all = all.and(self.test(kind, section, &column.data_type, &leaf.test)?);
            if all == Matching::Skip {
                break;
            }
        }
        Ok(all)
    }

    fn test(&self, kind: Kind, section: &Section, data_type: &LogicalType, test: &Test) -> Result<Matching> {
        let bytes = &section.bytes;
        if kind == Kind::BloomFilter {
            return bloom::matching(bytes, self.name, data_type, test);
        }
        let Some(key_type) = KeyType::of(data_type) else { return Ok(Matching::All) };
        match kind {
            Kind::Bitmap if BitmapIndex::takes(key_type) => {
                self.ask(BitmapIndex::parse(bytes, key_type, self.name)?, key_type, test)
            }
            Kind::Bsi if BsiIndex::takes(key_type) => {
                self.ask(BsiIndex::parse(bytes, self.name)?, key_type, test)
            }
            Kind::RangeBitmap => {
                self.ask(RangeBitmapIndex::parse(bytes, key_type, self.name)?, key_type, test)
            }
            _ => Ok(Matching::All),
        }
    }

    fn ask(&self, index: Option<impl RowIndex>, key_type: KeyType, test: &Test) -> Result<Matching> {
        let Some(index) = index else { return Ok(Matching::All) };
        if index.row_count() != self.rows {
            let (known, rows) = (index.row_count(), self.rows);
            let reason = format!("it indexes {known} rows of a data file of {rows}");
            return Err(Error::corrupt(self.name, reason));
        }
        row_index::matching(&index, key_type, test)
    }
}
