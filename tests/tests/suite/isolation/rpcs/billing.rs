//! Billing's RPCs.

use usher_proto::billing::v1 as billing;
use usher_proto::seats::v1::{AtLimit, Pool, SeatClass};

use super::{Row, row};
use crate::isolation::Subject;

pub(super) fn rows(subject: &Subject) -> Vec<Row> {
    [seats(subject), ledger(subject), accounts(), invoices()].into_iter().flatten().collect()
}

fn start_date() -> String {
    "2026-06-01".to_owned()
}

fn person() -> String {
    "00000000-0000-4000-8000-000000000001".to_owned()
}

fn seats(subject: &Subject) -> Vec<Row> {
    let (start, end) = ("2026-06-01".to_owned(), "2026-07-01".to_owned());
    let price = billing::PriceVersion {
        class: SeatClass::Regular.into(),
        unit_price: "0.01".into(),
        valid_from: "2026-01-01".into(),
        ..Default::default()
    };
    let account = billing::Account {
        currency: "USD".into(),
        exponent: 2,
        time_zone: "UTC".into(),
        ..Default::default()
    };
    vec![
        row(
            "/usher.billing.v1.SeatLedger/AppendSeatEvents",
            &billing::AppendSeatEventsRequest {
                workspace_id: subject.workspace.clone(),
                epoch: 1,
                events: Vec::new(),
            },
        ),
        row(
            "/usher.billing.v1.SeatLedger/GetCursors",
            &billing::GetCursorsRequest { workspace_ids: vec![subject.workspace.clone()] },
        ),
        row(
            "/usher.billing.v1.SeatQuery/GetUsage",
            &billing::GetUsageRequest {
                start_date: start.clone(),
                end_date: end.clone(),
                ..Default::default()
            },
        ),
        row("/usher.billing.v1.SeatQuery/ListIntervals", &billing::ListIntervalsRequest::default()),
        row("/usher.billing.v1.SeatQuery/ListEvents", &billing::ListEventsRequest::default()),
        row(
            "/usher.billing.v1.SeatQuery/GetStatement",
            &billing::GetStatementRequest { start_date: start, end_date: end, ..Default::default() },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/UpsertAccount",
            &billing::UpsertAccountRequest { account: Some(account) },
        ),
        row("/usher.billing.v1.BillingAdmin/GetAccount", &billing::GetAccountRequest {}),
        row(
            "/usher.billing.v1.BillingAdmin/CreatePriceVersion",
            &billing::CreatePriceVersionRequest { price_version: Some(price) },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/WithdrawPriceVersion",
            &billing::WithdrawPriceVersionRequest { id: person() },
        ),
        row("/usher.billing.v1.BillingAdmin/ListPriceVersions", &billing::ListPriceVersionsRequest {}),
    ]
}

fn ledger(subject: &Subject) -> Vec<Row> {
    let head = billing::StateHead {
        workspace_id: subject.workspace.clone(),
        epoch: 2,
        sequence: 0,
        reason: "isolation".into(),
    };
    let state = billing::StateRequest { head: Some(head), users: Vec::new() };
    let watermark = billing::Watermark {
        workspace_id: subject.workspace.clone(),
        epoch: 1,
        as_of_time: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
        last_sequence: 0,
        ..Default::default()
    };
    vec![
        row(
            "/usher.billing.v1.SeatLedger/AdvanceWatermarks",
            &billing::AdvanceWatermarksRequest { watermarks: vec![watermark] },
        ),
        row(
            "/usher.billing.v1.SeatLedger/CompareState",
            &billing::CompareStateRequest {
                workspace_id: subject.workspace.clone(),
                epoch: 1,
                ..Default::default()
            },
        ),
        row("/usher.billing.v1.SeatLedger/ReconcileState", &state),
        row("/usher.billing.v1.SeatLedger/BeginEpoch", &state),
        row("/usher.billing.v1.SeatLedger/WatchLimits", &billing::WatchLimitsRequest {}),
    ]
}

fn accounts() -> Vec<Row> {
    let limit = billing::Limit {
        pool: Pool::Paid.into(),
        quantity: Some(0),
        at_limit: AtLimit::Block.into(),
        ..Default::default()
    };
    let commitment = billing::Commitment {
        pool: Pool::Paid.into(),
        quantity: 1,
        unit_price: "0.01".into(),
        start_date: start_date(),
        end_date: "2027-06-01".into(),
        ..Default::default()
    };
    let correction = billing::Correction {
        person_key: person(),
        from_time: Some(prost_types::Timestamp { seconds: 1, nanos: 0 }),
        until_time: Some(prost_types::Timestamp { seconds: 2, nanos: 0 }),
        reason: "isolation".into(),
        ..Default::default()
    };
    vec![
        row(
            "/usher.billing.v1.SeatQuery/GetSeatStatus",
            &billing::GetSeatStatusRequest { person_key: person(), ..Default::default() },
        ),
        row("/usher.billing.v1.SeatQuery/GetLimits", &billing::GetLimitsRequest {}),
        row("/usher.billing.v1.SeatQuery/WatchLimits", &billing::SeatQueryWatchLimitsRequest {}),
        row(
            "/usher.billing.v1.SeatQuery/CheckCapacity",
            &billing::CheckCapacityRequest { pool: Pool::Paid.into(), delta: 1 },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/SetMinimumSpend",
            &billing::SetMinimumSpendRequest { valid_from: start_date(), amount_minor: 1 },
        ),
        row("/usher.billing.v1.BillingAdmin/ListMinimumSpends", &billing::ListMinimumSpendsRequest {}),
        row(
            "/usher.billing.v1.BillingAdmin/WithdrawMinimumSpend",
            &billing::WithdrawMinimumSpendRequest { valid_from: start_date() },
        ),
        row("/usher.billing.v1.BillingAdmin/SetLimit", &billing::SetLimitRequest { limit: Some(limit) }),
        row(
            "/usher.billing.v1.BillingAdmin/ClearLimit",
            &billing::ClearLimitRequest { pool: Pool::Paid.into() },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/SetCommitment",
            &billing::SetCommitmentRequest { commitment: Some(commitment) },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/WithdrawCommitment",
            &billing::WithdrawCommitmentRequest { id: person() },
        ),
        row("/usher.billing.v1.BillingAdmin/ListCommitments", &billing::ListCommitmentsRequest {}),
        row(
            "/usher.billing.v1.BillingAdmin/RecordCorrection",
            &billing::RecordCorrectionRequest { correction: Some(correction) },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/ApproveCorrection",
            &billing::ApproveCorrectionRequest { id: person() },
        ),
        row("/usher.billing.v1.BillingAdmin/ListCorrections", &billing::ListCorrectionsRequest {}),
        row(
            "/usher.billing.v1.BillingAdmin/LinkPersons",
            &billing::LinkPersonsRequest {
                person_key: person(),
                other_person_key: "00000000-0000-4000-8000-000000000002".into(),
                reason: "isolation".into(),
            },
        ),
        row("/usher.billing.v1.BillingAdmin/ListAudit", &billing::ListAuditRequest::default()),
        row("/usher.billing.v1.BillingAdmin/ListSignedHeads", &billing::ListSignedHeadsRequest {}),
        row("/usher.billing.v1.BillingAdmin/RunReconciliation", &billing::RunReconciliationRequest {}),
        row("/usher.billing.v1.BillingAdmin/ListReconciliations", &billing::ListReconciliationsRequest {}),
        row("/usher.billing.v1.BillingAdmin/VerifyLedger", &billing::VerifyLedgerRequest::default()),
    ]
}

fn invoices() -> Vec<Row> {
    vec![
        row("/usher.billing.v1.Invoicing/ListPeriods", &billing::ListPeriodsRequest {}),
        row(
            "/usher.billing.v1.Invoicing/GetInvoice",
            &billing::GetInvoiceRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.Invoicing/ListAllocations",
            &billing::ListAllocationsRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.Invoicing/ClosePeriod",
            &billing::ClosePeriodRequest { start_date: start_date(), expected_sequence: 0 },
        ),
        row(
            "/usher.billing.v1.Invoicing/PreviewInvoice",
            &billing::PreviewInvoiceRequest { start_date: start_date(), ..Default::default() },
        ),
        row(
            "/usher.billing.v1.Invoicing/IssueCreditNote",
            &billing::IssueCreditNoteRequest {
                id: person(),
                start_date: start_date(),
                lines: vec![billing::CreditNoteLine { line_no: 1, amount_minor: 1, ..Default::default() }],
                reason: "isolation".into(),
            },
        ),
        row(
            "/usher.billing.v1.Invoicing/GetForecast",
            &billing::GetForecastRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.Invoicing/ExportReport",
            &billing::ExportReportRequest {
                report: billing::ReportName::Statement.into(),
                start_date: start_date(),
                format: billing::ReportFormat::Csv.into(),
                ..Default::default()
            },
        ),
    ]
}
