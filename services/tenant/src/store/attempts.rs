//! Counters of wrong passwords.

use jiff::Timestamp;
use usher_base::id::AdminId;
use usher_store::{Database, Error, ScopedDatabase, TenantTx, Time};
use uuid::Uuid;

/// The counter of passwords that are given again. Peers have the counters from 0 up.
pub(crate) const AGAIN: i32 = -2;

/// Counts an attempt before its password is checked, so that parallel guesses count too. Returns the time until which
/// attempts are refused, if they are.
pub(crate) async fn begin(
    database: &ScopedDatabase,
    account: Uuid,
    place: i32,
    now: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let row: Option<(Option<Time>,)> = database
        .statement("SELECT blocked_until FROM begin_attempt($1, $2, $3, $4)")
        .bind(account)
        .bind(place)
        .bind(Time(now))
        .fetch_optional()
        .await?;
    Ok(row.and_then(|(until,)| until).map(|until| until.0))
}

/// Resets the peer's counter, and remembers the peer, after a right password.
pub(crate) async fn succeed(
    database: &ScopedDatabase,
    account: Uuid,
    place: i32,
    now: Timestamp,
) -> Result<(), Error> {
    let _: Option<(i32,)> = database
        .statement("SELECT * FROM succeed_attempt($1, $2, $3, $4)")
        .bind(account)
        .bind(place)
        .bind(Time(now))
        .fetch_optional()
        .await?;
    Ok(())
}

/// Deletes at most `max` rows of all workspaces that no longer affect any decision.
pub(crate) async fn expire(database: &Database, now: Timestamp, max: i32) -> Result<i64, Error> {
    let mut tx = database.global().await?;
    let deleted = sqlx::query_scalar("SELECT expire_attempts($1, $2)")
        .bind(Time(now))
        .bind(max)
        .fetch_one(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(deleted)
}

/// Deletes all counters of an admin.
pub(crate) async fn forget(tx: &mut TenantTx, admin: AdminId) -> Result<(), Error> {
    let tenant = tx.tenant();
    sqlx::query("DELETE FROM sign_in_attempts WHERE tenant_id = $1 AND account = $2")
        .bind(tenant)
        .bind(admin.as_uuid())
        .execute(tx.conn())
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use usher_base::Clock;
    use usher_base::id::WorkspaceId;
    use usher_testing::TestDatabase;

    use super::*;
    use crate::store::world::World;

    #[tokio::test]
    async fn attempts_are_deleted_when_no_decision_reads_them_any_more_and_not_before() {
        let database = TestDatabase::create("tenant", &crate::MIGRATOR).await;
        let mut world = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
        // Counters: 1 has expired, 2 has not, 3 is still refused, 4 is a known peer, 5 was one.
        world
            .run(
                "INSERT INTO sign_in_attempts (tenant_id, account, place, failures, failed_at, blocked_until, known_until)
                 SELECT $tenant, gen_random_uuid(), place, failures, now() - ago, now() + refused, now() + known
                 FROM (VALUES
                   (1, 3, interval '31 minutes', NULL, NULL),
                   (2, 3, interval '29 minutes', NULL, NULL),
                   (3, 1, interval '20 minutes', interval '1 minute', NULL),
                   (4, 0, interval '89 days', NULL, interval '1 day'),
                   (5, 0, interval '91 days', interval '-91 days', interval '-1 day'))
                   AS t (place, failures, ago, refused, known)",
            )
            .await;
        let now = Clock::system().now();

        // Whatever time is passed, the database's own clock decides.
        let far = now + SignedDuration::from_hours(10_000);
        let first = expire(&world.database, far, 1).await.unwrap();
        let rest = expire(&world.database, now, 5_000).await.unwrap();

        assert_eq!((first, rest), (1, 1), "in batches");
        let left: Vec<i32> = sqlx::query_scalar("SELECT place FROM sign_in_attempts ORDER BY place")
            .fetch_all(&mut world.owner)
            .await
            .unwrap();
        assert_eq!(left, [2, 3, 4]);
    }
}
