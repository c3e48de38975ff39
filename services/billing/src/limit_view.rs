//! A workspace's limits and alerts, as somebody watches them.

use usher_base::{CallContext, Permission};
use usher_store::{Database, ScopedDatabase};

use crate::error::BillingError;
use crate::limit::Limit;
use crate::limit_alerts::Alert;
use crate::look::Look;
use crate::store::{limit_alerts, limits};

/// What there is to see.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) limits: Vec<Limit>,
    pub(crate) alerts: Vec<Alert>,
}

/// Shows them, and again as a whole whenever they have changed.
pub(crate) struct LimitView {
    database: ScopedDatabase,
    /// How many versions of limits and how many alerts there were.
    counted: Option<(i64, i64)>,
}

impl LimitView {
    /// Begins with what there is.
    pub(crate) fn open(database: &Database, ctx: &CallContext) -> Result<Self, BillingError> {
        ctx.require(Permission::BillingRead)?;
        Ok(Self { database: database.scoped(&ctx.scope()?), counted: None })
    }
}

impl Look for LimitView {
    type Seen = Shown;

    /// One cheap statement, as long as nothing is new. It comes first: what is set between it and the others is
    /// found by the next look.
    async fn look(&mut self) -> Result<Option<Shown>, BillingError> {
        let mut tx = self.database.begin().await?;
        let counted = Some(limits::count(&mut tx).await?);
        if counted == self.counted {
            tx.commit().await?;
            return Ok(None);
        }
        let (limits, alerts) = (limits::last(&mut tx).await?, limit_alerts::all(&mut tx).await?);
        tx.commit().await?;
        self.counted = counted;
        Ok(Some(Shown { limits, alerts }))
    }
}
