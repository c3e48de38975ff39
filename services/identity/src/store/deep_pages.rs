//! Tests that every index-based page costs as much as the first one, and as a cursor-based page.

use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_testing::TestDatabase;
use uuid::Uuid;

use crate::store::listing::{Listing, Position, Reader, Window};
use crate::store::users;
use crate::store::world::World;

const PEOPLE: &str = include_str!("plans/people.sql");
/// The page size of an identity provider.
const COUNT: i64 = 100;
/// The total number.
const ALL: i64 = 20_000;

/// The position after this many users.
fn behind(offset: i64) -> Position {
    let id = Uuid::from_u128((1 << 64) | u128::try_from(offset).unwrap());
    Position { backward: false, key: None, id, total: ALL }
}

/// The page that is requested.
#[derive(Clone, Copy, Debug)]
enum PageRequest {
    /// By an index whose position is unknown.
    Jump(i64),
    /// By the index at which the previous page ended.
    Next(i64),
    Cursor(i64),
}

/// The number of database pages that a page of users reads once plans are settled. Without their groups, whose number
/// varies.
async fn cost(world: &mut World, asked: PageRequest) -> i64 {
    let mut before = 0;
    for _ in 0..8 {
        before = world.read().await.1;
        let (offset, position) = match asked {
            PageRequest::Jump(offset) => (offset, None),
            PageRequest::Next(offset) | PageRequest::Cursor(offset) => (offset, Some(behind(offset))),
        };
        let window = match asked {
            PageRequest::Cursor(_) => Window::Cursor(position.as_ref()),
            PageRequest::Jump(_) | PageRequest::Next(_) => Window::Index(offset, position.as_ref()),
        };
        let listing = Listing { filter: None, order: None, window, count: COUNT, reader: Reader::default() };
        let (users, page) = users::page(&world.scoped, &listing, false).await.unwrap();
        let first = users.first().map(|user| user.id.as_uuid());
        assert_eq!((first, users.len(), page.total), (Some(behind(offset + 1).id), 100, ALL), "{asked:?}");
    }
    world.read().await.1 - before
}

#[tokio::test]
async fn an_index_based_page_costs_as_much_as_the_first_and_as_a_cursor_based_one_even_after_a_jump() {
    let database = TestDatabase::create("identity", &crate::MIGRATOR).await;
    let mut world = World::connect(&database, WorkspaceId::new(&Clock::system())).await;
    world.run(&PEOPLE.replace("$people", &ALL.to_string())).await;
    for vacuumed in [false, true] {
        if vacuumed {
            world.run("VACUUM ANALYZE users").await;
            world.run("VACUUM ANALYZE milestones").await;
        }
        let first = cost(&mut world, PageRequest::Jump(0)).await;
        let cursor = cost(&mut world, PageRequest::Cursor(ALL - COUNT)).await;
        let mut costs = Vec::new();
        // After a milestone, before the next one, at the end of a chapter, and the last page.
        for offset in [129, 12_927, 64 * 128 - 1, 16_511, ALL - COUNT] {
            for asked in [PageRequest::Jump(offset), PageRequest::Next(offset)] {
                costs.push((asked, cost(&mut world, asked).await));
            }
        }
        let dear = |(_, cost): &&(PageRequest, i64)| cost * 10 > first * 12 || cost * 10 > cursor * 12;
        let dear: Vec<_> = costs.iter().filter(dear).collect();
        assert!(dear.is_empty(), "vacuumed {vacuumed}: first {first}, by cursor {cursor}: {costs:?}");
    }
}
