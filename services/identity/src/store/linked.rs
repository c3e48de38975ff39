//! Tests that linked persons use one seat, in whatever order links and users are added and removed.

use usher_base::Clock;
use usher_base::id::{PersonKey, WorkspaceId};
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::store::world::World;
use crate::store::{seats, states};

/// Six persons in three classes. Number 6 has two users and is inactive.
const PEOPLE: &str = "DO $$
BEGIN
  FOR n IN 1..7 LOOP
    PERFORM create_user($tenant, ('00000000-0000-0001-0000-00000000000' || n)::uuid, now(), 'u' || n, 'u' || n, NULL,
      n < 6, CASE n % 3 WHEN 0 THEN 'Regular' WHEN 1 THEN 'External' ELSE 'Collaborator' END, NULL, NULL, false, false,
      '{}', '{}', '{}', '', '', gen_random_uuid(), ('00000000-0000-0003-0000-00000000000' || least(n, 6))::uuid, '',
      false);
  END LOOP;
END $$";

fn person(number: u128) -> PersonKey {
    PersonKey::from_uuid(Uuid::from_u128((3 << 64) | number))
}

/// Stores person links: pairs of a key, and the key that represents it.
async fn link(world: &World, version: &str, pairs: &[(u128, u128)]) {
    let links: Vec<_> = pairs.iter().map(|(key, stands)| (person(*key), person(*stands))).collect();
    states::take_links(&world.scoped, version, &links).await.unwrap();
}

async fn counted(world: &World) -> (i64, i64, i64) {
    let seats = seats::read(&world.scoped).await.unwrap();
    (seats.regular, seats.external, seats.collaborator)
}

#[tokio::test]
async fn linked_persons_are_counted_once_in_the_highest_class_when_links_come_change_and_go() {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let mut world = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    world.run(PEOPLE).await;
    // 1 and 4 are External, 2 and 5 Collaborators, 3 is Regular.
    assert_eq!(counted(&world).await, (1, 2, 2));

    link(&world, "a", &[(1, 1), (2, 1)]).await;
    assert_eq!(counted(&world).await, (1, 2, 1));
    link(&world, "a", &[(1, 1), (2, 1)]).await;
    assert_eq!(counted(&world).await, (1, 2, 1), "repeating it changes nothing");
    link(&world, "b", &[(1, 1), (2, 1), (3, 1), (4, 4), (5, 4), (6, 4)]).await;
    assert_eq!(counted(&world).await, (1, 1, 0));
    // The inactive person returns as Regular, and counts for the linked person's seat.
    world
        .run(
            "SELECT append_change($tenant, now(), 4::smallint, '00000000-0000-0001-0000-000000000006', 2, '{}', '', '',
             NULL, 'Regular', 'Regular', 'scim.reactivate', gen_random_uuid(), '00000000-0000-0003-0000-000000000006',
             false);
             UPDATE users SET active = true WHERE user_name = 'u6'",
        )
        .await;
    assert_eq!(counted(&world).await, (2, 0, 0));

    link(&world, "", &[]).await;
    assert_eq!(counted(&world).await, (2, 2, 2), "each counts separately again");
    let version: String = sqlx::query_scalar("SELECT links_version FROM heads WHERE tenant_id = $1")
        .bind(world.tenant())
        .fetch_one(&mut world.owner)
        .await
        .unwrap();
    assert_eq!(version, "");
}
