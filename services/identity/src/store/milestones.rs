//! Tests that the milestones of a list give the number of resources before a position, whatever was added and
//! deleted.

use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::store::filter::Table;
use crate::store::groups;
use crate::store::listing::{Listing, Position, Reader, Window};
use crate::store::users;
use crate::store::world::World;

/// Starts with 60 milestones of users, so that a chapter begins soon. Users and groups are added in three waves, some
/// of them between existing ones, and are deleted between the waves, at random and from one end.
const WAVES: &str = "DO $$
DECLARE
  v_id uuid;
BEGIN
  PERFORM setseed(0.5);
  INSERT INTO users (tenant_id, user_id, user_name, user_name_key, active, user_type, several_work_emails, other_emails,
      connection, resource, provenance, version, person_key, created_at, updated_at)
    SELECT $tenant, ('00000000-0000-0001-0000-' || lpad(to_hex(n * 4), 12, '0'))::uuid, 'o' || n, 'o' || n, false,
      'Regular', false, false, '', '{}', '{}', 1, gen_random_uuid(), now(), now()
    FROM generate_series(1, 60 * 128) n;
  INSERT INTO milestones (tenant_id, list, last_id, resources)
    SELECT $tenant, 1, ('00000000-0000-0001-0000-' || lpad(to_hex(n * 128 * 4), 12, '0'))::uuid, 128
    FROM generate_series(1, 60) n;
  INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator, users_until)
    SELECT $tenant, 0, 0, now(), 0, 0, 0, max(last_id::text)::uuid FROM milestones WHERE tenant_id = $tenant;
  FOR n IN 1..1200 LOOP
    v_id := ('00000000-0000-0001-0000-' || lpad(to_hex(CASE WHEN n % 5 = 0 THEN n * 3 * 4 + 1 ELSE n + 100000 END), 12, '0'))::uuid;
    PERFORM create_user($tenant, v_id, now(), 'u' || n, 'u' || n, NULL, true, 'Regular', NULL, NULL, false, false, '{}',
      '{}', '{}', '', '', gen_random_uuid(), gen_random_uuid(), '', false);
    PERFORM create_group($tenant, v_id, now(), 'g' || n, 'g' || n, NULL, '{}', '{}', '{}', '', '');
    IF n % 400 = 0 THEN
      PERFORM delete_user($tenant, u.user_id, now(), '{}', '', '', gen_random_uuid())
      FROM (SELECT user_id FROM users WHERE tenant_id = $tenant ORDER BY user_id LIMIT 300) u;
      PERFORM delete_user($tenant, u.user_id, now(), '{}', '', '', gen_random_uuid())
      FROM (SELECT user_id FROM users WHERE tenant_id = $tenant ORDER BY random() LIMIT 200) u;
      PERFORM delete_group($tenant, g.group_id, now(), '{}', '', '')
      FROM (SELECT group_id FROM groups WHERE tenant_id = $tenant ORDER BY random() LIMIT 100) g;
    END IF;
    IF n % 100 = 0 THEN
      COMMIT;
    END IF;
  END LOOP;
END $$";

/// Compares milestones or chapters with the existing resources; returns their number.
async fn compare(world: &mut World, list: i16, all: &[Uuid], max: i64) -> usize {
    let kept: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT last_id, resources FROM milestones WHERE tenant_id = $1 AND list = $2 ORDER BY 1",
    )
    .bind(world.tenant())
    .bind(list)
    .fetch_all(&mut world.owner)
    .await
    .unwrap();
    let mut before = 0;
    for (last, resources) in &kept {
        let up_to = all.partition_point(|id| id <= last);
        assert_eq!(*resources, i64::try_from(up_to - before).unwrap(), "list {list} up to {last}: {kept:?}");
        before = up_to;
    }
    assert!(kept.iter().all(|(_, it)| *it < max), "list {list}: {kept:?}");
    kept.len()
}

async fn page(world: &World, table: Table, offset: i64, after: Option<&Position>) -> (Vec<Uuid>, i64) {
    let listing = Listing {
        filter: None,
        order: None,
        window: Window::Index(offset, after),
        count: 40,
        reader: Reader::default(),
    };
    let page = match table {
        Table::Users => users::page(&world.scoped, &listing, false).await.unwrap().1,
        Table::Groups => groups::page(&world.scoped, &listing).await.unwrap().1,
    };
    (page.ids, page.total)
}

#[tokio::test]
async fn a_page_by_index_begins_where_counting_would_find_it() {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let mut world = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    world.run(WAVES).await;
    for (table, sql) in [
        (Table::Users, "SELECT user_id FROM users WHERE tenant_id = $1 ORDER BY user_id"),
        (Table::Groups, "SELECT group_id FROM groups WHERE tenant_id = $1 ORDER BY group_id"),
    ] {
        let tenant = world.tenant();
        let all: Vec<Uuid> = sqlx::query_scalar(sql).bind(tenant).fetch_all(&mut world.owner).await.unwrap();
        let total = i64::try_from(all.len()).unwrap();
        let milestones = compare(&mut world, table.list(), &all, 256).await;
        let chapters = compare(&mut world, table.list() + 10, &all, 64 * 256).await;
        let expected = usize::from(matches!(table, Table::Users));
        assert!(milestones > 3 && chapters == expected, "{table:?}: {milestones} and {chapters}");
        for offset in (0..all.len() + 60).step_by(47) {
            let expected: Vec<Uuid> = all.iter().skip(offset).take(40).copied().collect();
            let at = i64::try_from(offset).unwrap();

            let found = page(&world, table, at, None).await;
            assert_eq!(found, (expected, total), "{table:?} at {offset}");

            // After a position whose offset is stated ten too high, ten are counted.
            let Some(id) = offset.checked_sub(1).and_then(|at| all.get(at)).copied() else { continue };
            let position = Position { backward: false, key: None, id, total: 0 };
            let (ids, counted) = page(&world, table, at + 10, Some(&position)).await;
            assert_eq!((ids, counted), (found.0, total + 10), "{table:?} at {offset}");
        }
    }
}
