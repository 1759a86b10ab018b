//! What a SUBSCRIBE says of its start, its end and its rows.

use datafusion::execution::SessionState;
use tarn_catalog::follow::{Beginning, Follow, Place};
use tarn_catalog::version::VersionSpec;

use crate::engine::time_travel;
use crate::error::{Error, ErrorKind, Result};
use crate::sql::{OptionValue, StatementOption, Subscribe, SubscribeBound, SubscribeBoundKind, fold};

/// A start or an end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Bound {
    Earliest,
    Version(VersionSpec),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wants {
    pub beginning: Beginning,
    pub progress: bool,
    /// Columns of the key of `ENVELOPE UPSERT`.
    pub upsert_key: Option<Vec<String>>,
    start: Start,
    end: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Start {
    At { bound: Bound, at_least: bool },
    Consumer(String),
}

impl Wants {
    pub fn read(subscribe: &Subscribe, state: &SessionState) -> Result<Self> {
        let (mut snapshot, mut progress, mut consumer) = (None, None, None);
        for option in &subscribe.options {
            let repeated = match option.name.as_str() {
                "snapshot" => snapshot.replace(flag(option)?).is_some(),
                "progress" => progress.replace(flag(option)?).is_some(),
                "consumer" => consumer.replace(text(option)?).is_some(),
                name => {
                    return Err(Error::new(ErrorKind::Syntax, format!("SUBSCRIBE has no option \"{name}\""))
                        .with_hint("Its options are SNAPSHOT, PROGRESS and CONSUMER."));
                }
            };
            if repeated {
                return Err(Error::new(
                    ErrorKind::Syntax,
                    format!("option \"{}\" stands twice", option.name),
                ));
            }
        }
        let start = match (consumer, &subscribe.as_of) {
            (None, as_of) => {
                let latest = Bound::Version(VersionSpec::Latest);
                let bound = as_of.as_ref().map_or(Ok(latest), |bound| Bound::read(bound, state))?;
                Start::At { bound, at_least: as_of.as_ref().is_some_and(|bound| bound.at_least) }
            }
            (Some(_), Some(_)) => {
                return Err(refuse("a consumer says where it begins: CONSUMER takes no AS OF"));
            }
            (Some(_), None) if snapshot == Some(true) => {
                return Err(refuse("a consumer goes on where it was: CONSUMER takes no SNAPSHOT"));
            }
            (Some(name), None) => Start::Consumer(name),
        };
        let snapshot = snapshot.unwrap_or(!matches!(start, Start::Consumer(_)));
        if !snapshot && matches!(start, Start::At { at_least: true, .. }) {
            return Err(refuse("AS OF AT LEAST could pass over changes, so that it needs SNAPSHOT"));
        }
        let end = match &subscribe.up_to {
            Some(bound) if bound.at_least => return Err(refuse("UP TO takes no AT LEAST")),
            Some(bound) => Some(Bound::read(bound, state)?),
            None => None,
        };
        let upsert_key = subscribe.upsert_key.as_ref().map(|key| key.iter().map(fold).collect());
        let beginning = if snapshot { Beginning::Rows } else { Beginning::Changes };
        Ok(Self { beginning, progress: progress.unwrap_or(false), upsert_key, start, end })
    }

    /// Where the subscription begins, and the last version that it gives.
    pub async fn bounds(&self, follow: &dyn Follow) -> Result<(Place, Option<i64>)> {
        let start = match &self.start {
            Start::Consumer(name) => follow.consumer(name).await?,
            Start::At { bound, at_least: false } => bound.place(follow, self.beginning).await?,
            Start::At { bound, at_least: true } => {
                let earliest = follow.earliest().await?;
                match bound {
                    Bound::Version(VersionSpec::Snapshot(id))
                        if follow.counts_up() && *id < earliest.version =>
                    {
                        earliest
                    }
                    Bound::Version(VersionSpec::AsOfMillis(at))
                        if earliest.millis.is_some_and(|e| *at < e) =>
                    {
                        earliest
                    }
                    bound => match bound.place(follow, self.beginning).await {
                        // Numbers that say nothing of their order: what is not there is taken to be gone.
                        Err(error) if !follow.counts_up() && error.kind == ErrorKind::UndefinedVersion => {
                            earliest
                        }
                        place => place?,
                    },
                }
            }
        };
        let end = match &self.end {
            None => None,
            Some(Bound::Version(VersionSpec::Snapshot(id))) if follow.counts_up() => Some(*id),
            Some(Bound::Version(VersionSpec::AsOfMillis(at)))
                if *at > chrono::Utc::now().timestamp_millis() =>
            {
                return Err(refuse(
                    "UP TO a time that is yet to come: versions have no times before they are there",
                ));
            }
            Some(bound) => {
                let end = bound.place(follow, Beginning::Rows).await?;
                if !follow.counts_up() {
                    follow.check_range(&start, &end).await?;
                }
                Some(end.version)
            }
        };
        match end {
            Some(end) if follow.counts_up() && end < start.version => Err(Error::new(
                ErrorKind::InvalidParameter,
                format!(
                    "the subscription would end (UP TO {end}) before it begins (AS OF {})",
                    start.version
                ),
            )),
            end => Ok((start, end)),
        }
    }
}

impl Bound {
    fn read(bound: &SubscribeBound, state: &SessionState) -> Result<Self> {
        let spec = match bound.kind {
            SubscribeBoundKind::Version => time_travel::version_only(&bound.value, state)?,
            SubscribeBoundKind::Timestamp => time_travel::time_only(&bound.value, state)?,
            SubscribeBoundKind::Unsaid => time_travel::version_or_time(&bound.value, state)?,
        };
        Ok(match spec {
            VersionSpec::Named(name) if bound.kind == SubscribeBoundKind::Unsaid && name == "earliest" => {
                Self::Earliest
            }
            VersionSpec::Named(name) if bound.kind == SubscribeBoundKind::Unsaid && name == "latest" => {
                Self::Version(VersionSpec::Latest)
            }
            spec => Self::Version(spec),
        })
    }

    async fn place(&self, follow: &dyn Follow, beginning: Beginning) -> Result<Place> {
        Ok(match self {
            Self::Earliest => follow.earliest().await?,
            Self::Version(version) => follow.begin(version, beginning).await?,
        })
    }
}

fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::InvalidParameter, message)
}

fn flag(option: &StatementOption) -> Result<bool> {
    option.value.as_bool().ok_or_else(|| {
        let message = format!("{} requires a Boolean value", option.name.to_uppercase());
        Error::new(ErrorKind::InvalidParameter, message)
    })
}

fn text(option: &StatementOption) -> Result<String> {
    match &option.value {
        OptionValue::Text(text) if !text.is_empty() => Ok(text.clone()),
        _ => {
            let message = format!("{} requires a name", option.name.to_uppercase());
            Err(Error::new(ErrorKind::InvalidParameter, message))
        }
    }
}
