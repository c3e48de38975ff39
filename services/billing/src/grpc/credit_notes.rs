//! `usher.billing.v1.CreditNoteService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::credit_note_service_server::CreditNoteService;
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::invoicing::credit_notes;
use crate::invoicing::credit_notes::NewCreditNote;

pub(crate) struct CreditNoteApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl CreditNoteService for CreditNoteApi {
    async fn issue_credit_note(
        &self,
        request: Request<pb::IssueCreditNoteRequest>,
    ) -> Result<Response<pb::IssueCreditNoteResponse>, Status> {
        let (ctx, message) = open(request)?;
        let new = NewCreditNote::try_from(message)?;
        let database = self.database.clone();
        let work = async move { credit_notes::issue(&database, &ctx, new).await };
        let note = self.tasks.detach(work).await?;
        Ok(Response::new(pb::IssueCreditNoteResponse { credit_note: Some(note.into()) }))
    }
}
