//! Transfers users and groups from one app to another.

use usher_base::CallContext;
use usher_base::id::AppId;
use usher_store::{Error, ScopedDatabase, Time};

use crate::take_over::TakenOver;

/// Transfers at most `max` resources.
pub(crate) async fn take_over(
    database: &ScopedDatabase,
    ctx: &CallContext,
    from: AppId,
    to: AppId,
    max: i32,
) -> Result<TakenOver, Error> {
    let (users, groups, more) = database
        .statement::<(i32, i32, bool)>("SELECT * FROM take_over($1, $2, $3, $4, $5, $6, $7)")
        .bind(Time(ctx.now()))
        .bind(from.to_string())
        .bind(to.to_string())
        .bind(max)
        .bind(ctx.actor().to_string())
        .bind(ctx.request_id().to_owned())
        .fetch_one()
        .await?;
    Ok(TakenOver { users, groups, more })
}
