//! Which snapshot and schema a read gets.

use super::fixture::table;
use crate::error::{Error, Result};
use crate::paimon::PaimonTableVersion;
use crate::table::TableVersion;
use crate::version::{ReadOptions, VersionSpec};

async fn version(name: &str, version: VersionSpec, options: &[(&str, &str)]) -> Result<PaimonTableVersion> {
    let options = options.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    table(name).await.version(&ReadOptions { version, options }).await
}

async fn by_option(name: &str, option: &str, value: &str) -> Result<Option<i64>> {
    Ok(version(name, VersionSpec::Latest, &[(option, value)]).await?.snapshot_id())
}

#[tokio::test]
async fn clauses_and_options_name_the_same_versions() {
    let table = table("life_tags").await;
    let tag = table.timeline().tag("v1").await.unwrap();
    let expected = Some(tag.snapshot.id);
    let named = |text: &str| VersionSpec::Named(text.into());
    assert_eq!(version("life_tags", named("v1"), &[]).await.unwrap().snapshot_id(), expected);
    assert_eq!(by_option("life_tags", "scan.tag-name", "v1").await.unwrap(), expected);
    assert_eq!(by_option("life_tags", "scan.version", "v1").await.unwrap(), expected);
    let latest = table.timeline().latest_id().await.unwrap();
    assert_eq!(version("life_tags", VersionSpec::Latest, &[]).await.unwrap().snapshot_id(), latest);
    let id = latest.unwrap().to_string();
    assert_eq!(version("life_tags", named(&id), &[]).await.unwrap().snapshot_id(), latest);
    for text in ["nothing", "999999", "watermark-5", "../v1"] {
        assert!(version("life_tags", named(text), &[]).await.is_err(), "{text}");
    }
    assert!(version("life_tags", named("v1"), &[("scan.snapshot-id", "1")]).await.is_err());
}

#[tokio::test]
async fn instants_choose_the_last_snapshot_before_them() {
    let timeline = table("pk_dedup").await.timeline();
    let ids = timeline.snapshot_ids().await.unwrap();
    for pair in ids.windows(2) {
        let (one, next) =
            (timeline.snapshot(pair[0]).await.unwrap(), timeline.snapshot(pair[1]).await.unwrap());
        for millis in [one.time_millis, next.time_millis - 1] {
            let found = version("pk_dedup", VersionSpec::AsOfMillis(millis), &[]).await.unwrap();
            let found = timeline.snapshot(found.snapshot_id().unwrap()).await.unwrap();
            assert!(found.time_millis <= millis && found.id >= one.id || one.time_millis == next.time_millis);
        }
    }
    let first = timeline.earliest().await.unwrap().unwrap();
    let error = version("pk_dedup", VersionSpec::AsOfMillis(first.time_millis - 1), &[]).await.unwrap_err();
    assert!(error.to_string().contains(&first.time_millis.to_string()), "{error}");
}

#[tokio::test]
async fn the_past_has_its_own_schema_and_today_the_current_one() {
    let table = table("se_append_parquet").await;
    let latest = table.latest_schema().await.unwrap();
    let first = version("se_append_parquet", VersionSpec::Snapshot(1), &[]).await.unwrap();
    let snapshot = table.timeline().snapshot(1).await.unwrap();
    assert_eq!(first.schema().id, snapshot.schema_id);
    assert!(first.schema().id < latest.id());
    let current = version("se_append_parquet", VersionSpec::Latest, &[]).await.unwrap();
    assert_eq!(current.schema().id, latest.id());
    let compacted =
        version("se_append_parquet", VersionSpec::Latest, &[("scan.mode", "compacted-full")]).await;
    assert_eq!(compacted.unwrap().schema().id, latest.id());
}

#[tokio::test]
async fn expired_snapshots_are_named_with_those_that_are_left() {
    let error = version("life_expired", VersionSpec::Snapshot(1), &[]).await.unwrap_err();
    let ids = table("life_expired").await.timeline().snapshot_ids().await.unwrap();
    let range = format!("{} to {}", ids.first().unwrap(), ids.last().unwrap());
    assert!(matches!(error, Error::NotFound { .. }) && error.to_string().contains(&range), "{error}");
}

#[tokio::test]
async fn creation_times_choose_files() {
    let timeline = table("append_plain").await.timeline();
    let latest = timeline.latest().await.unwrap().unwrap();
    let earliest = timeline.earliest().await.unwrap().unwrap();
    let rows = async |option: &str, millis: i64| {
        let millis = millis.to_string();
        let version = version("append_plain", VersionSpec::Latest, &[(option, &millis)]).await.unwrap();
        assert_eq!(version.exact_row_count().is_some(), version.snapshot_id() != Some(latest.id));
        let scan = version.plan(&Default::default()).await.unwrap();
        scan.splits.iter().flat_map(|split| split.unit.files()).map(|file| file.rows as i64).sum::<i64>()
    };
    // A day aside, so that the zone of whoever wrote the files does not matter.
    let day = 86_400_000;
    assert_eq!(
        rows("scan.file-creation-time-millis", earliest.time_millis - day).await,
        latest.total_record_count.unwrap()
    );
    assert_eq!(rows("scan.file-creation-time-millis", latest.time_millis + day).await, 0);
    assert_eq!(rows("scan.creation-time-millis", latest.time_millis + day).await, 0);
}

#[tokio::test]
async fn row_counts_are_exact_only_where_rows_stand_for_themselves() {
    for (name, exact) in
        [("append_plain", true), ("append_empty", true), ("pk_dedup", false), ("dv_append", false)]
    {
        let version = version(name, VersionSpec::Latest, &[]).await.unwrap();
        assert_eq!(version.exact_row_count().is_some(), exact, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    for (option, value) in [
        ("chain-table.enabled", "true"),
        ("query-auth.enabled", "true"),
        ("incremental-between", "1,2"),
        ("scan.mode", "latest-delta"),
    ] {
        let error = version("append_plain", VersionSpec::Latest, &[(option, value)]).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{option}: {error}");
    }
    let error = version("append_plain", VersionSpec::Latest, &[("scan.snapshot_id", "1")]).await.unwrap_err();
    assert!(error.to_string().contains("scan.snapshot_id"), "{error}");
}
