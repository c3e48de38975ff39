//! `usher.billing.v1.UsageService`

use tonic::{Request, Response, Status};
use usher_base::id::PersonKey;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::usage_service_server::UsageService;
use usher_rpc::convert::{InvalidArgument, invalid, page_size, parse, to_wire};
use usher_rpc::{WireEnum as _, open, optional_enum, page};
use usher_store::Database;
use uuid::Uuid;

use crate::grpc::convert::{interval_to_wire, optional_time};
use crate::ledger::model::fact_range::FactRange;
use crate::ledger::model::interval_filter::IntervalFilter;
use crate::ledger::usage::DateRange;
use crate::ledger::{facts, intervals, seat_status, usage};

/// Serves reads of the ledger.
pub(crate) struct UsageApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl UsageService for UsageApi {
    async fn get_usage(
        &self,
        request: Request<pb::GetUsageRequest>,
    ) -> Result<Response<pb::GetUsageResponse>, Status> {
        let (ctx, message) = open(request)?;
        let dates = DateRange::parse(&message.start_date, &message.end_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let granularity = optional_enum("granularity", message.granularity)?.unwrap_or_default();
        let usage = usage::get(&self.database, &ctx, dates, known_at).await?;
        Ok(Response::new(pb::GetUsageResponse {
            usage: usage.summaries(granularity).into_iter().map(pb::Usage::from).collect(),
            time_zone: usage.account.zone_name,
            sequence: usage.sequence,
        }))
    }

    async fn get_seat_status(
        &self,
        request: Request<pb::GetSeatStatusRequest>,
    ) -> Result<Response<pb::GetSeatStatusResponse>, Status> {
        let (ctx, message) = open(request)?;
        let person = parse("person_key", &message.person_key)?;
        let at = optional_time("at_time", message.at_time)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let found = seat_status::get(&self.database, &ctx, person, at, known_at).await?;
        let answer = found.map(|seat| pb::GetSeatStatusResponse {
            billable: true,
            class: seat.class.to_wire(),
            since_time: Some(to_wire(seat.since)),
            cause: seat.cause,
        });
        Ok(Response::new(answer.unwrap_or_default()))
    }

    async fn list_intervals(
        &self,
        request: Request<pb::ListIntervalsRequest>,
    ) -> Result<Response<pb::ListIntervalsResponse>, Status> {
        let (ctx, message) = open(request)?;
        let size = page_size(message.page_size, 100, 1_000)?;
        let after = interval_token(&message.page_token)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let filter = IntervalFilter::try_from(&message)?;
        let found = intervals::list(&self.database, &ctx, &filter, known_at, (after, size + 1)).await;
        let found = found?.into_iter().map(interval_to_wire).collect();
        let (intervals, more) = page(found, size);
        let last = intervals.last().filter(|_| more);
        let token = |last: &pb::Interval| format!("{}.{}", last.person_key, last.open_sequence);
        let next_page_token = last.map(token).unwrap_or_default();
        Ok(Response::new(pb::ListIntervalsResponse { intervals, next_page_token }))
    }

    async fn list_events(
        &self,
        request: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        let (ctx, message) = open(request)?;
        let size = page_size(message.page_size, 100, 1_000)?;
        let range = FactRange::try_from(&message)?;
        let found = facts::list(&self.database, &ctx, &range, size + 1).await?;
        let (events, more) = page(found.into_iter().map(pb::LedgerEvent::from).collect(), size);
        let last = events.last().filter(|_| more);
        let next_after_sequence = last.map_or(0, |last: &pb::LedgerEvent| last.sequence);
        Ok(Response::new(pb::ListEventsResponse { events, next_after_sequence }))
    }
}

/// Parses a page token: the person and the opening number of the last interval of the page before.
fn interval_token(token: &str) -> Result<(PersonKey, i64), InvalidArgument> {
    if token.is_empty() {
        return Ok((PersonKey::from_uuid(Uuid::nil()), 0));
    }
    token
        .split_once('.')
        .and_then(|(person, sequence)| Some((person.parse().ok()?, sequence.parse().ok()?)))
        .ok_or_else(|| invalid("page_token", "use the next_page_token of the previous page"))
}
