//! New epochs of a workspace's seat events: after a restore, a failover, or a difference from billing.

use std::time::Duration;

use tonic::transport::Channel;
use usher_base::{CallContext, Permission};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::seat_ledger_service_client::SeatLedgerServiceClient;
use usher_rpc::convert::{from_wire, invalid};
use usher_rpc::{Failure, Outgoing, ServiceCredential};
use usher_store::Database;

use crate::error::IdentityError;
use crate::seat_state::parts;
use crate::store::states;

/// What is needed to begin an epoch.
#[derive(Clone)]
pub(crate) struct Epochs {
    pub(crate) database: Database,
    pub(crate) billing: Channel,
    pub(crate) credential: ServiceCredential,
}

/// The result of beginning an epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewEpoch {
    pub(crate) epoch: i64,
    /// The number of events that billing recorded for differences.
    pub(crate) differences: i64,
}

impl Epochs {
    /// Makes billing adopt this service's state, and record each difference as an event. If it fails, repeating it
    /// continues where it stopped.
    pub(crate) async fn begin(&self, ctx: &CallContext, reason: &str) -> Result<NewEpoch, IdentityError> {
        let scope = ctx.scope(Permission::BillingAdmin)?;
        if reason.trim().is_empty() || reason.len() > 500 {
            return Err(invalid("reason", "give the reason in at most 500 bytes").into());
        }
        let workspace = scope.workspace_id();
        let database = self.database.scoped(&scope);
        let credential = self.credential.current().await.map_err(IdentityError::Billing)?;
        let outgoing = |timeout| Outgoing {
            credential: &credential,
            workspace: None,
            request_id: ctx.request_id(),
            trace: Some(ctx.trace()),
            timeout,
        };
        let mut client = SeatLedgerServiceClient::new(self.billing.clone());
        let message = pb::GetCursorsRequest { workspace_ids: vec![workspace.to_string()] };
        let cursors = client.get_cursors(outgoing(Duration::from_secs(5)).request(message)).await;
        let cursors = cursors.map_err(|status| IdentityError::Billing(Failure::from(status)))?.into_inner();
        let epoch = cursors.cursors.first().map_or(0, |cursor| cursor.epoch).max(1) + 1;
        let state = states::set_epoch(&database, epoch).await?;
        let state = state.ok_or_else(|| IdentityError::absent("Workspace", &workspace.to_string()))?;
        let state_parts = parts(workspace, epoch, reason, &state).into_iter();
        let stream = tokio_stream::iter(state_parts.map(|part| pb::BeginEpochRequest { part: Some(part) }));
        let begun = client.begin_epoch(outgoing(Duration::from_secs(25)).request(stream)).await;
        let begun = begun.map_err(|status| IdentityError::Billing(Failure::from(status)))?.into_inner();
        let last = begun.last_effective_time.and_then(|time| from_wire("last_effective_time", time).ok());
        states::begun(&database, state.sequence, last.unwrap_or_else(|| ctx.now())).await?;
        Ok(NewEpoch { epoch, differences: begun.differences })
    }
}
