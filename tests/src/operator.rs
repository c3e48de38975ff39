//! The operator of a running Usher, over gRPC.

mod tenants;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use usher_base::id::WorkspaceId;
use usher_net::tls::ClientTls;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::account_service_client::AccountServiceClient;
use usher_proto::billing::v1::price_service_client::PriceServiceClient;
use usher_proto::billing::v1::statement_service_client::StatementServiceClient;
use usher_proto::billing::v1::usage_service_client::UsageServiceClient;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::change_service_client::ChangeServiceClient;
use usher_proto::identity::v1::seat_service_client::SeatServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_rpc::{Failure, Outgoing, connect};

use crate::words::{self, class_name};

pub use tenants::{NewToken, NewWorkspace};

/// The maximum page size of all lists.
const PAGE: i32 = 1_000;
const SETTLE_WITHIN: Duration = Duration::from_mins(1);

/// The addresses of the three services.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Addresses {
    pub tenant: String,
    pub identity: String,
    pub billing: String,
}

/// Calls the services with an operator's credential.
#[derive(Clone, Debug)]
pub struct Operator {
    tenant: Channel,
    identity: Channel,
    billing: Channel,
    credential: String,
}

/// The number of seats of a workspace per class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Seats {
    pub regular: i64,
    pub external: i64,
    pub collaborator: i64,
}

impl Seats {
    /// Sums up counts by class or user type, in any case.
    pub fn from_counts<'a>(counts: impl IntoIterator<Item = (&'a str, i64)>) -> Self {
        let mut seats = Self::default();
        for (class, count) in counts {
            match class.to_ascii_lowercase().as_str() {
                "regular" => seats.regular += count,
                "external" => seats.external += count,
                "collaborator" => seats.collaborator += count,
                other => panic!("there is no seat class {other:?}"),
            }
        }
        seats
    }

    pub const fn total(self) -> i64 {
        self.regular + self.external + self.collaborator
    }
}

impl Operator {
    /// Creates an operator with a credential for the services at these addresses.
    ///
    /// # Errors
    /// An address is not a URL.
    pub fn new(addresses: &Addresses, credential: String, tls: &ClientTls) -> anyhow::Result<Self> {
        Ok(Self {
            tenant: connect(&addresses.tenant, tls)?,
            identity: connect(&addresses.identity, tls)?,
            billing: connect(&addresses.billing, tls)?,
            credential,
        })
    }

    /// The same services with another credential.
    #[must_use]
    pub fn with_credential(&self, credential: &str) -> Self {
        Self { credential: credential.to_owned(), ..self.clone() }
    }

    pub fn credential(&self) -> &str {
        &self.credential
    }

    /// The channel to tenant.
    pub fn tenant(&self) -> Channel {
        self.tenant.clone()
    }

    /// The channel to identity.
    pub fn identity(&self) -> Channel {
        self.identity.clone()
    }

    /// The channel to billing.
    pub fn billing(&self) -> Channel {
        self.billing.clone()
    }

    /// A request about a workspace, with the credential.
    pub fn request_for<T>(&self, workspace: WorkspaceId, message: T) -> Request<T> {
        self.request(Some(workspace), message)
    }

    /// A request about no workspace or all of them, with the credential.
    pub fn request_for_installation<T>(&self, message: T) -> Request<T> {
        self.request(None, message)
    }

    fn request<T>(&self, workspace: Option<WorkspaceId>, message: T) -> Request<T> {
        Outgoing {
            credential: &self.credential,
            workspace,
            request_id: "operator",
            trace: None,
            timeout: Duration::from_secs(20),
        }
        .request(message)
    }

    /// The counters, with billing's position.
    ///
    /// # Errors
    /// The call fails.
    pub async fn seat_counters(&self, workspace: WorkspaceId) -> anyhow::Result<identity::GetSeatsResponse> {
        let request = self.request_for(workspace, identity::GetSeatsRequest {});
        answered("GetSeats", SeatServiceClient::new(self.identity()).get_seats(request).await)
    }

    /// The seats as identity counts them.
    ///
    /// # Errors
    /// The call fails.
    pub async fn seats(&self, workspace: WorkspaceId) -> anyhow::Result<Seats> {
        let counters = self.seat_counters(workspace).await?;
        Ok(Seats::from_counts(counters.counts.iter().map(|count| (class_name(count.class), count.active))))
    }

    /// Waits until billing has acknowledged every seat event of the workspace.
    ///
    /// # Errors
    /// It has not after a minute.
    pub async fn settle(&self, workspace: WorkspaceId) -> anyhow::Result<()> {
        let deadline = Instant::now() + SETTLE_WITHIN;
        loop {
            let last = self.seat_counters(workspace).await;
            if last.as_ref().is_ok_and(|seats| seats.acknowledged_seat_sequence == seats.seat_sequence) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the relay is not drained after {} s: {last:?}", SETTLE_WITHIN.as_secs());
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The whole change log.
    ///
    /// # Errors
    /// A call fails.
    pub async fn changes(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<identity::Change>> {
        let mut client = ChangeServiceClient::new(self.identity());
        let mut changes = Vec::new();
        let mut after_sequence = 0;
        loop {
            let message = identity::ListChangesRequest { after_sequence, page_size: PAGE };
            let page =
                answered("ListChanges", client.list_changes(self.request_for(workspace, message)).await)?;
            changes.extend(page.changes);
            after_sequence = page.next_after_sequence;
            if after_sequence == 0 {
                return Ok(changes);
            }
        }
    }

    /// All events of billing's ledger.
    ///
    /// # Errors
    /// A call fails.
    pub async fn events(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<billing::LedgerEvent>> {
        let mut client = UsageServiceClient::new(self.billing());
        let mut events = Vec::new();
        let mut after_sequence = 0;
        loop {
            let message =
                billing::ListEventsRequest { after_sequence, page_size: PAGE, ..Default::default() };
            let page =
                answered("ListEvents", client.list_events(self.request_for(workspace, message)).await)?;
            events.extend(page.events);
            after_sequence = page.next_after_sequence;
            if after_sequence == 0 {
                return Ok(events);
            }
        }
    }

    /// The intervals of billing's ledger that are still open.
    ///
    /// # Errors
    /// A call fails.
    pub async fn open_intervals(&self, workspace: WorkspaceId) -> anyhow::Result<Vec<billing::Interval>> {
        let mut client = UsageServiceClient::new(self.billing());
        let mut intervals = Vec::new();
        let mut page_token = String::new();
        loop {
            let message = billing::ListIntervalsRequest {
                page_size: PAGE,
                page_token,
                open_only: true,
                ..Default::default()
            };
            let page =
                answered("ListIntervals", client.list_intervals(self.request_for(workspace, message)).await)?;
            intervals.extend(page.intervals);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(intervals);
            }
        }
    }

    /// A statement of a range of local dates, without the second one.
    ///
    /// # Errors
    /// The call fails.
    pub async fn statement(
        &self,
        workspace: WorkspaceId,
        (start, end): (&str, &str),
    ) -> anyhow::Result<billing::GetStatementResponse> {
        let message = billing::GetStatementRequest {
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            ..Default::default()
        };
        let mut client = StatementServiceClient::new(self.billing());
        answered("GetStatement", client.get_statement(self.request_for(workspace, message)).await)
    }

    /// Usage by day and class, without the second date.
    ///
    /// # Errors
    /// The call fails.
    pub async fn usage(
        &self,
        workspace: WorkspaceId,
        (start, end): (&str, &str),
    ) -> anyhow::Result<billing::GetUsageResponse> {
        let message = billing::GetUsageRequest {
            start_date: start.to_owned(),
            end_date: end.to_owned(),
            ..Default::default()
        };
        let mut client = UsageServiceClient::new(self.billing());
        answered("GetUsage", client.get_usage(self.request_for(workspace, message)).await)
    }

    /// Sets the account.
    ///
    /// # Errors
    /// The call fails.
    pub async fn account(&self, workspace: WorkspaceId, account: billing::Account) -> anyhow::Result<()> {
        let message = billing::UpsertAccountRequest { account: Some(account) };
        let mut client = AccountServiceClient::new(self.billing());
        answered("UpsertAccount", client.upsert_account(self.request_for(workspace, message)).await).map(drop)
    }

    /// Adds prices by class that apply from the beginning.
    ///
    /// # Errors
    /// A call fails.
    pub async fn prices(&self, workspace: WorkspaceId, prices: &[(&str, &str)]) -> anyhow::Result<()> {
        let mut client = PriceServiceClient::new(self.billing());
        for (class, unit_price) in prices {
            let version = billing::PriceVersion {
                class: words::class(class),
                unit_price: (*unit_price).to_owned(),
                valid_from: "2020-01-01".to_owned(),
                ..Default::default()
            };
            let message = billing::CreatePriceVersionRequest { price_version: Some(version) };
            answered(
                "CreatePriceVersion",
                client.create_price_version(self.request_for(workspace, message)).await,
            )?;
        }
        Ok(())
    }

    /// Applies PATCH operations to a user as the operator, as the product itself would.
    ///
    /// # Errors
    /// The call fails.
    pub async fn patch_user(
        &self,
        workspace: WorkspaceId,
        id: &str,
        operations: &serde_json::Value,
    ) -> anyhow::Result<identity::User> {
        let patch = serde_json::json!({ "schemas": [crate::scim::PATCH_SCHEMA], "Operations": operations });
        let message = identity::PatchUserRequest {
            id: id.to_owned(),
            patch_json: patch.to_string(),
            ..Default::default()
        };
        let mut client = UserServiceClient::new(self.identity());
        let answer = answered("PatchUser", client.patch_user(self.request_for(workspace, message)).await)?;
        answer.user.context("PatchUser answered without the user")
    }

    /// The source of each attribute of a user.
    ///
    /// # Errors
    /// The call fails.
    pub async fn provenance(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let message = identity::GetUserRequest { id: id.to_owned(), with_provenance: true };
        let mut client = UserServiceClient::new(self.identity());
        let answer = answered("GetUser", client.get_user(self.request_for(workspace, message)).await)?;
        let user = answer.user.context("GetUser answered without the user")?;
        Ok(serde_json::from_str(&user.provenance_json)?)
    }
}

/// The message of an answer, or the failure with its reason.
fn answered<T>(call: &str, answer: Result<Response<T>, Status>) -> anyhow::Result<T> {
    answer.map(Response::into_inner).map_err(Failure::from).map_err(|failure| {
        anyhow::Error::from(failure.clone()).context(format!("{call}: {:?}", failure.reason))
    })
}
