//! A page by index costs what the first one does, and what a cursor's page does, wherever it is.

use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_store::testing::TestDatabase;
use uuid::Uuid;

use crate::store::listing::{Listing, Position, Reader, Window};
use crate::store::users;
use crate::store::world::World;

const PEOPLE: &str = include_str!("plans/people.sql");
/// A page of an identity provider.
const COUNT: i64 = 100;
/// As many as there are.
const ALL: i64 = 20_000;

/// Who is the last one before so many.
fn behind(offset: i64) -> Position {
    let id = Uuid::from_u128((1 << 64) | u128::try_from(offset).unwrap());
    Position { backward: false, key: None, id, total: ALL }
}

/// Which page is asked for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    /// By an index that nothing is known of.
    Jump(i64),
    /// By an index at which the page before ended.
    Next(i64),
    Cursor(i64),
}

/// Pages of the database that a page of users takes, when plans are settled. Without their groups, of which some have
/// more than others.
async fn cost(world: &mut World, asked: Asked) -> i64 {
    let mut before = 0;
    for _ in 0..8 {
        before = world.read().await.1;
        let (offset, position) = match asked {
            Asked::Jump(offset) => (offset, None),
            Asked::Next(offset) | Asked::Cursor(offset) => (offset, Some(behind(offset))),
        };
        let window = match asked {
            Asked::Cursor(_) => Window::Cursor(position.as_ref()),
            Asked::Jump(_) | Asked::Next(_) => Window::Index(offset, position.as_ref()),
        };
        let listing = Listing { filter: None, order: None, window, count: COUNT, reader: Reader::default() };
        let (users, page) = users::page(&world.scoped, &listing, false).await.unwrap();
        let first = users.first().map(|user| user.id.as_uuid());
        assert_eq!((first, users.len(), page.total), (Some(behind(offset + 1).id), 100, ALL), "{asked:?}");
    }
    world.read().await.1 - before
}

#[tokio::test]
async fn a_page_by_index_costs_what_the_first_and_a_cursors_page_cost_wherever_it_is_also_after_a_jump() {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let mut world = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    world.run(&PEOPLE.replace("$people", &ALL.to_string())).await;
    for vacuumed in [false, true] {
        if vacuumed {
            world.run("VACUUM ANALYZE users").await;
            world.run("VACUUM ANALYZE milestones").await;
        }
        let first = cost(&mut world, Asked::Jump(0)).await;
        let cursor = cost(&mut world, Asked::Cursor(ALL - COUNT)).await;
        let mut costs = Vec::new();
        // Behind a milestone, before the next one, where a chapter ends, and the last page.
        for offset in [129, 12_927, 64 * 128 - 1, 16_511, ALL - COUNT] {
            for asked in [Asked::Jump(offset), Asked::Next(offset)] {
                costs.push((asked, cost(&mut world, asked).await));
            }
        }
        let dear = |(_, cost): &&(Asked, i64)| cost * 10 > first * 12 || cost * 10 > cursor * 12;
        let dear: Vec<_> = costs.iter().filter(dear).collect();
        assert!(dear.is_empty(), "vacuumed {vacuumed}: first {first}, by cursor {cursor}: {costs:?}");
    }
}
