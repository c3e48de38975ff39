//! Counts how often identity refused a seat because a pool was full.

use jiff::Timestamp;
use usher_store::ScopedDatabase;

use crate::error::BillingError;
use crate::limits::model::refusal::{Counted, Refusals};
use crate::limits::store::refusals as store;
use crate::terms::store::accounts;

/// Returns the number of new refusals. Returns `None` if the watermark or the count is not new. If identity was
/// restored and counts from a lower number, its later refusals are added to the known number.
fn added(before: Option<Counted>, as_of: Timestamp, total: i64) -> Option<i64> {
    let Some(before) = before else { return (total > 0).then_some(total) };
    (before.as_of < as_of && before.total != total).then(|| (total - before.total).max(0))
}

/// Records identity's counts at a watermark. A watermark older than the last one changes nothing.
pub(crate) async fn take(
    database: &ScopedDatabase,
    now: Timestamp,
    as_of: Timestamp,
    sent: &[Refusals],
) -> Result<(), BillingError> {
    if sent.is_empty() {
        return Ok(());
    }
    let mut tx = database.begin_at(now).await?;
    let mut locked = false;
    for Refusals { pool, total } in sent.iter().copied() {
        if added(store::last(&mut tx, pool).await?, as_of, total).is_none() {
            continue;
        }
        if !locked {
            accounts::lock(&mut tx).await?;
            locked = true;
        }
        if let Some(added) = added(store::last(&mut tx, pool).await?, as_of, total) {
            store::insert(&mut tx, pool, Counted { as_of, total }, added, now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_watermark_adds_and_a_restored_identity_counts_on_from_where_it_is() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let before = Some(Counted { as_of: at("2026-06-01T00:00:15Z"), total: 5 });

        assert_eq!(added(None, at("2026-06-01T00:00:00Z"), 3), Some(3));
        assert_eq!(added(None, at("2026-06-01T00:00:00Z"), 0), None);
        assert_eq!(added(before, at("2026-06-01T00:00:30Z"), 7), Some(2));
        assert_eq!(added(before, at("2026-06-01T00:00:30Z"), 5), None);
        assert_eq!(added(before, at("2026-06-01T00:00:15Z"), 7), None);
        assert_eq!(added(before, at("2026-06-01T00:00:30Z"), 2), Some(0));
    }
}
