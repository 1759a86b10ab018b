//! The snapshots of a branch, followed one by one.
//!
//! The next snapshot is asked for by its name, so that waiting lists no folder. Where it is not there,
//! the hint `LATEST` tells whether it is yet to come; only where the two do not agree are the
//! snapshots listed, to find out whether it expired or the table was rolled back.

use std::sync::Arc;

use async_trait::async_trait;

use crate::changes::ChangeLog;
use crate::error::{Error, Result};
use crate::follow::{Beginning, Follow, Place, RangeEnd};
use crate::paimon::consumer::Consumer;
use crate::paimon::rules::ReadRules;
use crate::paimon::scan_options::ReadPoint;
use crate::paimon::snapshot::Snapshot;
use crate::paimon::table::PaimonTable;
use crate::paimon::table_version::PaimonTableVersion;
use crate::paimon::time_travel::{ResolvedPoint, resolve};
use crate::schema::TableSchema;
use crate::table::TableVersion;
use crate::version::VersionSpec;

use super::version_changes::VersionChanges;

/// A branch of a table, to be followed.
#[derive(Debug, Clone)]
pub struct Versions {
    table: PaimonTable,
}

impl Versions {
    pub fn of(table: PaimonTable) -> Arc<dyn Follow> {
        Arc::new(Self { table })
    }

    /// The next snapshot is not where it would be, and the hint does not say that it is yet to come.
    async fn look_closer(&self, place: &Place) -> Result<Option<Place>> {
        let (timeline, next) = (self.table.timeline(), place.version.saturating_add(1));
        if let Some(snapshot) = timeline.try_snapshot(next).await? {
            return Ok(Some(place_of(&snapshot)));
        }
        // The hint is written after a snapshot, by best effort.
        if place.version > 0 && timeline.try_snapshot(place.version).await?.is_some() {
            return Ok(None);
        }
        let ids = timeline.snapshot_ids().await?;
        match (ids.first(), ids.last()) {
            (None, _) if place.version == 0 => Ok(None),
            _ if ids.binary_search(&next).is_ok() => Ok(Some(place_of(&*timeline.snapshot(next).await?))),
            (Some(first), _) if *first > next => Err(self.expired(next, *first)),
            (_, Some(last)) => Err(self.no_snapshot(place.version, format!("the newest snapshot is {last}"))),
            (_, None) => Err(self.no_snapshot(place.version, "it has no snapshot".into())),
        }
    }

    fn no_snapshot(&self, id: i64, hint: String) -> Error {
        Error::not_found(format!("snapshot {id} of table {}", self.table.label()), hint)
    }

    fn expired(&self, id: i64, earliest: i64) -> Error {
        self.no_snapshot(id, format!("it has expired; the earliest is {earliest}"))
    }

    /// A rollback leaves the ids and changes what they stand for.
    async fn check_history(&self, place: &Place) -> Result<()> {
        let Some(identity) = &place.identity else { return Ok(()) };
        match self.table.timeline().try_snapshot(place.version).await? {
            Some(now) if *identity_of(&now) != **identity => Err(Error::invalid(format!(
                "table {} was rolled back: its snapshot {} is another one than was followed",
                self.table.label(),
                place.version
            ))),
            _ => Ok(()),
        }
    }

    /// A snapshot, or a tag that has outlived it.
    async fn find(&self, id: i64) -> Result<Option<Arc<Snapshot>>> {
        let timeline = self.table.timeline();
        if let Some(snapshot) = timeline.try_snapshot(id).await? {
            return Ok(Some(snapshot));
        }
        let tagged = timeline.tags().await?.into_iter().find(|tag| tag.snapshot.id == id);
        Ok(tagged.map(|tag| Arc::new(tag.snapshot)))
    }

    async fn snapshot(&self, place: &Place) -> Result<Arc<Snapshot>> {
        match self.find(place.version).await? {
            Some(snapshot) => Ok(snapshot),
            None => match self.table.timeline().earliest_id().await? {
                Some(earliest) => Err(self.expired(place.version, earliest)),
                None => Err(self.no_snapshot(place.version, "it has no snapshot".into())),
            },
        }
    }

    async fn schema_of(&self, snapshot: &Snapshot) -> Result<Arc<TableSchema>> {
        let latest = self.table.latest_schema().await?;
        let schema = self.table.schemas().get(snapshot.schema_id).await?;
        Ok(schema.with_options(latest.table.options.clone()))
    }

    /// Before the first snapshot, which must still be there for its rows to be told from what is gone.
    async fn beginning(&self) -> Result<Place> {
        match self.table.timeline().earliest_id().await? {
            None | Some(1) => Ok(Place::BEGINNING),
            Some(earliest) => Err(self.expired(earliest - 1, earliest)),
        }
    }

    async fn version(
        &self,
        snapshot: Option<Arc<Snapshot>>,
        schema: Arc<TableSchema>,
    ) -> Result<PaimonTableVersion> {
        let rules = ReadRules::new(self.table.label(), &schema)?;
        self.table.refuse_joined(&rules).await?;
        let point = ResolvedPoint { snapshot, schema_of_snapshot: true, created_since: None };
        Ok(PaimonTableVersion::new(self.table.clone(), schema, rules, point))
    }
}

fn place_of(snapshot: &Snapshot) -> Place {
    let identity = Some(identity_of(snapshot).into());
    Place { version: snapshot.id, millis: Some(snapshot.time_millis), identity }
}

/// The name of the list of what it changed, which no two commits share.
fn identity_of(snapshot: &Snapshot) -> &str {
    &snapshot.delta_manifest_list
}

#[async_trait]
impl Follow for Versions {
    fn table(&self) -> &str {
        self.table.label()
    }

    async fn begin(&self, version: &VersionSpec, beginning: Beginning) -> Result<Place> {
        let timeline = self.table.timeline();
        let point = match version {
            VersionSpec::Latest => ReadPoint::Latest,
            VersionSpec::Snapshot(id) => ReadPoint::Snapshot(*id),
            VersionSpec::Named(name) => ReadPoint::Version(name.clone()),
            VersionSpec::AsOfMillis(millis) => ReadPoint::AtMillis(*millis),
        };
        let place = match (&point, beginning) {
            (ReadPoint::Snapshot(0), _) => Place::BEGINNING,
            // What comes after a snapshot needs no rows of it.
            (ReadPoint::Snapshot(id @ 1..), Beginning::Changes) => {
                let found = timeline.try_snapshot(*id).await?;
                found.map_or(Place { version: *id, ..Place::BEGINNING }, |snapshot| place_of(&snapshot))
            }
            _ => {
                let resolved = resolve(self.table.label(), &timeline, &point).await?;
                resolved.snapshot.map_or(Place::BEGINNING, |snapshot| place_of(&snapshot))
            }
        };
        self.after(&place).await?;
        Ok(place)
    }

    async fn earliest(&self) -> Result<Place> {
        let earliest = self.table.timeline().earliest().await?;
        Ok(earliest.map_or(Place::BEGINNING, |snapshot| place_of(&snapshot)))
    }

    async fn consumer(&self, name: &str) -> Result<Place> {
        let path = self.table.layout().consumer(name)?;
        let Some(bytes) = self.table.files().try_read(&path).await? else {
            let others = self.table.consumers().await?.into_iter().map(|consumer| consumer.id);
            let others = others.collect::<Vec<_>>().join(", ");
            let hint =
                if others.is_empty() { "it has no consumers".into() } else { format!("it has {others}") };
            return Err(Error::not_found(format!("consumer '{name}' of table {}", self.table.label()), hint));
        };
        let consumer = Consumer::parse(name, &path, &bytes)?;
        let before = consumer.next_snapshot.saturating_sub(1);
        if before < 0 {
            let reason = format!("its next snapshot is {}", consumer.next_snapshot);
            return Err(Error::corrupt(path.as_ref(), reason));
        }
        self.begin(&VersionSpec::Snapshot(before), Beginning::Changes).await
    }

    async fn after(&self, place: &Place) -> Result<Option<Place>> {
        let (timeline, next) = (self.table.timeline(), place.version.saturating_add(1));
        let found = match timeline.try_snapshot(next).await? {
            Some(snapshot) => Some(place_of(&snapshot)),
            None if timeline.latest_hint().await? == Some(place.version) => return Ok(None),
            None => self.look_closer(place).await?,
        };
        if found.is_some() {
            self.check_history(place).await?;
        }
        Ok(found)
    }

    async fn schema(&self, place: &Place) -> Result<Arc<TableSchema>> {
        self.schema_of(&*self.snapshot(place).await?).await
    }

    async fn first_schema(&self, place: &Place, beginning: Beginning) -> Result<Arc<TableSchema>> {
        let next = self.table.timeline().try_snapshot(place.version.saturating_add(1)).await?;
        match next {
            None => Ok(Arc::clone(&self.table.latest_schema().await?.table)),
            Some(next) if place.version == 0 || beginning == Beginning::Changes => {
                self.schema_of(&next).await
            }
            Some(_) => self.schema(place).await,
        }
    }

    async fn rows(&self, place: &Place, schema: Arc<TableSchema>) -> Result<Arc<dyn TableVersion>> {
        let snapshot = match place.version {
            0 => None,
            _ => Some(self.snapshot(place).await?),
        };
        Ok(Arc::new(self.version(snapshot, schema).await?))
    }

    async fn changes(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>> {
        let snapshot = self.snapshot(after).await?;
        let earlier = match before.version {
            0 => None,
            id => self.find(id).await?,
        };
        let version = self.version(Some(Arc::clone(&snapshot)), schema).await?;
        Ok(Arc::new(VersionChanges::new(version, earlier, snapshot)))
    }

    async fn end(&self, end: &RangeEnd) -> Result<Place> {
        let timeline = self.table.timeline();
        let point = match end {
            RangeEnd::Earliest => return self.earliest().await,
            RangeEnd::At(VersionSpec::Latest) => ReadPoint::Latest,
            RangeEnd::At(VersionSpec::Snapshot(0)) | RangeEnd::Latest(0) => return self.beginning().await,
            RangeEnd::At(VersionSpec::Snapshot(id)) | RangeEnd::Latest(id) => ReadPoint::Snapshot(*id),
            RangeEnd::At(VersionSpec::Named(name)) => ReadPoint::Version(name.clone()),
            RangeEnd::At(VersionSpec::AsOfMillis(millis)) => match timeline.at_or_before(*millis).await? {
                Some(snapshot) => return Ok(place_of(&snapshot)),
                None => return self.beginning().await,
            },
        };
        let resolved = resolve(self.table.label(), &timeline, &point).await?;
        Ok(resolved.snapshot.map_or(Place::BEGINNING, |snapshot| place_of(&snapshot)))
    }

    async fn end_schema(&self, end: &RangeEnd, place: &Place) -> Result<Arc<TableSchema>> {
        match (end, place.version) {
            (RangeEnd::Latest(_) | RangeEnd::At(VersionSpec::Latest), _) | (_, 0) => {
                Ok(Arc::clone(&self.table.latest_schema().await?.table))
            }
            _ => self.schema(place).await,
        }
    }

    async fn difference(
        &self,
        before: &Place,
        after: &Place,
        schema: Arc<TableSchema>,
    ) -> Result<Arc<dyn ChangeLog>> {
        let snapshot = self.snapshot(after).await?;
        let earlier = match before.version {
            0 => None,
            _ => Some(self.snapshot(before).await?),
        };
        let version = self.version(Some(Arc::clone(&snapshot)), schema).await?;
        Ok(Arc::new(VersionChanges::net(version, earlier, snapshot)))
    }
}
