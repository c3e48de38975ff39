//! A workspace of a test, by one connection, and what that connection reads.

#![expect(clippy::unwrap_used, reason = "a test has no use for an error")]

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::trace::TraceContext;
use usher_base::{Audience, CallContext, Claims, Clock, KeySet, Permission};
use uuid::Uuid;

use super::TestDatabase;
use crate::{Database, DatabaseConfig, ScopedDatabase, TenantTx};

/// A workspace of a test database, by one connection, whose reads are counted.
#[derive(Debug)]
pub struct World {
    /// The one connection.
    pub database: Database,
    /// The workspace's part of it.
    pub scoped: ScopedDatabase,
    /// A call of the service in the workspace.
    pub ctx: CallContext,
    /// A connection of the owner, who prepares cases.
    pub owner: PgConnection,
    /// Counts what the cases make, so that each is new.
    pub made: u64,
}

impl World {
    /// Connects as the service `audience`, to do what the permissions allow in the workspace.
    pub async fn connect(
        database: &TestDatabase,
        audience: Audience,
        permissions: &[Permission],
        workspace: WorkspaceId,
    ) -> Self {
        let clock = Clock::system();
        let key = SigningKey::generate().unwrap();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: "service:test".into(),
            aud: vec![audience],
            tid: Some(workspace),
            scp: permissions.iter().copied().collect(),
            pol: None,
            iat: clock.now().as_second(),
            nbf: clock.now().as_second(),
            exp: clock.now().as_second() + 600,
            jti: "1".into(),
            key: None,
        };
        let token = key.sign(&claims).unwrap();
        let keys = KeySet::new([key.public()]).unwrap();
        let credential = keys.verify(&token, audience, clock.now()).unwrap();
        let ctx = CallContext::request(clock, credential, None, "test".into(), TraceContext::start(), None);
        let config = DatabaseConfig {
            url: database.url(),
            max_connections: 1,
            statement_timeout: Duration::from_secs(20),
            application: "test",
        };
        let owner = PgConnection::connect(&database.owner_url()).await.unwrap();
        let database = Database::open(&config).unwrap();
        let scoped = database.scoped(&ctx.scope().unwrap());
        Self { database, scoped, ctx, owner, made: 0 }
    }

    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.ctx.scope().unwrap().workspace_id()
    }

    /// The workspace, as `tenant_id`.
    pub fn tenant(&self) -> Uuid {
        self.workspace().as_uuid()
    }

    /// A transaction of the workspace.
    pub async fn begin(&self) -> TenantTx {
        self.scoped.begin().await.unwrap()
    }

    /// Runs statements as the owner; `$tenant` is the workspace.
    pub async fn run(&mut self, sql: &str) {
        let sql = sql.replace("$tenant", &format!("'{}'", self.tenant()));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.owner).await.unwrap();
    }

    /// Rows and pages that all connections have read so far.
    pub async fn read(&mut self) -> (i64, i64) {
        // The one connection tells its counts now, and not at some time within a second.
        let mut tx = self.database.global().await.unwrap();
        sqlx::query("SELECT pg_stat_force_next_flush()").execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        // So does the owner's: else a later case is told to have read what was prepared for an earlier one.
        sqlx::query("SELECT pg_stat_force_next_flush()").execute(&mut self.owner).await.unwrap();
        sqlx::query_as(
            "SELECT sum(t.seq_tup_read + coalesce(t.idx_tup_fetch, 0))::bigint,
               sum(b.heap_blks_read + b.heap_blks_hit + coalesce(b.idx_blks_read + b.idx_blks_hit, 0))::bigint
             FROM pg_stat_user_tables t JOIN pg_statio_user_tables b USING (relid)",
        )
        .fetch_one(&mut self.owner)
        .await
        .unwrap()
    }
}
