//! Pages by index that skip nobody and repeat nobody.
//!
//! A client that pages by index says only how many it has seen. Where those were deleted meanwhile, the rest has moved
//! up, and counting would skip as many. So the end of each page is kept as a cursor, under the index at which the next
//! one begins: a page by index is the page by the cursor that its client does not know.

use jiff::Timestamp;
use usher_base::CallContext;
use usher_store::ScopedDatabase;

use crate::cursor::{Cursors, Purpose};
use crate::error::IdentityError;
use crate::query::{Around, Asked};
use crate::store::listing::{Page, Position};
use crate::store::positions;

/// Those of one listing: what is asked, and by which client.
pub(crate) struct Bookmarks<'a> {
    pub(crate) database: &'a ScopedDatabase,
    pub(crate) cursors: &'a Cursors,
    pub(crate) purpose: &'a Purpose,
}

impl Bookmarks<'_> {
    /// Where a page begins: at its cursor, or where the page ended that ended just before its index.
    pub(crate) async fn begin(
        &self,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Option<Position>, IdentityError> {
        if let Some(cursor) = &asked.cursor {
            return self.cursors.open(self.purpose, cursor, now);
        }
        let offset = asked.offset();
        if offset == 0 {
            return Ok(None);
        }
        let recalled = positions::recall(self.database, self.purpose.digest(), offset).await;
        let Some(cursor) = known(recalled, "a page begins by counting").flatten() else { return Ok(None) };
        // One that is too old, or from before the service's key was changed, is as good as none.
        Ok(self.cursors.open(self.purpose, &cursor, now).unwrap_or_default())
    }

    /// The cursors around a page by cursor. Of a page by index, where it ended is kept, unless it is all there is.
    pub(crate) async fn end(
        &self,
        asked: &Asked,
        page: &Page,
        ctx: &CallContext,
    ) -> Result<Around, IdentityError> {
        if asked.cursor.is_some() {
            return Ok(Around::of(page, self.cursors, self.purpose, ctx));
        }
        let offset = asked.offset();
        if let Some(end) = page.end.as_ref().filter(|_| offset > 0 || page.next.is_some())
            && let Some(cursor) = self.cursors.seal(self.purpose, end, ctx.now())
        {
            let behind = offset.saturating_add(i64::try_from(page.ids.len()).unwrap_or(i64::MAX));
            let digest = self.purpose.digest();
            let kept = positions::remember(self.database, digest, behind, cursor, ctx.now()).await;
            known(kept, "the next page begins by counting");
        }
        Ok(Around::default())
    }
}

/// What the database said, if it said anything: a page is right without its bookmark too, unless somebody is deleted
/// before the next one is asked for.
fn known<T>(outcome: Result<T, usher_store::Error>, so: &'static str) -> Option<T> {
    outcome
        .inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, "no bookmark: {so}"))
        .ok()
}
