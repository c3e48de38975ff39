//! The rows of the table for billing's RPCs.

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
            "/usher.billing.v1.SeatLedgerService/AppendSeatEvents",
            &billing::AppendSeatEventsRequest {
                workspace_id: subject.workspace.clone(),
                epoch: 1,
                events: Vec::new(),
            },
        ),
        row(
            "/usher.billing.v1.SeatLedgerService/GetCursors",
            &billing::GetCursorsRequest { workspace_ids: vec![subject.workspace.clone()] },
        ),
        row(
            "/usher.billing.v1.UsageService/GetUsage",
            &billing::GetUsageRequest {
                start_date: start.clone(),
                end_date: end.clone(),
                ..Default::default()
            },
        ),
        row("/usher.billing.v1.UsageService/ListIntervals", &billing::ListIntervalsRequest::default()),
        row("/usher.billing.v1.UsageService/ListEvents", &billing::ListEventsRequest::default()),
        row(
            "/usher.billing.v1.StatementService/GetStatement",
            &billing::GetStatementRequest { start_date: start, end_date: end, ..Default::default() },
        ),
        row(
            "/usher.billing.v1.AccountService/UpsertAccount",
            &billing::UpsertAccountRequest { account: Some(account) },
        ),
        row("/usher.billing.v1.AccountService/GetAccount", &billing::GetAccountRequest {}),
        row(
            "/usher.billing.v1.PriceService/CreatePriceVersion",
            &billing::CreatePriceVersionRequest { price_version: Some(price) },
        ),
        row(
            "/usher.billing.v1.PriceService/WithdrawPriceVersion",
            &billing::WithdrawPriceVersionRequest { id: person() },
        ),
        row("/usher.billing.v1.PriceService/ListPriceVersions", &billing::ListPriceVersionsRequest {}),
    ]
}

fn ledger(subject: &Subject) -> Vec<Row> {
    let head = billing::StateHead {
        workspace_id: subject.workspace.clone(),
        epoch: 2,
        sequence: 0,
        reason: "isolation".into(),
    };
    let part = billing::StatePart { head: Some(head), users: Vec::new() };
    let watermark = billing::Watermark {
        workspace_id: subject.workspace.clone(),
        epoch: 1,
        as_of_time: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
        last_sequence: 0,
        ..Default::default()
    };
    vec![
        row(
            "/usher.billing.v1.SeatLedgerService/AdvanceWatermarks",
            &billing::AdvanceWatermarksRequest { watermarks: vec![watermark] },
        ),
        row(
            "/usher.billing.v1.SeatLedgerService/CompareState",
            &billing::CompareStateRequest {
                workspace_id: subject.workspace.clone(),
                epoch: 1,
                ..Default::default()
            },
        ),
        row(
            "/usher.billing.v1.SeatLedgerService/ReconcileState",
            &billing::ReconcileStateRequest { part: Some(part.clone()) },
        ),
        row(
            "/usher.billing.v1.SeatLedgerService/BeginEpoch",
            &billing::BeginEpochRequest { part: Some(part) },
        ),
        row(
            "/usher.billing.v1.SeatLedgerService/WatchWorkspaceLimits",
            &billing::WatchWorkspaceLimitsRequest {},
        ),
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
            "/usher.billing.v1.UsageService/GetSeatStatus",
            &billing::GetSeatStatusRequest { person_key: person(), ..Default::default() },
        ),
        row("/usher.billing.v1.LimitService/GetLimits", &billing::GetLimitsRequest {}),
        row("/usher.billing.v1.LimitService/WatchLimits", &billing::WatchLimitsRequest {}),
        row(
            "/usher.billing.v1.LimitService/CheckCapacity",
            &billing::CheckCapacityRequest { pool: Pool::Paid.into(), delta: 1 },
        ),
        row(
            "/usher.billing.v1.MinimumService/SetMinimumSpend",
            &billing::SetMinimumSpendRequest { valid_from: start_date(), amount_minor: 1 },
        ),
        row("/usher.billing.v1.MinimumService/ListMinimumSpends", &billing::ListMinimumSpendsRequest {}),
        row(
            "/usher.billing.v1.MinimumService/WithdrawMinimumSpend",
            &billing::WithdrawMinimumSpendRequest { valid_from: start_date() },
        ),
        row("/usher.billing.v1.LimitService/SetLimit", &billing::SetLimitRequest { limit: Some(limit) }),
        row(
            "/usher.billing.v1.LimitService/ClearLimit",
            &billing::ClearLimitRequest { pool: Pool::Paid.into() },
        ),
        row(
            "/usher.billing.v1.CommitmentService/SetCommitment",
            &billing::SetCommitmentRequest { commitment: Some(commitment) },
        ),
        row(
            "/usher.billing.v1.CommitmentService/WithdrawCommitment",
            &billing::WithdrawCommitmentRequest { id: person() },
        ),
        row("/usher.billing.v1.CommitmentService/ListCommitments", &billing::ListCommitmentsRequest {}),
        row(
            "/usher.billing.v1.CorrectionService/RecordCorrection",
            &billing::RecordCorrectionRequest { correction: Some(correction) },
        ),
        row(
            "/usher.billing.v1.CorrectionService/ApproveCorrection",
            &billing::ApproveCorrectionRequest { id: person() },
        ),
        row("/usher.billing.v1.CorrectionService/ListCorrections", &billing::ListCorrectionsRequest {}),
        row(
            "/usher.billing.v1.CorrectionService/LinkPersons",
            &billing::LinkPersonsRequest {
                person_key: person(),
                other_person_key: "00000000-0000-4000-8000-000000000002".into(),
                reason: "isolation".into(),
            },
        ),
        row("/usher.billing.v1.AuditService/ListAudit", &billing::ListAuditRequest::default()),
        row("/usher.billing.v1.VerificationService/ListVerifications", &billing::ListVerificationsRequest {}),
        row("/usher.billing.v1.VerificationService/ListSignedHeads", &billing::ListSignedHeadsRequest {}),
        row(
            "/usher.billing.v1.ReconciliationService/RunReconciliation",
            &billing::RunReconciliationRequest {},
        ),
        row(
            "/usher.billing.v1.ReconciliationService/ListReconciliations",
            &billing::ListReconciliationsRequest {},
        ),
        row("/usher.billing.v1.VerificationService/VerifyLedger", &billing::VerifyLedgerRequest::default()),
    ]
}

fn invoices() -> Vec<Row> {
    vec![
        row("/usher.billing.v1.PeriodService/ListPeriods", &billing::ListPeriodsRequest {}),
        row(
            "/usher.billing.v1.InvoiceService/GetInvoice",
            &billing::GetInvoiceRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.InvoiceService/ListAllocations",
            &billing::ListAllocationsRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.PeriodService/ClosePeriod",
            &billing::ClosePeriodRequest { start_date: start_date(), expected_sequence: 0 },
        ),
        row(
            "/usher.billing.v1.InvoiceService/PreviewInvoice",
            &billing::PreviewInvoiceRequest { start_date: start_date(), ..Default::default() },
        ),
        row(
            "/usher.billing.v1.CreditNoteService/IssueCreditNote",
            &billing::IssueCreditNoteRequest {
                id: person(),
                start_date: start_date(),
                lines: vec![billing::CreditNoteLine { line_no: 1, amount_minor: 1, ..Default::default() }],
                reason: "isolation".into(),
            },
        ),
        row(
            "/usher.billing.v1.ForecastService/GetForecast",
            &billing::GetForecastRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.ReportService/ExportReport",
            &billing::ExportReportRequest {
                report: billing::ReportName::Statement.into(),
                start_date: start_date(),
                format: billing::ReportFormat::Csv.into(),
                ..Default::default()
            },
        ),
    ]
}
