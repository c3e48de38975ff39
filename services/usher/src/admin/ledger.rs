//! `usher admin ledger`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::audit_service_client::AuditServiceClient;
use usher_proto::billing::v1::reconciliation_service_client::ReconciliationServiceClient;
use usher_proto::billing::v1::verification_service_client::VerificationServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;
use usher_rpc::convert::to_wire;
use usher_rpc::enum_name;
use usher_seats::SeatClass;

use super::argument;
use super::report::{Report, hex, time};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Recompute the hashes, the intervals and the closed periods from the facts, and compare them with what is
    /// stored and signed.
    Verify {
        #[command(flatten)]
        of: WorkspaceArg,
        /// File with heads that `ledger heads --output json` exported before. Nothing up to them may have changed.
        #[arg(long)]
        heads: Option<PathBuf>,
    },
    /// List the signed heads, one per day. They prove later that earlier data has not been changed. Store them where
    /// the database's administrators can't change them: `--output json > acme-heads.json`.
    Heads {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Request a comparison of seats between identity and billing.
    Reconcile {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Show the results of recent comparisons.
    Reconciliations {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Show the results of recent verifications. Billing verifies each ledger every few days.
    Verifications {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Make billing adopt the current seats of identity: after a restore of identity, or if a comparison found a
    /// difference. Each difference becomes an event, and a halted ledger continues. If a clock was ahead, times in
    /// the future are set back to now.
    Resync {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Reason, which is stored in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Show the actions on the account.
    Audit {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

const HEADS: [&str; 7] = ["time", "fact", "fact_hash", "record", "record_hash", "public_key", "signature"];
const RUNS: [&str; 7] = ["time", "event", "class", "identity", "billing", "equal", "person_keys"];
const VERIFICATIONS: [&str; 4] = ["time", "actor", "facts", "faults"];
const AUDIT: [&str; 4] = ["time", "actor", "action", "detail"];

impl LedgerCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        match self {
            Self::Verify { of, heads } => {
                let workspace = session.workspace(&of).await?;
                let heads = heads.as_deref().map(read_heads).transpose()?.unwrap_or_default();
                let message = pb::VerifyLedgerRequest { heads };
                let mut client = VerificationServiceClient::new(session.billing.clone());
                let answer =
                    client.verify_ledger(session.scoped(workspace, message)).await.map_err(status_error)?;
                let pb::VerifyLedgerResponse { facts, faults } = answer.into_inner();
                if !faults.is_empty() {
                    bail!("the ledger is not consistent:\n  {}", faults.join("\n  "));
                }
                Ok(Report::done(format!("{facts} facts verified; no inconsistencies found")))
            }
            Self::Heads { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListSignedHeadsRequest {};
                let mut client = VerificationServiceClient::new(session.billing.clone());
                let answer = client
                    .list_signed_heads(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&HEADS, answer.into_inner().heads.iter().map(head)))
            }
            Self::Reconcile { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::RunReconciliationRequest {};
                let mut client = ReconciliationServiceClient::new(session.billing.clone());
                client.run_reconciliation(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done("requested; see `usher admin ledger reconciliations` in two minutes"))
            }
            Self::Reconciliations { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListReconciliationsRequest {};
                let mut client = ReconciliationServiceClient::new(session.billing.clone());
                let answer = client.list_reconciliations(session.scoped(workspace, message)).await;
                Ok(Report::list(&RUNS, answer.map_err(status_error)?.into_inner().rows.iter().map(run)))
            }
            Self::Verifications { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListVerificationsRequest {};
                let mut client = VerificationServiceClient::new(session.billing.clone());
                let answer = client.list_verifications(session.scoped(workspace, message)).await;
                let rows = answer.map_err(status_error)?.into_inner().verifications;
                Ok(Report::list(&VERIFICATIONS, rows.iter().map(verification)))
            }
            Self::Resync { of, reason } => {
                let workspace = session.workspace(&of).await?;
                let mut seats = SeatServiceClient::new(session.identity.clone());
                let message = identity::BeginSeatEpochRequest { reason };
                let answer =
                    seats.begin_seat_epoch(session.scoped(workspace, message)).await.map_err(status_error)?;
                let identity::BeginSeatEpochResponse { epoch, differences } = answer.into_inner();
                Ok(Report::done(format!("epoch {epoch} began; {differences} differences were recorded")))
            }
            Self::Audit { of } => {
                let workspace = session.workspace(&of).await?;
                let mut client = AuditServiceClient::new(session.billing.clone());
                let mut rows = Vec::new();
                let mut page_token = String::new();
                loop {
                    let message = pb::ListAuditRequest { page_size: 1_000, page_token };
                    let answer =
                        client.list_audit(session.scoped(workspace, message)).await.map_err(status_error)?;
                    let page = answer.into_inner();
                    rows.extend(page.entries.iter().map(entry));
                    page_token = page.next_page_token;
                    if page_token.is_empty() {
                        return Ok(Report::list(&AUDIT, rows));
                    }
                }
            }
        }
    }
}

fn head(head: &pb::SignedHead) -> Vec<Value> {
    vec![
        time(head.sign_time),
        json!(head.sequence),
        json!(hex(&head.head_hash)),
        json!(head.record_number),
        json!(hex(&head.record_hash)),
        json!(hex(&head.public_key)),
        json!(hex(&head.signature)),
    ]
}

/// A head in the output of `ledger heads --output json`.
#[derive(Deserialize)]
struct Head {
    time: Timestamp,
    fact: i64,
    fact_hash: String,
    record: i64,
    record_hash: String,
    public_key: String,
    signature: String,
}

fn read_heads(path: &Path) -> anyhow::Result<Vec<pb::SignedHead>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let heads: Vec<Head> = serde_json::from_str(&text).with_context(|| {
        format!("{} has no heads as `ledger heads --output json` prints them", path.display())
    })?;
    let read = |head: Head| -> anyhow::Result<pb::SignedHead> {
        Ok(pb::SignedHead {
            sign_time: Some(to_wire(head.time)),
            sequence: head.fact,
            head_hash: argument::bytes(&head.fact_hash)?,
            record_number: head.record,
            record_hash: argument::bytes(&head.record_hash)?,
            public_key: argument::bytes(&head.public_key)?,
            signature: argument::bytes(&head.signature)?,
        })
    };
    heads.into_iter().map(read).collect()
}

fn run(run: &pb::Reconciliation) -> Vec<Value> {
    vec![
        time(run.time),
        json!(run.source_sequence),
        json!(enum_name::<SeatClass>(run.class)),
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
