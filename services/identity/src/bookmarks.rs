//! Index-based pages that neither skip nor repeat a resource.
//!
//! A client that uses index-based paging says only how many resources it has seen. If some of these have been deleted
//! since, the others have moved up, and counting would skip as many. So the end of each page is stored as a cursor,
//! under the index at which the next page begins. An index-based page is then read by a cursor that its client does
//! not know.

use jiff::Timestamp;
use usher_base::CallContext;
use usher_store::ScopedDatabase;

use crate::cursor::{Cursors, Purpose};
use crate::error::IdentityError;
use crate::query::{ListQuery, PageLinks};
use crate::store::listing::{Page, Position};
use crate::store::positions;

/// The stored cursors of one list: one query by one client.
pub(crate) struct Bookmarks<'a> {
    pub(crate) database: &'a ScopedDatabase,
    pub(crate) cursors: &'a Cursors,
    pub(crate) purpose: &'a Purpose,
}

impl Bookmarks<'_> {
    /// Where a page begins: at its cursor, or at the stored end of the page before it.
    pub(crate) async fn begin(
        &self,
        asked: &ListQuery,
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
        let Some(cursor) = known(recalled, "the position of the page is found by counting").flatten() else {
            return Ok(None);
        };
        // An expired cursor, or one from before the service's key was changed, counts as absent.
        Ok(self.cursors.open(self.purpose, &cursor, now).unwrap_or_default())
    }

    /// The cursors for the neighbours of a cursor-based page. The end of an index-based page is stored, unless the
    /// page is the whole list.
    pub(crate) async fn end(
        &self,
        asked: &ListQuery,
        page: &Page,
        ctx: &CallContext,
    ) -> Result<PageLinks, IdentityError> {
        if asked.cursor.is_some() {
            return Ok(PageLinks::seal(page, self.cursors, self.purpose, ctx));
        }
        let offset = asked.offset();
        if let Some(end) = page.end.as_ref().filter(|_| offset > 0 || page.next.is_some())
            && let Some(cursor) = self.cursors.seal(self.purpose, end, ctx.now())
        {
            let behind = offset.saturating_add(i64::try_from(page.ids.len()).unwrap_or(i64::MAX));
            let digest = self.purpose.digest();
            let kept = positions::remember(self.database, digest, behind, cursor, ctx.now()).await;
            known(kept, "the position of the next page will be found by counting");
        }
        Ok(PageLinks::default())
    }
}

/// Logs a database error and returns the default. A page is correct without the stored cursor too, unless a resource
/// is deleted before the next page is requested.
fn known<T>(outcome: Result<T, usher_store::Error>, so: &'static str) -> Option<T> {
    outcome
        .inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, "no bookmark: {so}"))
        .ok()
}
