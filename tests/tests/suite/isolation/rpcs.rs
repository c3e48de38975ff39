//! The table of RPCs.

use usher_proto::billing::v1 as billing;
use usher_proto::identity::v1 as identity;
use usher_proto::tenant::v1 as tenant;

use super::Subject;

/// An RPC, with a message that is after the subject's data.
pub(super) struct Row {
    pub(super) path: &'static str,
    pub(super) message: Vec<u8>,
    /// Whether it is called before there is a credential.
    pub(super) public: bool,
}

fn row(path: &'static str, message: &impl prost::Message) -> Row {
    Row { path, message: message.encode_to_vec(), public: false }
}

fn public(path: &'static str, message: &impl prost::Message) -> Row {
    Row { public: true, ..row(path, message) }
}

/// All of them. `mark` tells what one call makes from what another does.
pub(super) fn rows(subject: &Subject, mark: &str) -> Vec<Row> {
    [
        tenants(subject, mark),
        access(subject, mark),
        users(subject, mark),
        groups(subject, mark),
        attributes(mark),
        seats(subject),
        ledger(subject),
        billing_admin(),
        invoices(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tenants(subject: &Subject, mark: &str) -> Vec<Row> {
    let plan = tenant::Plan { name: format!("Plan {mark}"), scim: true, ..Default::default() };
    vec![
        row("/usher.tenant.v1.PlanService/CreatePlan", &tenant::CreatePlanRequest { plan: Some(plan) }),
        row("/usher.tenant.v1.PlanService/ListPlans", &tenant::ListPlansRequest {}),
        row(
            "/usher.tenant.v1.WorkspaceService/CreateWorkspace",
            &tenant::CreateWorkspaceRequest {
                slug: format!("w-{mark}"),
                name: "W".into(),
                plan: "Enterprise".into(),
                ..Default::default()
            },
        ),
        row(
            "/usher.tenant.v1.WorkspaceService/GetWorkspace",
            &tenant::GetWorkspaceRequest { workspace: subject.slug.clone() },
        ),
        row("/usher.tenant.v1.WorkspaceService/ListWorkspaces", &tenant::ListWorkspacesRequest::default()),
        row(
            "/usher.tenant.v1.WorkspaceService/UpdateWorkspace",
            &tenant::UpdateWorkspaceRequest { name: Some("Mine".into()), ..Default::default() },
        ),
        row(
            "/usher.tenant.v1.DomainService/ApproveDomain",
            &tenant::ApproveDomainRequest { name: "evil.example".into() },
        ),
        row("/usher.tenant.v1.DomainService/ListDomains", &tenant::ListDomainsRequest {}),
        row(
            "/usher.tenant.v1.DomainService/RemoveDomain",
            &tenant::RemoveDomainRequest { name: format!("{}.example", subject.slug) },
        ),
        row("/usher.tenant.v1.PolicyService/GetPolicy", &tenant::GetPolicyRequest {}),
        row(
            "/usher.tenant.v1.AdminService/CreateAdmin",
            &tenant::CreateAdminRequest {
                email: format!("spy-{mark}@evil.example"),
                password: "correct horse battery".into(),
                permissions: Vec::new(),
            },
        ),
        row("/usher.tenant.v1.AdminService/ListAdmins", &tenant::ListAdminsRequest {}),
        row(
            "/usher.tenant.v1.AdminService/UpdateAdmin",
            &tenant::UpdateAdminRequest { id: subject.admin.clone(), permissions: Vec::new() },
        ),
        public(
            "/usher.tenant.v1.AdminService/SignIn",
            &tenant::SignInRequest {
                workspace: subject.slug.clone(),
                email: "boss@acme.example".into(),
                password: "correct horse battery".into(),
            },
        ),
    ]
}

fn access(subject: &Subject, mark: &str) -> Vec<Row> {
    let app_id = || subject.app.clone();
    vec![
        row(
            "/usher.tenant.v1.AppService/CreateApp",
            &tenant::CreateAppRequest { name: format!("App {mark}"), description: String::new() },
        ),
        row("/usher.tenant.v1.AppService/ListApps", &tenant::ListAppsRequest {}),
        row(
            "/usher.tenant.v1.AppService/UpdateApp",
            &tenant::UpdateAppRequest { id: app_id(), profile: tenant::ScimProfile::Strict.into() },
        ),
        row("/usher.tenant.v1.AppService/DeleteApp", &tenant::DeleteAppRequest { id: app_id() }),
        row(
            "/usher.tenant.v1.TokenService/CreateToken",
            &tenant::CreateTokenRequest {
                app_id: app_id(),
                password: "correct horse battery".into(),
                ..Default::default()
            },
        ),
        row("/usher.tenant.v1.TokenService/ListTokens", &tenant::ListTokensRequest { app_id: app_id() }),
        row(
            "/usher.tenant.v1.TokenService/RevokeToken",
            &tenant::RevokeTokenRequest { id: subject.token.clone() },
        ),
        row(
            "/usher.tenant.v1.AccessService/CheckToken",
            &tenant::CheckTokenRequest { workspace: subject.slug.clone(), token: "ush_x".into() },
        ),
        row("/usher.tenant.v1.AccessService/WatchAccess", &tenant::WatchAccessRequest {}),
        row(
            "/usher.tenant.v1.ProvisioningLogService/AppendLogEntries",
            &tenant::AppendLogEntriesRequest {
                workspace: subject.slug.clone(),
                entries: vec![tenant::LogEntry {
                    id: uuid::Uuid::new_v4().to_string(),
                    time: Some(prost_types::Timestamp::default()),
                    ..Default::default()
                }],
            },
        ),
        row(
            "/usher.tenant.v1.ProvisioningLogService/ListLogEntries",
            &tenant::ListLogEntriesRequest::default(),
        ),
        public("/usher.tenant.v1.CredentialService/GetKeySet", &tenant::GetKeySetRequest {}),
        public(
            "/usher.tenant.v1.CredentialService/IssueCredential",
            &tenant::IssueCredentialRequest { name: "gateway".into(), key: "usk_x".into() },
        ),
        row("/usher.tenant.v1.CredentialService/RotateKeys", &tenant::RotateKeysRequest {}),
    ]
}

fn users(subject: &Subject, mark: &str) -> Vec<Row> {
    let id = || subject.user.clone();
    let document_json =
        format!(r#"{{"userName": "spy-{mark}-{}@acme.example"}}"#, uuid::Uuid::new_v4().simple());
    let patch_json = r#"{"Operations": [{"op": "replace", "path": "title", "value": "Spy"}]}"#.to_owned();
    vec![
        row(
            "/usher.identity.v1.UserService/CreateUser",
            &identity::CreateUserRequest { document_json: document_json.clone(), ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/GetUser",
            &identity::GetUserRequest { id: id(), with_provenance: true },
        ),
        row(
            "/usher.identity.v1.UserService/ListUsers",
            &identity::ListUsersRequest { count: 200, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/ReplaceUser",
            &identity::ReplaceUserRequest { id: id(), document_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/PatchUser",
            &identity::PatchUserRequest { id: id(), patch_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.UserService/DeleteUser",
            &identity::DeleteUserRequest { id: id(), if_versions: Vec::new() },
        ),
        row("/usher.identity.v1.UserService/EraseUsers", &identity::EraseUsersRequest {}),
        row("/usher.identity.v1.ChangeService/WatchChanges", &identity::WatchChangesRequest::default()),
        row("/usher.identity.v1.ChangeService/ListChanges", &identity::ListChangesRequest::default()),
        row("/usher.identity.v1.SeatService/GetSeats", &identity::GetSeatsRequest {}),
        row(
            "/usher.identity.v1.SeatService/BeginSeatEpoch",
            &identity::BeginSeatEpochRequest { reason: "isolation".into() },
        ),
    ]
}

fn groups(subject: &Subject, mark: &str) -> Vec<Row> {
    let id = || subject.group.clone();
    let document_json = format!(r#"{{"displayName": "Spies {mark} {}"}}"#, uuid::Uuid::new_v4().simple());
    let patch_json = r#"{"Operations": [{"op": "remove", "path": "members"}]}"#.to_owned();
    vec![
        row(
            "/usher.identity.v1.GroupService/CreateGroup",
            &identity::CreateGroupRequest { document_json: document_json.clone(), ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/GetGroup",
            &identity::GetGroupRequest { id: id(), ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/ListGroups",
            &identity::ListGroupsRequest { count: 200, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/ReplaceGroup",
            &identity::ReplaceGroupRequest { id: id(), document_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/PatchGroup",
            &identity::PatchGroupRequest { id: id(), patch_json, ..Default::default() },
        ),
        row(
            "/usher.identity.v1.GroupService/DeleteGroup",
            &identity::DeleteGroupRequest { id: id(), if_versions: Vec::new() },
        ),
    ]
}

fn attributes(mark: &str) -> Vec<Row> {
    let name = format!("spy{mark}");
    let attribute = identity::Attribute {
        name: name.clone(),
        r#type: identity::AttributeType::String.into(),
        ..Default::default()
    };
    vec![
        row("/usher.identity.v1.AttributeService/ListAttributes", &identity::ListAttributesRequest {}),
        row(
            "/usher.identity.v1.AttributeService/DefineAttribute",
            &identity::DefineAttributeRequest { attribute: Some(attribute) },
        ),
        row(
            "/usher.identity.v1.AttributeService/DeleteAttribute",
            &identity::DeleteAttributeRequest { name },
        ),
    ]
}

fn seats(subject: &Subject) -> Vec<Row> {
    let (start, end) = ("2026-06-01".to_owned(), "2026-07-01".to_owned());
    let price = billing::PriceVersion {
        class: "regular".into(),
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
        row("/usher.billing.v1.SeatLedger/ListLimits", &billing::ListLimitsRequest::default()),
    ]
}

fn billing_admin() -> Vec<Row> {
    let start_date = || "2026-06-01".to_owned();
    let person = || "00000000-0000-4000-8000-000000000001".to_owned();
    let limit = billing::Limit {
        pool: "paid".into(),
        quantity: Some(0),
        policy: "BLOCK".into(),
        ..Default::default()
    };
    let commitment = billing::Commitment {
        pool: "paid".into(),
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
        row(
            "/usher.billing.v1.SeatQuery/CheckCapacity",
            &billing::CheckCapacityRequest { pool: "paid".into(), delta: 1 },
        ),
        row(
            "/usher.billing.v1.BillingAdmin/SetMinimumSpend",
            &billing::SetMinimumSpendRequest { valid_from: start_date(), amount_minor: 1 },
        ),
        row("/usher.billing.v1.BillingAdmin/SetLimit", &billing::SetLimitRequest { limit: Some(limit) }),
        row("/usher.billing.v1.BillingAdmin/ClearLimit", &billing::ClearLimitRequest { pool: "paid".into() }),
        row(
            "/usher.billing.v1.BillingAdmin/SetCommitment",
            &billing::SetCommitmentRequest { commitment: Some(commitment) },
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
        row("/usher.billing.v1.BillingAdmin/RunReconciliation", &billing::RunReconciliationRequest {}),
        row("/usher.billing.v1.BillingAdmin/ListReconciliations", &billing::ListReconciliationsRequest {}),
        row("/usher.billing.v1.BillingAdmin/VerifyLedger", &billing::VerifyLedgerRequest {}),
    ]
}

fn invoices() -> Vec<Row> {
    let start_date = || "2026-06-01".to_owned();
    vec![
        row("/usher.billing.v1.Invoicing/ListPeriods", &billing::ListPeriodsRequest {}),
        row(
            "/usher.billing.v1.Invoicing/GetInvoice",
            &billing::GetInvoiceRequest { start_date: start_date(), known_time: None },
        ),
        row(
            "/usher.billing.v1.Invoicing/ListAllocations",
            &billing::ListAllocationsRequest { start_date: start_date() },
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
                id: "00000000-0000-4000-8000-000000000001".into(),
                start_date: start_date(),
                lines: vec![billing::CreditNoteLine { line_no: 1, amount_minor: 1, ..Default::default() }],
                reason: "isolation".into(),
            },
        ),
        row(
            "/usher.billing.v1.Invoicing/GetForecast",
            &billing::GetForecastRequest { start_date: start_date() },
        ),
        row(
            "/usher.billing.v1.Invoicing/ExportReport",
            &billing::ExportReportRequest {
                report: "statement".into(),
                start_date: start_date(),
                format: "csv".into(),
                ..Default::default()
            },
        ),
    ]
}
