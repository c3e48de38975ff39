//! `usher admin ledger`

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_client::BillingAdminClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;

use super::report::{Report, time};
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Hash the chain and fold the facts again, and compare with what is stored.
    Verify {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Ask for a comparison of the seats of identity and billing.
    Reconcile {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Show what the last comparisons found.
    Reconciliations {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Show what the last verifications found; billing makes them by itself every few days.
    Verifications {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Have billing take over who is active now: after a restore of identity, or where a comparison
    /// found a difference. Each difference is booked as an event; a halted ledger goes on. Where a clock had leapt
    /// ahead, time is set back: what was written in the future counts from now on.
    Resync {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Why; it is kept in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Show what was done to the account.
    Audit {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

const RUNS: [&str; 7] = ["time", "event", "class", "identity", "billing", "equal", "person_keys"];
const VERIFICATIONS: [&str; 4] = ["time", "actor", "facts", "faults"];
const AUDIT: [&str; 4] = ["time", "actor", "action", "detail"];

impl LedgerCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = BillingAdminClient::new(session.billing.clone());
        match self {
            Self::Verify { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::VerifyLedgerRequest {};
                let answer = client.verify_ledger(session.scoped(workspace, message)).await.map_err(told)?;
                let pb::VerifyLedgerResponse { facts, faults } = answer.into_inner();
                if !faults.is_empty() {
                    bail!("the ledger is not what it must be:\n  {}", faults.join("\n  "));
                }
                Ok(Report::done(format!("{facts} facts, chained and folded: all is as it must be")))
            }
            Self::Reconcile { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::RunReconciliationRequest {};
                client.run_reconciliation(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::done("asked for; see `usher admin ledger reconciliations` in a minute or two"))
            }
            Self::Reconciliations { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListReconciliationsRequest {};
                let answer = client.list_reconciliations(session.scoped(workspace, message)).await;
                Ok(Report::list(&RUNS, answer.map_err(told)?.into_inner().rows.iter().map(run)))
            }
            Self::Verifications { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListReconciliationsRequest {};
                let answer = client.list_reconciliations(session.scoped(workspace, message)).await;
                let rows = answer.map_err(told)?.into_inner().verifications;
                Ok(Report::list(&VERIFICATIONS, rows.iter().map(verification)))
            }
            Self::Resync { of, reason } => {
                let workspace = session.workspace(&of).await?;
                let mut seats = SeatServiceClient::new(session.identity.clone());
                let message = identity::BeginSeatEpochRequest { reason };
                let answer =
                    seats.begin_seat_epoch(session.scoped(workspace, message)).await.map_err(told)?;
                let identity::BeginSeatEpochResponse { epoch, differences } = answer.into_inner();
                Ok(Report::done(format!("epoch {epoch} began; {differences} differences were booked")))
            }
            Self::Audit { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListAuditRequest { page_size: 1_000, page_token: String::new() };
                let answer = client.list_audit(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::list(&AUDIT, answer.into_inner().entries.iter().map(entry)))
            }
        }
    }
}

fn run(run: &pb::Reconciliation) -> Vec<Value> {
    vec![
        time(run.time),
        json!(run.source_sequence),
        json!(run.class),
        json!(run.identity_count),
        json!(run.billing_count),
        json!(run.equal),
        json!(run.person_keys.join(" ")),
    ]
}

fn verification(found: &pb::Verification) -> Vec<Value> {
    vec![time(found.time), json!(found.actor), json!(found.facts), json!(found.faults.join("; "))]
}

fn entry(entry: &pb::AuditEntry) -> Vec<Value> {
    vec![time(entry.time), json!(entry.actor), json!(entry.action), json!(entry.detail_json)]
}
