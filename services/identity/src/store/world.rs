//! A workspace of a test, by one connection, and what that connection reads.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::trace::TraceContext;
use usher_base::{Audience, CallContext, Claims, Clock, KeySet};
use usher_store::testing::TestDatabase;
use usher_store::{Database, DatabaseConfig, ScopedDatabase};
use uuid::Uuid;

/// A workspace, by one connection.
pub(super) struct World {
    pub(super) database: Database,
    pub(super) scoped: ScopedDatabase,
    pub(super) ctx: CallContext,
    pub(super) owner: PgConnection,
    /// Counts what the cases make, so that each is new.
    pub(super) made: u64,
}

impl World {
    pub(super) async fn connect(database: &TestDatabase, workspace: WorkspaceId) -> Self {
        let clock = Clock::system();
        let key = SigningKey::generate().unwrap();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: "service:test".into(),
            aud: vec![Audience::Identity],
            tid: Some(workspace),
            scp: BTreeSet::new(),
            pol: None,
            iat: clock.now().as_second(),
            nbf: clock.now().as_second(),
            exp: clock.now().as_second() + 600,
            jti: "1".into(),
            key: None,
        };
        let token = key.sign(&claims).unwrap();
        let keys = KeySet::new([key.public()]).unwrap();
        let credential = keys.verify(&token, Audience::Identity, clock.now()).unwrap();
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

    /// The workspace, as `tenant_id`.
    pub(super) fn tenant(&self) -> Uuid {
        self.ctx.scope().unwrap().workspace_id().as_uuid()
    }

    /// Runs statements as the owner; `$tenant` is the workspace.
    pub(super) async fn run(&mut self, sql: &str) {
        let sql = sql.replace("$tenant", &format!("'{}'", self.tenant()));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.owner).await.unwrap();
    }

    /// Rows and pages that were read so far, by whom ever.
    pub(super) async fn read(&mut self) -> (i64, i64) {
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
