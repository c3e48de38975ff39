//! `usher.billing.v1.StatementService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::statement_service_server::StatementService;
use usher_rpc::open;
use usher_store::Database;

use crate::grpc::convert::{line_to_wire, optional_time};
use crate::invoicing::statements;
use crate::ledger::usage::DateRange;

pub(crate) struct StatementApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl StatementService for StatementApi {
    async fn get_statement(
        &self,
        request: Request<pb::GetStatementRequest>,
    ) -> Result<Response<pb::GetStatementResponse>, Status> {
        let (ctx, message) = open(request)?;
        let dates = DateRange::parse(&message.start_date, &message.end_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let statement = statements::get(&self.database, &ctx, dates, known_at).await?;
        let account = statement.usage.account;
        Ok(Response::new(pb::GetStatementResponse {
            start_date: dates.start.to_string(),
            end_date: dates.end.to_string(),
            time_zone: account.zone_name,
            exponent: account.currency.places(),
            currency: account.currency.code,
            lines: statement.lines.iter().map(line_to_wire).collect(),
            total_minor: statement.total_minor,
            sequence: statement.usage.sequence,
            provisional: true,
        }))
    }
}
