//! The demo lake: eight tables of a small recommendation system, a week of them, written by Paimon.
//!
//! The program carries it packed. It is unpacked once into the user's cache folder, under a name that
//! tells its contents, so that another version of the program unpacks another one.

mod unpack;

pub use unpack::unpack;

/// What `tarn demo` says before its first prompt.
pub const GREETING: &str = "\
The demo lake: a week (2026-11-01 to 2026-11-07) of a small recommendation system, database rec.
Eight tables that a Flink job would upsert into, as Apache Paimon left them: \\dt lists them.

Worth trying:

  -- Click-through rate by surface: an append-only log joined to labels that change.
  SELECT i.surface, count(*) AS impressions, count(c.impression_id) AS clicks,
         round(100.0 * count(c.impression_id) / count(*), 2) AS ctr_pct
  FROM impressions i LEFT JOIN clicks c ON c.impression_id = i.impression_id
  GROUP BY i.surface ORDER BY ctr_pct DESC;

  -- One user's features, at the end of 3 November and now: time travel to a tag.
  SELECT 'then' AS as_of, feature_ts, clicks_7d, ctr_7d, favourite_category
  FROM user_features FOR VERSION AS OF 'day-2026-11-03' WHERE user_id = 1798
  UNION ALL
  SELECT 'now', feature_ts, clicks_7d, ctr_7d, favourite_category FROM user_features WHERE user_id = 1798;

  -- Every user's row equals the newest one of the log, except users erased since.
  SELECT CASE WHEN f.user_id IS NULL THEN 'erased since' WHEN f.feature_ts = l.ts THEN 'same'
              ELSE 'different' END AS status, count(*) AS users
  FROM (SELECT user_id, max(feature_ts) AS ts FROM user_features_log GROUP BY user_id) l
  LEFT JOIN user_features f ON f.user_id = l.user_id GROUP BY 1 ORDER BY users DESC;
";
