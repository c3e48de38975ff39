//! `usher admin seats`

use clap::Args;
use serde_json::{Value, json};
use usher_proto::billing::v1::GetLimitsRequest;
use usher_proto::billing::v1::limit_service_client::LimitServiceClient;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;
use usher_proto::seats::v1::Pool;
use usher_rpc::optional_enum;
use usher_seats::SeatClass;

use super::report::Report;
use super::session::{Session, WorkspaceArg, status_error};

/// `usher admin seats`
#[derive(Debug, Args)]
pub(super) struct SeatsArgs {
    #[command(flatten)]
    of: WorkspaceArg,
}

impl SeatsArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let found = session.find_workspace(&self.of.workspace).await?;
        let workspace = found.id.parse()?;
        let mut client = SeatServiceClient::new(session.identity.clone());
        let answer = client
            .get_seats(session.scoped(workspace, pb::GetSeatsRequest {}))
            .await
            .map_err(status_error)?;
        let seats = answer.into_inner();
        let rows = seats.counts.iter().map(|count| -> anyhow::Result<Vec<Value>> {
            let class: Option<SeatClass> = optional_enum("class", count.class)?;
            let user_type = class.map_or("", |class| class.user_type().as_str());
            Ok(vec![json!(user_type), json!(count.active)])
        });
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        let mut client = LimitServiceClient::new(session.billing.clone());
        let limits =
            client.get_limits(session.scoped(workspace, GetLimitsRequest {})).await.map_err(status_error)?;
        let paid = limits.into_inner().limits.into_iter().find(|limit| limit.pool() == Pool::Paid);
        // Billing receives the plan's limits with the first seat.
        let limit = paid.map_or(found.seat_limit, |limit| limit.quantity);
        let limit = limit.map_or_else(|| "no limit".to_owned(), |limit| format!("limit {limit}"));
        let behind = seats.seat_sequence - seats.acknowledged_seat_sequence;
        let billing = if behind == 0 {
            "billing has every seat event".to_owned()
        } else {
            format!("billing is {behind} seat event(s) behind")
        };
        Ok(Report::list(&["user_type", "active"], rows)
            .note(format!("{} paid seats in use, {limit}; {billing}", seats.paid_in_use)))
    }
}
