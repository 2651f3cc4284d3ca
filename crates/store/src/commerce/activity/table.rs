//! The table of activities.

use sea_orm::{ConnectionTrait, Value};

use super::Activity;
use crate::commerce::tables::amount_text;
use crate::{Error, bulk, sql};

/// Columns that tell what happened.
pub(crate) const TOLD: &[&str] =
    &["source", "message_id", "event", "product_id", "campaign", "score", "comment", "properties"];

/// Writes activities; of an event that was read before nothing changes.
pub(crate) async fn write<C: ConnectionTrait>(
    connection: &C,
    activities: Vec<Activity>,
) -> Result<(), Error> {
    bulk::write(
        connection,
        "INSERT INTO activities (seq, source, message_id, event, at, identifier_kind, identifier_value, product_id, campaign, score, \
         comment, properties) VALUES",
        activities.into_iter().map(row).collect(),
        "ON CONFLICT (seq) DO NOTHING",
    )
    .await
}

fn row(activity: Activity) -> [Value; 12] {
    let said = activity.said;
    [
        activity.seq.into(),
        activity.source.into(),
        activity.message_id.into(),
        activity.name.as_str().into(),
        activity.at.into(),
        activity.by.kind().as_str().to_owned().into(),
        activity.by.value().to_owned().into(),
        said.product_id.into(),
        said.campaign.into(),
        amount_text(said.score),
        said.comment.into(),
        said.properties.into(),
    ]
}

/// Takes the particulars out of the activities of events without a payload: after the first number, up to the second.
pub(crate) async fn forget_particulars<C: ConnectionTrait>(
    connection: &C,
    (after, until): (i64, i64),
) -> Result<(), Error> {
    let forget = "UPDATE activities SET comment = NULL, properties = NULL WHERE seq > $1 AND seq <= $2 \
                  AND (comment IS NOT NULL OR properties IS NOT NULL) \
                  AND EXISTS (SELECT 1 FROM events WHERE events.seq = activities.seq AND events.payload = '{}')";
    sql::execute(connection, forget, vec![after.into(), until.into()]).await.map(drop)
}
