//! Which permission each method needs. A method without a row here is not served.

use usher_base::Permission;
use usher_rpc::Method;

const READ: &[Permission] = &[Permission::BillingRead];
const ADMIN: &[Permission] = &[Permission::BillingAdmin];
const APPEND: &[Permission] = &[Permission::SeatsAppend];

/// Every method of the service.
pub const METHODS: &[Method] = &[
    Method::new("/usher.billing.v1.Invoicing/ListPeriods", READ),
    Method::new("/usher.billing.v1.Invoicing/GetInvoice", READ),
    Method::new("/usher.billing.v1.Invoicing/ListAllocations", READ),
    Method::new("/usher.billing.v1.Invoicing/ClosePeriod", ADMIN),
    Method::new("/usher.billing.v1.Invoicing/PreviewInvoice", READ),
    Method::new("/usher.billing.v1.Invoicing/IssueCreditNote", ADMIN),
    Method::new("/usher.billing.v1.Invoicing/GetForecast", READ),
    Method::new("/usher.billing.v1.Invoicing/ExportReport", READ),
    Method::new("/usher.billing.v1.SeatLedger/AppendSeatEvents", APPEND),
    Method::new("/usher.billing.v1.SeatLedger/GetCursors", APPEND),
    Method::new("/usher.billing.v1.SeatLedger/AdvanceWatermarks", APPEND),
    Method::new("/usher.billing.v1.SeatLedger/CompareState", APPEND),
    Method::new("/usher.billing.v1.SeatLedger/ReconcileState", APPEND),
    Method::new("/usher.billing.v1.SeatLedger/WatchLimits", APPEND),
    Method::new("/usher.billing.v1.SeatLedger/BeginEpoch", APPEND),
    Method::new("/usher.billing.v1.SeatQuery/GetUsage", READ),
    Method::new("/usher.billing.v1.SeatQuery/ListIntervals", READ),
    Method::new("/usher.billing.v1.SeatQuery/ListEvents", READ),
    Method::new("/usher.billing.v1.SeatQuery/GetStatement", READ),
    Method::new("/usher.billing.v1.SeatQuery/GetSeatStatus", READ),
    Method::new("/usher.billing.v1.SeatQuery/GetLimits", READ),
    Method::watch("/usher.billing.v1.SeatQuery/WatchLimits", READ),
    Method::new("/usher.billing.v1.SeatQuery/CheckCapacity", READ),
    Method::new("/usher.billing.v1.BillingAdmin/UpsertAccount", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/GetAccount", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/CreatePriceVersion", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/WithdrawPriceVersion", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListPriceVersions", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/SetMinimumSpend", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListMinimumSpends", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/WithdrawMinimumSpend", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/SetLimit", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ClearLimit", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/SetCommitment", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/WithdrawCommitment", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListCommitments", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/RecordCorrection", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ApproveCorrection", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListCorrections", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/LinkPersons", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListAudit", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/RunReconciliation", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListReconciliations", READ),
    Method::new("/usher.billing.v1.BillingAdmin/VerifyLedger", ADMIN),
    Method::new("/usher.billing.v1.BillingAdmin/ListSignedHeads", ADMIN),
];
