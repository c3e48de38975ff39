//! The size of what is read of a change log at once.

use std::time::Duration;

use prost::Message as _;
use sqlx::Connection as _;
use tokio::time::timeout;
use usher_proto::identity::v1 as pb;
use uuid::Uuid;

use crate::site::Site;

/// The maximum size of a page or message, including overhead.
const MAX_PAGE_BYTES: usize = (1 << 20) + 64;

/// Writes entries for changes of a group: this number of entries, with this number of added and removed members each.
async fn write(site: &Site, entries: i64, came: i32, went: i32) -> Uuid {
    let (group, workspace) = (Uuid::new_v4(), site.operator().workspace.as_uuid());
    let mut owner = site.owner().await;
    let mut tx = owner.begin().await.unwrap();
    sqlx::query("SELECT app_set_tenant($1)").bind(workspace).execute(&mut *tx).await.unwrap();
    sqlx::query(
        "SELECT append_group_change($1, now(), 7::smallint, $2, 2, '{members,displayName}',
           ARRAY(SELECT gen_random_uuid() FROM generate_series(1, $4)),
           ARRAY(SELECT gen_random_uuid() FROM generate_series(1, $5)), 'service:test', 'test')
         FROM generate_series(1, $3)",
    )
    .bind(workspace)
    .bind(group)
    .bind(entries)
    .bind(came)
    .bind(went)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    group
}

#[tokio::test]
async fn pages_and_messages_of_a_change_log_end_by_their_size_and_lose_nothing() {
    let site = Site::start().await;
    let operator = site.operator();
    write(&site, 60, 1_500, 1_000).await;
    let all: Vec<i64> = (1..=60).collect();

    let (mut listed, mut pages, mut after) = (Vec::new(), 0, 0);
    loop {
        let page = operator.changes_after(after).await;
        assert!(page.encoded_len() <= MAX_PAGE_BYTES, "{}", page.encoded_len());
        listed.extend(page.changes.iter().map(|change| change.sequence));
        pages += 1;
        after = page.next_after_sequence;
        if after == 0 {
            break;
        }
        assert_eq!(Some(&after), listed.last());
    }
    assert_eq!(listed, all);
    assert!((6..=12).contains(&pages), "{pages} pages of 5.7 MB");

    let mut stream = operator.watch(0).await.unwrap();
    let mut watched = Vec::new();
    while watched.len() < all.len() {
        let message = timeout(Duration::from_secs(5), stream.message()).await.unwrap().unwrap().unwrap();
        assert!(message.encoded_len() <= MAX_PAGE_BYTES, "{}", message.encoded_len());
        watched.extend(message.changes.iter().map(|change| change.sequence));
    }
    assert_eq!(watched, all);

    // Messages with new entries are limited by size too.
    write(&site, 40, 1_500, 1_000).await;
    while watched.len() < 100 {
        let message = timeout(Duration::from_secs(5), stream.message()).await.unwrap().unwrap().unwrap();
        assert!(message.encoded_len() <= MAX_PAGE_BYTES, "{}", message.encoded_len());
        watched.extend(message.changes.iter().map(|change| change.sequence));
    }
    assert_eq!(watched, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_change_of_very_many_members_is_several_entries_of_one_version() {
    let site = Site::start().await;
    let operator = site.operator();
    let group = write(&site, 1, 12_000, 25_000).await;

    let mut changes = Vec::new();
    let mut after = 0;
    loop {
        let page = operator.changes_after(after).await;
        changes.extend(page.changes);
        after = page.next_after_sequence;
        if after == 0 {
            break;
        }
    }

    let counts: Vec<_> = changes
        .iter()
        .map(|change| (change.sequence, change.members_added.len(), change.members_removed.len()))
        .collect();
    assert_eq!(counts, [(1, 10_000, 10_000), (2, 2_000, 10_000), (3, 0, 5_000)]);
    let mut members: Vec<_> = changes
        .iter()
        .flat_map(|change| change.members_added.iter().chain(&change.members_removed))
        .collect();
    members.sort();
    members.dedup();
    assert_eq!(members.len(), 37_000);
    for change in &changes {
        assert_eq!((change.group_id.as_str(), change.group_version), (&*group.to_string(), 2));
        assert_eq!((change.kind(), change.request_id.as_str()), (pb::ChangeKind::GroupUpdated, "test"));
        assert!(change.encoded_len() < 1 << 20, "{}", change.encoded_len());
    }
    assert_eq!(changes[0].attributes, ["members", "displayName"]);
    assert_eq!(changes[1].attributes, ["members"]);
    let times = changes.iter().map(|change| change.effective_time.unwrap());
    assert!(times.map(|at| (at.seconds, at.nanos)).is_sorted_by(|earlier, later| earlier < later));
}
