//! The permission that each method needs. A method without a row here is not served.

use usher_base::Permission;
use usher_rpc::Method;

const READ: &[Permission] = &[Permission::BillingRead];
const ADMIN: &[Permission] = &[Permission::BillingAdmin];
const APPEND: &[Permission] = &[Permission::SeatsAppend];

/// All methods of the service.
pub const METHODS: &[Method] = &[
    Method::new("/usher.billing.v1.AccountService/UpsertAccount", ADMIN),
    Method::new("/usher.billing.v1.AccountService/GetAccount", ADMIN),
    Method::new("/usher.billing.v1.AuditService/ListAudit", ADMIN),
    Method::new("/usher.billing.v1.CommitmentService/SetCommitment", ADMIN),
    Method::new("/usher.billing.v1.CommitmentService/WithdrawCommitment", ADMIN),
    Method::new("/usher.billing.v1.CommitmentService/ListCommitments", ADMIN),
    Method::new("/usher.billing.v1.CorrectionService/RecordCorrection", ADMIN),
    Method::new("/usher.billing.v1.CorrectionService/ApproveCorrection", ADMIN),
    Method::new("/usher.billing.v1.CorrectionService/ListCorrections", ADMIN),
    Method::new("/usher.billing.v1.CorrectionService/LinkPersons", ADMIN),
    Method::new("/usher.billing.v1.CreditNoteService/IssueCreditNote", ADMIN),
    Method::new("/usher.billing.v1.ForecastService/GetForecast", READ),
    Method::new("/usher.billing.v1.InvoiceService/GetInvoice", READ),
    Method::new("/usher.billing.v1.InvoiceService/ListAllocations", READ),
    Method::new("/usher.billing.v1.InvoiceService/PreviewInvoice", READ),
    Method::new("/usher.billing.v1.LimitService/GetLimits", READ),
    Method::watch("/usher.billing.v1.LimitService/WatchLimits", READ),
    Method::new("/usher.billing.v1.LimitService/CheckCapacity", READ),
    Method::new("/usher.billing.v1.LimitService/SetLimit", ADMIN),
    Method::new("/usher.billing.v1.LimitService/ClearLimit", ADMIN),
    Method::new("/usher.billing.v1.MinimumService/SetMinimumSpend", ADMIN),
    Method::new("/usher.billing.v1.MinimumService/ListMinimumSpends", ADMIN),
    Method::new("/usher.billing.v1.MinimumService/WithdrawMinimumSpend", ADMIN),
    Method::new("/usher.billing.v1.PeriodService/ListPeriods", READ),
    Method::new("/usher.billing.v1.PeriodService/ClosePeriod", ADMIN),
    Method::new("/usher.billing.v1.PriceService/CreatePriceVersion", ADMIN),
    Method::new("/usher.billing.v1.PriceService/WithdrawPriceVersion", ADMIN),
    Method::new("/usher.billing.v1.PriceService/ListPriceVersions", ADMIN),
    Method::new("/usher.billing.v1.ReconciliationService/RunReconciliation", ADMIN),
    Method::new("/usher.billing.v1.ReconciliationService/ListReconciliations", READ),
    Method::new("/usher.billing.v1.ReportService/ExportReport", READ),
    Method::new("/usher.billing.v1.SeatLedgerService/AppendSeatEvents", APPEND),
    Method::new("/usher.billing.v1.SeatLedgerService/GetCursors", APPEND),
    Method::new("/usher.billing.v1.SeatLedgerService/AdvanceWatermarks", APPEND),
    Method::new("/usher.billing.v1.SeatLedgerService/CompareState", APPEND),
    Method::new("/usher.billing.v1.SeatLedgerService/ReconcileState", APPEND),
    Method::new("/usher.billing.v1.SeatLedgerService/WatchWorkspaceLimits", APPEND),
    Method::new("/usher.billing.v1.SeatLedgerService/BeginEpoch", APPEND),
    Method::new("/usher.billing.v1.StatementService/GetStatement", READ),
    Method::new("/usher.billing.v1.UsageService/GetUsage", READ),
    Method::new("/usher.billing.v1.UsageService/ListIntervals", READ),
    Method::new("/usher.billing.v1.UsageService/ListEvents", READ),
    Method::new("/usher.billing.v1.UsageService/GetSeatStatus", READ),
    Method::new("/usher.billing.v1.VerificationService/VerifyLedger", ADMIN),
    Method::new("/usher.billing.v1.VerificationService/ListVerifications", READ),
    Method::new("/usher.billing.v1.VerificationService/ListSignedHeads", ADMIN),
];
