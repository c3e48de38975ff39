//! The positions where index-based pages ended. They are stored in the database, so that all replicas know them.

use jiff::Timestamp;
use usher_store::{Error, ScopedDatabase, Time};

/// The cursor of the page of a list that ended after `offset` resources.
pub(crate) async fn recall(
    database: &ScopedDatabase,
    listing: &[u8],
    offset: i64,
) -> Result<Option<String>, Error> {
    let query = database
        .statement::<(String,)>("SELECT sealed FROM recall_position($1, $2, $3)")
        .bind(listing.to_vec())
        .bind(offset);
    Ok(query.fetch_optional().await?.map(|(sealed,)| sealed))
}

/// Stores the cursor.
pub(crate) async fn remember(
    database: &ScopedDatabase,
    listing: &[u8],
    offset: i64,
    cursor: String,
    now: Timestamp,
) -> Result<(), Error> {
    let query = database
        .statement::<(bool,)>("SELECT remembered FROM remember_position($1, $2, $3, $4, $5)")
        .bind(listing.to_vec())
        .bind(offset)
        .bind(cursor)
        .bind(Time(now));
    query.fetch_optional().await?;
    Ok(())
}
