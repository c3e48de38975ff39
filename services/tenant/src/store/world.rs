//! A workspace of a test, by one connection, and what that connection reads.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_base::credential::ISSUER;
use usher_base::id::WorkspaceId;
use usher_base::key::SigningKey;
use usher_base::{Audience, Claims, Clock, KeySet};
use usher_store::testing::TestDatabase;
use usher_store::{Database, DatabaseConfig, ScopedDatabase};

/// A workspace, by one connection.
pub(super) struct World {
    pub(super) database: Database,
    pub(super) scoped: ScopedDatabase,
    pub(super) owner: PgConnection,
    tenant: WorkspaceId,
}

impl World {
    pub(super) async fn connect(database: &TestDatabase, tenant: WorkspaceId) -> Self {
        let (clock, key) = (Clock::system(), SigningKey::generate().unwrap());
        let now = clock.now();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: "service:test".into(),
            aud: vec![Audience::Tenant],
            tid: Some(tenant),
            scp: BTreeSet::new(),
            pol: None,
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: now.as_second() + 600,
            jti: "1".into(),
            key: None,
        };
        let keys = KeySet::new([key.public()]).unwrap();
        let credential = keys.verify(&key.sign(&claims).unwrap(), Audience::Tenant, now).unwrap();
        let owner = PgConnection::connect(&database.owner_url()).await.unwrap();
        let database = Database::open(&DatabaseConfig {
            url: database.url(),
            max_connections: 1,
            statement_timeout: Duration::from_secs(20),
            application: "test",
        })
        .unwrap();
        let scoped = database.scoped(&credential.scope(None).unwrap());
        Self { database, scoped, owner, tenant }
    }

    /// Runs statements as the owner; `$tenant` is the workspace.
    pub(super) async fn run(&mut self, sql: &str) {
        let sql = sql.replace("$tenant", &format!("'{}'", self.tenant));
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.owner).await.unwrap();
    }

    /// Rows and pages that were read so far.
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
