//! Streams that follow a change log.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::{sleep, timeout};
use tonic::Streaming;
use usher_proto::identity::v1 as pb;

use crate::caller::Caller;
use crate::site::Site;

/// The maximum number of open streams of a workspace.
const STREAMS: usize = 16;
/// The duration of several polls.
const POLLS: Duration = Duration::from_millis(1_500);
const SOON: Duration = Duration::from_secs(5);

type Changes = Streaming<pb::WatchChangesResponse>;

/// Opens streams. The slots of streams that have just ended become free soon.
async fn streams(operator: &Caller, count: usize, after: i64) -> Vec<Changes> {
    let opened = async {
        let mut streams = Vec::new();
        while streams.len() < count {
            match operator.watch(after).await {
                Ok(stream) => streams.push(stream),
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
        streams
    };
    timeout(SOON, opened).await.unwrap()
}

/// The next `count` numbers of a stream.
async fn next(stream: &mut Changes, count: usize) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let message = timeout(SOON, stream.message()).await.unwrap().unwrap().unwrap();
        numbers.extend(message.changes.iter().map(|change| change.sequence));
        assert_eq!(message.sequence, numbers.last().copied().unwrap_or(message.sequence));
    }
    numbers
}

/// How often the change log was read.
async fn looks(owner: &mut PgConnection) -> i64 {
    // A backend reports its counts at most once per second.
    sleep(Duration::from_millis(1_100)).await;
    let sql = "SELECT idx_scan FROM pg_stat_user_tables WHERE relname = 'changes'";
    sqlx::query_scalar(sql).fetch_one(owner).await.unwrap()
}

#[tokio::test]
async fn sixteen_streams_of_a_workspace_read_its_log_as_often_as_one() {
    let site = Site::start().await;
    let (operator, mut owner) = (site.operator(), site.owner().await);
    site.app("Entra").await.person("ada").await;
    let mut looked = Vec::new();
    for count in [1, STREAMS] {
        let mut streams = streams(&operator, count, 0).await;
        for stream in &mut streams {
            assert_eq!(next(stream, 1).await, [1]);
        }
        let before = looks(&mut owner).await;
        sleep(POLLS).await;
        looked.push(looks(&mut owner).await - before);
    }

    // With some random variation; sixteen pollers would read 160 times.
    assert!(looked[0] >= 4 && looked[1] <= looked[0] + 8, "{looked:?}");
}

#[tokio::test]
async fn every_stream_has_every_entry_once_and_in_order_whenever_it_was_opened_and_whatever_it_resumes_from()
{
    let site = Site::start().await;
    let (operator, app) = (site.operator(), site.app("Entra").await);
    app.person("a").await;
    app.person("b").await;
    let mut early = streams(&operator, 2, 0).await;
    for stream in &mut early {
        assert_eq!(next(stream, 2).await, [1, 2]);
    }

    app.person("c").await;
    let mut late = [operator.watch(0).await.unwrap(), operator.watch(2).await.unwrap()];
    for name in ["d", "e"] {
        app.person(name).await;
    }
    for stream in &mut early {
        assert_eq!(next(stream, 3).await, [3, 4, 5]);
    }
    assert_eq!(next(&mut late[0], 5).await, [1, 2, 3, 4, 5]);
    assert_eq!(next(&mut late[1], 3).await, [3, 4, 5]);

    // The remaining watchers continue when others leave, also when the first one leaves.
    early.remove(0);
    drop(late);
    app.person("f").await;
    assert_eq!(next(&mut early[0], 1).await, [6]);
}
