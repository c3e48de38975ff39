//! A test workspace on one connection, with counts of what that connection reads.

#![expect(clippy::unwrap_used, reason = "tests don't handle the error")]

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::trace::TraceContext;
use usher_base::{Audience, CallContext, Claims, Clock, KeySet, Permission};
use uuid::Uuid;

use crate::database::TestDatabase;
use usher_store::{Database, DatabaseConfig, ScopedDatabase, TenantTx};

/// A workspace of a test database on one connection, whose reads are counted.
#[derive(Debug)]
pub struct World {
    /// The one connection.
    pub database: Database,
    /// The database, restricted to the workspace.
    pub scoped: ScopedDatabase,
    /// The context of a call in the workspace.
    pub ctx: CallContext,
    /// A connection as the owner, which prepares cases.
    pub owner: PgConnection,
    /// The number of objects that the cases created, to make each unique.
    pub made: u64,
}

impl World {
    /// Connects as the service `audience`, with the given permissions in the workspace, of which there is at least one.
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
        let scoped = database.scoped(&ctx.scope(permissions[0]).unwrap());
        Self { database, scoped, ctx, owner, made: 0 }
    }

    /// The workspace.
    pub fn workspace(&self) -> WorkspaceId {
        self.ctx.workspace().unwrap()
    }

    /// The workspace's id as `tenant_id`.
    pub fn tenant(&self) -> Uuid {
        self.workspace().as_uuid()
    }

    /// Begins a transaction of the workspace.
    pub async fn begin(&self) -> TenantTx {
        self.scoped.begin().await.unwrap()
    }

    /// Runs statements as the owner. `$tenant` stands for the workspace's id.
    pub async fn run(&mut self, sql: &str) {
        let sql = sql.replace("$tenant", &format!("'{}'", self.tenant()));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.owner).await.unwrap();
    }

    /// The number of rows and of pages that all connections have read so far.
    pub async fn read(&mut self) -> (i64, i64) {
        // Makes the connection report its counts now, and not within a second.
        let mut tx = self.database.global().await.unwrap();
        sqlx::query("SELECT pg_stat_force_next_flush()").execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        // The same for the owner's connection; otherwise its reads would be counted for a later case.
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
