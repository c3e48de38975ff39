//! `usher.tenant.v1.AccessService`

use std::time::Duration;

use jiff::Timestamp;
use tonic::Streaming;
use usher_base::Reason;
use usher_base::id::{AppId, TokenId, WorkspaceId};
use usher_base::secret::ScimToken;
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::access_service_client::AccessServiceClient;
use usher_rpc::convert::from_wire;
use usher_rpc::{Channels, Failure, Outgoing, ServiceCredential};
use usher_scim::Profile;

use crate::layers::RequestContext;

/// The maximum time for a check: one row, and one argon2id hash if no current key made the token's MAC.
const CHECK: Duration = Duration::from_secs(5);

/// A client of tenant, with the gateway's own credential.
#[derive(Clone, Debug)]
pub(crate) struct AccessClient {
    client: AccessServiceClient<Channels>,
    credential: ServiceCredential,
}

/// A token that tenant accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// The credential for calls to identity.
    pub(crate) credential: String,
    pub(crate) ends_at: Timestamp,
    pub(crate) workspace: WorkspaceId,
    pub(crate) app: AppId,
    pub(crate) token: TokenId,
    /// The dialect of the app's identity provider.
    pub(crate) profile: Profile,
    /// Whether the app's `externalId` values are never given to another person.
    pub(crate) external_id_stable: bool,
    /// If only deactivations are permitted: the error for all other requests.
    pub(crate) leaving_only: Option<Failure>,
}

/// Which cached checks are outdated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Announcement {
    Workspaces(Vec<WorkspaceId>),
    Everything,
}

/// The stream of announcements.
pub(crate) struct Announcements(Streaming<pb::WatchAccessResponse>);

impl AccessClient {
    pub(crate) fn new(channels: Channels, credential: ServiceCredential) -> Self {
        Self { client: AccessServiceClient::new(channels), credential }
    }

    /// Checks a token at a workspace's URL.
    pub(crate) async fn check(
        &self,
        workspace: &str,
        token: &ScimToken,
        context: &RequestContext,
    ) -> Result<Accepted, Failure> {
        let credential = self.credential.current().await?;
        let outgoing = Outgoing {
            credential: &credential,
            workspace: None,
            request_id: &context.id,
            trace: Some(context.trace),
            timeout: CHECK.min(context.time_left()),
        };
        let message =
            pb::CheckTokenRequest { workspace: workspace.to_owned(), token: token.expose().to_owned() };
        let answer = self.client.clone().check_token(outgoing.request(message)).await?.into_inner();
        let broken = || Failure::new(Reason::Internal, "can't parse tenant's answer to a token check");
        Ok(Accepted {
            ends_at: answer
                .expire_time
                .and_then(|at| from_wire("expire_time", at).ok())
                .ok_or_else(broken)?,
            profile: match answer.profile() {
                pb::ScimProfile::Strict => Profile::Strict,
                pb::ScimProfile::Default | pb::ScimProfile::Unspecified => Profile::Default,
            },
            workspace: answer.workspace_id.parse().map_err(|_| broken())?,
            app: answer.app_id.parse().map_err(|_| broken())?,
            token: answer.token_id.parse().map_err(|_| broken())?,
            external_id_stable: answer.external_id_stable,
            leaving_only: answer
                .leaving_only
                .map(|why| {
                    let reason = Reason::from_name(&why.reason).ok_or_else(broken)?;
                    Ok::<_, Failure>(Failure::new(reason, why.message))
                })
                .transpose()?,
            credential: answer.credential,
        })
    }

    /// Opens the stream.
    pub(crate) async fn watch(&self) -> Result<Announcements, Failure> {
        let credential = self.credential.current().await?;
        let outgoing = Outgoing {
            credential: &credential,
            workspace: None,
            request_id: "watch-access",
            trace: None,
            timeout: CHECK,
        };
        let answer = self.client.clone().watch_access(outgoing.request(pb::WatchAccessRequest {})).await?;
        Ok(Announcements(answer.into_inner()))
    }
}

impl Announcements {
    /// Waits for the next announcement. An empty one is a heartbeat.
    pub(crate) async fn next(&mut self) -> Result<Announcement, Failure> {
        let message = self.0.message().await?;
        let message = message.ok_or_else(|| Failure::new(Reason::Unavailable, "tenant ended the stream"))?;
        if message.everything {
            return Ok(Announcement::Everything);
        }
        let workspaces = message.workspace_ids.iter().map(|id| id.parse()).collect::<Result<_, _>>();
        // An announcement that can't be parsed may concern any workspace.
        Ok(workspaces.map_or(Announcement::Everything, Announcement::Workspaces))
    }
}
