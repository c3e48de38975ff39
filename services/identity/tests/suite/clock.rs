//! A clock that is ahead of the database's.

use jiff::SignedDuration;
use serde_json::json;
use usher_base::{Clock, Reason};
use usher_proto::identity::v1 as pb;

use crate::site::Site;

#[tokio::test]
async fn a_time_ahead_of_the_databases_clock_is_refused_but_deactivations_are_not() {
    let clock = Clock::manual(Clock::system().now());
    let site = Site::with_clock(clock.clone()).await;
    let app = site.app("Entra").await;
    let (ada, bob) = (app.person("ada").await.id, app.person("bob").await.id);
    let deactivate = json!([{"op": "replace", "path": "active", "value": false}]);

    clock.advance(SignedDuration::from_mins(2));
    let title = json!([{"op": "add", "path": "title", "value": "x"}]);
    let refused = [
        app.create(&json!({"userName": "eve"})).await.err(),
        app.patch(&ada, &title).await.err(),
        app.create_group(&json!({"displayName": "Engines"})).await.err(),
    ];
    for fault in refused {
        // The log says what is wrong with the service; its caller tries again.
        assert_eq!(fault.unwrap().reason, Reason::Unavailable);
    }
    app.patch(&ada, &deactivate).await.unwrap();
    app.delete(&bob).await.unwrap();

    clock.advance(SignedDuration::from_mins(-2));
    app.person("eve").await;
    let seconds = |change: &pb::Change| change.effective_time.unwrap().seconds;
    let changes = site.operator().changes().await;
    let latest = changes.iter().map(seconds).max().unwrap();
    assert!(latest <= Clock::system().now().as_second(), "{changes:?}");
    assert_eq!(changes.len(), 5);
}
