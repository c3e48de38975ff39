//! A workspace for a test, with an app and a token.
#![expect(clippy::unwrap_used, reason = "a test can't continue without its workspace")]

use std::collections::BTreeMap;

use usher_base::id::WorkspaceId;
use usher_proto::seats::v1::AtLimit;
use usher_proto::tenant::v1 as pb;

use crate::entra::attribute::USHER;
use crate::operator::{NewWorkspace, Operator, Seats};
use crate::scim::ScimClient;
use crate::words::class_name;

/// The properties of a workspace.
#[derive(Debug)]
pub struct WorkspaceBuilder {
    operator: Operator,
    gateway: String,
    new: NewWorkspace,
}

/// A workspace, its SCIM endpoint and its operator.
#[derive(Clone, Debug)]
pub struct Workspace {
    slug: String,
    id: WorkspaceId,
    app: String,
    token_id: String,
    scim: ScimClient,
    operator: Operator,
}

impl WorkspaceBuilder {
    pub(super) fn new(operator: Operator, gateway: String, slug: &str) -> Self {
        let new = NewWorkspace {
            slug: slug.to_owned(),
            plan: "Enterprise",
            domains: vec![format!("{slug}.example")],
            at_limit: AtLimit::Allow,
            seat_limit: None,
        };
        Self { operator, gateway, new }
    }

    /// Blocks more than this number of paid seats.
    #[must_use]
    pub fn blocked_at(mut self, seats: i64) -> Self {
        self.new.at_limit = AtLimit::Block;
        self.new.seat_limit = Some(seats);
        self
    }

    /// Sets a limit that blocks nothing.
    #[must_use]
    pub fn allowed_beyond(mut self, seats: i64) -> Self {
        self.new.at_limit = AtLimit::Allow;
        self.new.seat_limit = Some(seats);
        self
    }

    /// Sets another plan: `Open` (any domain), `Free` (no SCIM).
    #[must_use]
    pub fn plan(mut self, plan: &'static str) -> Self {
        self.new.plan = plan;
        self
    }

    /// Sets other approved domains.
    #[must_use]
    pub fn domains(mut self, domains: &[&str]) -> Self {
        self.new.domains = domains.iter().map(|domain| (*domain).to_owned()).collect();
        self
    }

    /// Creates the workspace, with an app and a token.
    pub async fn create(self) -> Workspace {
        let id = self.operator.workspace(&self.new).await.unwrap();
        let app = self.operator.app(id, "Azure AD SCIM").await.unwrap();
        let message =
            pb::CreateTokenRequest { app_id: app.clone(), name: "test".into(), ..Default::default() };
        let token = self.operator.token(id, message).await.unwrap();
        let slug = self.new.slug;
        let scim = ScimClient::new(format!("{}/scim/v2/{slug}", self.gateway), token.secret);
        Workspace { slug, id, app, token_id: token.id, scim, operator: self.operator }
    }
}

impl Workspace {
    /// The name in URLs.
    pub fn slug(&self) -> &str {
        &self.slug
    }

    pub const fn id(&self) -> WorkspaceId {
        self.id
    }

    pub fn app(&self) -> &str {
        &self.app
    }

    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// The SCIM endpoint, with the token.
    pub const fn scim(&self) -> &ScimClient {
        &self.scim
    }

    /// An address in the approved domain.
    pub fn address(&self, local: &str) -> String {
        format!("{local}@{}.example", self.slug)
    }

    /// Waits until billing has all seat events.
    pub async fn settle(&self) {
        self.operator.settle(self.id).await.unwrap();
    }

    /// The seats. Checks that all sources agree: identity's counters, identity's rows as SCIM shows them, and the
    /// open intervals in billing.
    pub async fn seats(&self) -> Seats {
        self.settle().await;
        let counters = self.operator.seats(self.id).await.unwrap();
        let open = self.operator.open_intervals(self.id).await.unwrap();
        let ledger = Seats::from_counts(open.iter().map(|interval| (class_name(interval.class), 1)));
        assert_eq!(counters, ledger, "identity's counters are not billing's open intervals");
        let listed = self.scim.everybody().await;
        // In these tests, users of one app with the same externalId are one person, who counts once, in the highest
        // class.
        let mut persons: BTreeMap<&str, &str> = BTreeMap::new();
        for user in listed.iter().filter(|user| user["active"] == true) {
            let person = user["externalId"].as_str().or(user["id"].as_str()).unwrap_or_default();
            let class = user[USHER]["userType"].as_str().unwrap_or_default();
            let counted = persons.entry(person).or_insert(class);
            if rank(class) > rank(counted) {
                *counted = class;
            }
        }
        let census = Seats::from_counts(persons.into_values().map(|class| (class, 1)));
        assert_eq!(counters, census, "the counters differ from the active persons");
        counters
    }

    pub async fn update(&self, message: pb::UpdateWorkspaceRequest) -> pb::Workspace {
        self.operator.update_workspace(self.id, message).await.unwrap()
    }

    /// Another token of the app.
    pub async fn token(&self) -> crate::operator::NewToken {
        let message =
            pb::CreateTokenRequest { app_id: self.app.clone(), name: "another".into(), ..Default::default() };
        self.operator.token(self.id, message).await.unwrap()
    }
}

fn rank(class: &str) -> u8 {
    match class {
        "Regular" => 3,
        "External" => 2,
        _ => 1,
    }
}
