//! Tests the limits on nested groups, which limit the cost of reading members.

use usher_base::Clock;
use usher_base::id::{GroupId, WorkspaceId};
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::error::IdentityError;
use crate::store::groups::{self, Members, NewMembers, WriteOutcome};
use crate::store::world::World;

fn id(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// A workspace with the empty groups 0, 1, 2 …
async fn world(groups: u32) -> World {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let mut world = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    let sql = format!(
        "INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, version, created_at, updated_at)
         SELECT $tenant, ('00000000-0000-0000-0000-' || lpad(to_hex(n + 1), 12, '0'))::uuid, 'g' || n, 'g' || n, 1, now(),
           now()
         FROM generate_series(0, {groups} - 1) n"
    );
    world.run(&sql).await;
    world
}

async fn put(world: &World, inner: &[u32], outer: u32) -> Result<WriteOutcome, IdentityError> {
    let ids: Vec<Uuid> = inner.iter().copied().map(id).collect();
    let displays = vec![None; ids.len()];
    let members = Members { clear: false, add: NewMembers { ids, displays }, remove: Vec::new() };
    let group = GroupId::from_uuid(id(outer));
    let write = groups::Write { id: group, versions: &[], attributes: None, members: &members };
    groups::write(&world.scoped, &world.ctx, &write).await
}

#[tokio::test]
async fn groups_are_nested_at_most_eight_levels_deep() {
    let world = world(10).await;
    for at in 1..8 {
        put(&world, &[at], at - 1).await.unwrap_or_else(|error| panic!("level {at}: {error}"));
    }

    let below = put(&world, &[8], 7).await;
    let above = put(&world, &[0], 9).await;
    let circle = put(&world, &[0], 7).await;
    let aside = put(&world, &[9], 6).await;

    for refused in [below, above] {
        let Err(error) = refused else { panic!("a ninth level") };
        assert!(matches!(error, IdentityError::NestedTooDeep), "{error}");
        assert!(error.to_string().contains("at most 8 levels deep"), "{error}");
    }
    assert!(matches!(circle, Err(IdentityError::CircularMembers(_))));
    assert!(aside.is_ok());
}

#[tokio::test]
async fn at_most_a_thousand_groups_are_nested_in_one_another() {
    let world = world(1_010).await;
    let inner: Vec<u32> = (1..1_000).collect();
    put(&world, &inner, 0).await.unwrap_or_else(|error| panic!("{error}"));

    let beyond = put(&world, &[1_001], 0).await;
    let deeper = put(&world, &[1_001], 1).await;
    let elsewhere = put(&world, &[1_002], 1_001).await;

    for refused in [beyond, deeper] {
        assert!(matches!(refused, Err(IdentityError::TooManyNested)));
    }
    assert!(elsewhere.is_ok());
}

#[tokio::test]
async fn two_writes_at_once_make_no_circle_of_groups() {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let workspace = WorkspaceId::new(&Clock::system());
    let mut one = World::connect(&database, workspace).await;
    let other = World::connect(&database, workspace).await;
    for round in 0..20_u32 {
        let (a, b) = (round * 2, round * 2 + 1);
        let sql = format!(
            "INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, version, created_at, updated_at)
             VALUES ($tenant, '{}', 'g{a}', 'g{a}', 1, now(), now()), ($tenant, '{}', 'g{b}', 'g{b}', 1, now(), now())",
            id(a),
            id(b)
        );
        one.run(&sql).await;

        let (of_one, of_other) = ([a], [b]);
        let (first, second) = tokio::join!(put(&one, &of_one, b), put(&other, &of_other, a));

        let done = [first, second].into_iter().filter(|it| matches!(it, Ok(WriteOutcome::Done(_)))).count();
        assert_eq!(done, 1, "round {round}");
    }
}
