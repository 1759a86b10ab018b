//! Object identifiers: given on first sight, the same for as long as the engine lives.

use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;

/// The first identifier that PostgreSQL gives to what users create.
const FIRST: u32 = 16_384;

/// The identifier of the schema `public`.
const PUBLIC: u32 = 2200;

/// Something of a lake that has an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    Lake(String),
    /// A schema: lake and database.
    Database(String, String),
    /// Lake, database and table.
    Table(String, String, String),
}

/// What belongs to a table and has an identifier too, as a distance from the table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Part {
    Table = 0,
    /// The index of the primary key.
    KeyIndex = 1,
    /// The constraint that is the primary key.
    KeyConstraint = 2,
}

/// Identifiers that one table takes.
const PER_TABLE: u32 = 4;

/// All identifiers of an engine.
#[derive(Debug, Default)]
pub struct Oids(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    by_object: HashMap<Object, u32>,
    by_oid: BTreeMap<u32, Object>,
    count: u32,
}

impl Oids {
    /// The identifier of an object, given now where it has none.
    pub fn of(&self, object: Object) -> u32 {
        if matches!(&object, Object::Database(_, name) if name == "public") {
            return PUBLIC;
        }
        let mut given = self.0.lock();
        if let Some(oid) = given.by_object.get(&object) {
            return *oid;
        }
        let oid = FIRST.wrapping_add(given.count);
        given.count = given.count.wrapping_add(PER_TABLE);
        given.by_object.insert(object.clone(), oid);
        given.by_oid.insert(oid, object);
        oid
    }

    /// The object of an identifier, and which part of it that is.
    pub fn find(&self, oid: u32) -> Option<(Object, Part)> {
        let given = self.0.lock();
        let (first, object) = given.by_oid.range(..=oid).next_back()?;
        let part = match oid.checked_sub(*first)? {
            0 => Part::Table,
            1 => Part::KeyIndex,
            2 => Part::KeyConstraint,
            _ => return None,
        };
        let is_table = matches!(object, Object::Table(..));
        (is_table || part == Part::Table).then(|| (object.clone(), part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> Object {
        Object::Table("lake".into(), "db".into(), name.into())
    }

    #[test]
    fn identifiers_stay_and_lead_back() {
        let oids = Oids::default();
        let (a, b) = (oids.of(table("a")), oids.of(table("b")));
        assert_eq!((a, oids.of(table("a"))), (FIRST, a));
        assert_eq!(oids.find(b + 1), Some((table("b"), Part::KeyIndex)));
        assert_eq!(oids.find(b + 3), None);
        assert_eq!(oids.find(5), None);
        let lake = oids.of(Object::Lake("lake".into()));
        assert_eq!(oids.find(lake + 1), None);
        assert_eq!(oids.of(Object::Database("lake".into(), "public".into())), PUBLIC);
    }
}
