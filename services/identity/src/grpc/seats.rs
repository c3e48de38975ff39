//! `usher.identity.v1.SeatService`

use tonic::{Request, Response, Status};
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::seat_service_server::SeatService;
use usher_rpc::{Tasks, WireEnum as _, open};
use usher_seats::SeatClass;
use usher_store::Database;

use crate::epochs::Epochs;
use crate::seats;

/// Implements the methods for seat counters.
pub(crate) struct SeatApi {
    pub(crate) database: Database,
    pub(crate) epochs: Epochs,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl SeatService for SeatApi {
    async fn get_seats(
        &self,
        request: Request<pb::GetSeatsRequest>,
    ) -> Result<Response<pb::GetSeatsResponse>, Status> {
        let (ctx, _) = open(request)?;
        let seats = seats::get(&self.database, &ctx).await?;
        let count = |class: SeatClass, active| pb::SeatCount { class: class.to_wire(), active };
        Ok(Response::new(pb::GetSeatsResponse {
            counts: vec![
                count(SeatClass::Regular, seats.regular),
                count(SeatClass::External, seats.external),
                count(SeatClass::Collaborator, seats.collaborator),
            ],
            change_sequence: seats.change_sequence,
            seat_sequence: seats.seat_sequence,
            acknowledged_seat_sequence: seats.acknowledged,
            paid_in_use: seats.regular + seats.external,
        }))
    }

    async fn begin_seat_epoch(
        &self,
        request: Request<pb::BeginSeatEpochRequest>,
    ) -> Result<Response<pb::BeginSeatEpochResponse>, Status> {
        let (ctx, message) = open(request)?;
        let epochs = self.epochs.clone();
        let work = async move { epochs.begin(&ctx, &message.reason).await };
        let begun = self.tasks.detach(work).await?;
        Ok(Response::new(pb::BeginSeatEpochResponse { epoch: begun.epoch, differences: begun.differences }))
    }
}
