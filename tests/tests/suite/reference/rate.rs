//! docs/scim-clients.md §0 11, §1.8 and §6.6: the rate limit of a workspace.

use std::time::Duration;

use futures::future::join_all;
use usher::config::Settings;
use usher_tests::scim::user;
use usher_tests::stack::Stack;
use usher_tests::wait::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_gets_more_than_25_requests_a_second_and_a_burst_of_100() {
    let usual = Settings::default().gateway.rate_per_second;
    let stack = Stack::start_with(|settings| settings.gateway.rate_per_second = usual).await;
    let workspace = stack.workspace("contoso").plan("Open").create().await;
    assert!(usual >= 25);

    let writes = join_all((0..50).map(async |n| {
        workspace.scim().post("/Users", &user(&format!("u{n}@contoso.com"))).await.status.as_u16()
    }));
    let reads = join_all((0..50).map(async |_| workspace.scim().get("/Users?count=1").await.status.as_u16()));
    let (written, read) = tokio::join!(writes, reads);

    assert_eq!((written, read), (vec![201; 50], vec![200; 50]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_its_rate_a_workspace_is_told_when_to_retry_and_others_continue() {
    let stack = Stack::start_with(|settings| {
        settings.gateway.rate_per_second = 1;
        settings.gateway.rate_burst = 3;
    })
    .await;
    let contoso = stack.workspace("contoso").create().await;
    let fabrikam = stack.workspace("fabrikam").create().await;

    let answers = join_all((0..20).map(async |_| contoso.scim().get("/Users").await)).await;

    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!refused.is_empty() && refused.len() <= 17, "{} of 20 were refused", refused.len());
    for answer in refused {
        answer.assert_scim_error(429, "Retry-After");
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=2).contains(&seconds), "{seconds} s");
    }
    fabrikam.scim().get("/Users").await.assert_status(200);
    let open = async || contoso.scim().get("/Users").await.status == 200;
    eventually(Duration::from_secs(5), "the workspace may ask again", open).await;
}
