//! Reads what invoices are computed from.

use usher_store::TenantTx;

use crate::error::BillingError;
use crate::invoicing::model::book::Book;
use crate::invoicing::store::{close_lines, closes, credit_notes};
use crate::ledger::model::knowledge::Knowledge;
use crate::limits::store::limits;
use crate::terms::store::{accounts, commitments, minimums, prices};

impl Book {
    /// Reads everything that was known at a time, except the seats.
    pub(crate) async fn load(tx: &mut TenantTx, as_of: Knowledge) -> Result<Self, BillingError> {
        let commitments = commitments::known(tx, as_of.at).await?;
        // Limits affect true-ups only.
        let limits = if commitments.is_empty() { Vec::new() } else { limits::until(tx, as_of.at).await? };
        let mut closes = closes::all(tx).await?;
        closes.retain(|close| close.closed_at <= as_of.at);
        // Only closed periods have credit notes and carried credits.
        let (notes, credits) = if closes.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            (credit_notes::known(tx, as_of.at).await?, close_lines::credits_by_period(tx, as_of.at).await?)
        };
        Ok(Self {
            as_of,
            schedule: accounts::schedule(tx).await?,
            prices: prices::known(tx, as_of.at).await?,
            minimums: minimums::known(tx, as_of.at).await?,
            commitments,
            limits,
            closes,
            notes,
            credits,
        })
    }
}
