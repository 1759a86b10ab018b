//! What indexes that know rows by value have in common, and how a comparison is answered by them.

use roaring::RoaringBitmap;

use crate::error::Result;
use crate::paimon::file_index::Matching;
use crate::paimon::file_index::key::{Key, KeyType, Probe};
use crate::predicate::Test;

/// An index that knows which rows have which key. Rows whose value is null have none.
pub trait RowIndex {
    /// Rows of the data file, as the index has it.
    fn row_count(&self) -> u32;

    fn not_null(&self) -> Result<RoaringBitmap>;

    fn equal(&self, key: &Key) -> Result<RoaringBitmap>;

    /// Rows whose key is below, or with `inclusive` at most, the given one; `None` from an index
    /// without order.
    fn below(&self, key: &Key, inclusive: bool) -> Result<Option<RoaringBitmap>>;
}

/// The rows that can satisfy a test, given the type of the column's keys.
pub fn matching(index: &dyn RowIndex, key_type: KeyType, test: &Test) -> Result<Matching> {
    let rows = match test {
        Test::IsNull => {
            let mut all = RoaringBitmap::new();
            all.insert_range(0..index.row_count());
            Some(all - index.not_null()?)
        }
        Test::IsNotNull => Some(index.not_null()?),
        Test::StartsWith(_) => None,
        Test::In(constants) => {
            let mut rows = RoaringBitmap::new();
            for constant in constants.iter().filter(|constant| !constant.is_null()) {
                let Some(probe) = key_type.probe(constant) else { return Ok(Matching::All) };
                rows |= equal(index, &probe)?;
            }
            Some(rows)
        }
        Test::Equal(constant)
        | Test::NotEqual(constant)
        | Test::Less(constant)
        | Test::LessOrEqual(constant)
        | Test::Greater(constant)
        | Test::GreaterOrEqual(constant) => {
            if constant.is_null() {
                return Ok(Matching::Skip);
            }
            let Some(probe) = key_type.probe(constant) else { return Ok(Matching::All) };
            compare(index, key_type, test, &probe)?
        }
    };
    Ok(rows.map_or(Matching::All, Matching::rows))
}

fn compare(
    index: &dyn RowIndex,
    key_type: KeyType,
    test: &Test,
    probe: &Probe,
) -> Result<Option<RoaringBitmap>> {
    Ok(match test {
        Test::Equal(_) => Some(equal(index, probe)?),
        Test::NotEqual(_) if probe.exact => Some(index.not_null()? - index.equal(&probe.low)?),
        Test::NotEqual(_) => Some(index.not_null()?),
        Test::Less(_) if probe.exact => with_nan(index, key_type, index.below(&probe.low, false)?)?,
        Test::Less(_) | Test::LessOrEqual(_) => with_nan(index, key_type, index.below(&probe.high, true)?)?,
        Test::Greater(_) if probe.exact => above(index, index.below(&probe.low, true)?)?,
        Test::Greater(_) | Test::GreaterOrEqual(_) => above(index, index.below(&probe.low, false)?)?,
        _ => None,
    })
}

fn equal(index: &dyn RowIndex, probe: &Probe) -> Result<RoaringBitmap> {
    let rows = index.equal(&probe.low)?;
    if probe.high == probe.low { Ok(rows) } else { Ok(rows | index.equal(&probe.high)?) }
}

/// The other rows that are not null.
fn above(index: &dyn RowIndex, below: Option<RoaringBitmap>) -> Result<Option<RoaringBitmap>> {
    below.map(|below| Ok(index.not_null()? - below)).transpose()
}

/// Adds the rows of NaN, which may be below anything.
fn with_nan(
    index: &dyn RowIndex,
    key_type: KeyType,
    rows: Option<RoaringBitmap>,
) -> Result<Option<RoaringBitmap>> {
    match (rows, key_type.nan()) {
        (Some(rows), Some(nan)) => Ok(Some(rows | index.equal(&nan)?)),
        (rows, _) => Ok(rows),
    }
}
