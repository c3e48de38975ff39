//! Input that tries to break, or to use up, what other clients need.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tonic::Code;
use usher_proto::identity::v1 as identity;
use usher_proto::identity::v1::group_service_client::GroupServiceClient;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_tests::scim::{encode, user, user_of_type};
use usher_tests::stack::Stack;

/// The maximum duration of one request of an attack, in a debug build beside other tests.
const SOON: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    assert!(began.elapsed() < SOON, "{what} took {:?}", began.elapsed());
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_about_20_kb_of_input_do_not_break_other_requests() {
    let stack = Stack::start().await;
    let attacker = stack.workspace("attacker").create().await;
    let acme = stack.workspace("acme").create().await;
    let evil = attacker.scim();
    let eve = evil.create_user(&attacker.address("eve")).await.assert_status(201).path();
    let long = "x".repeat(20_000);
    let quotes = "\"é%\n".repeat(5_000);

    for (text, in_url) in [(&long, &long[..]), (&quotes, &quotes[..9_000])] {
        let sort = format!("/Users?sortBy={}", encode(in_url));
        let filter = format!("/Users?filter={}", encode(&format!("userName eq \"{}", &in_url[..9_000])));
        let patch = |operation: Value| json!({ "Operations": [operation] });
        let patches = [
            patch(json!({ "op": text, "path": "title", "value": "x" })),
            patch(json!({ "op": "add", "path": text, "value": "x" })),
            patch(json!({ "op": "add", "path": &text[..1_000], "value": "x" })),
        ];
        let mut answers = Vec::new();
        for _ in 0..3 {
            let attack = async {
                let mut refused = vec![evil.get(&sort).await, evil.get(&filter).await];
                for body in &patches {
                    refused.push(evil.send(evil.with_body(reqwest::Method::PATCH, &eve, body)).await);
                }
                refused.push(evil.post("/Users", &user_of_type(&attacker.address("x"), text)).await);
                refused
            };
            let work = async {
                let mut done = Vec::new();
                for at in 0..10 {
                    let name = acme.address(&format!("u{at}-{}", uuid::Uuid::new_v4().simple()));
                    done.push(acme.scim().create_user(&name).await);
                }
                done
            };
            let (refused, done) = tokio::join!(attack, work);
            for answer in done {
                answer.assert_status(201);
            }
            answers.extend(refused);
        }
        for answer in answers {
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert!(answer.text.len() < 4_000, "{}: {}", answer.request, answer.text.len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_limits_hold_over_grpc() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let id = acme.scim().created(&acme.address("ada")).await;
    let operator = stack.operator();
    let mut users = UserServiceClient::new(operator.identity());
    let mut groups = GroupServiceClient::new(operator.identity());
    let long = "x".repeat(20_000);
    let mut document = user(&acme.address("bob"));
    document["title"] = json!(long);
    let large = format!("{{\"userName\":\"{}\"}}", "x".repeat(2 << 20));
    let patch = json!({ "Operations": [{ "op": "add", "path": long, "value": "x" }] }).to_string();
    let list = |sort_by: &str, filter: &str| {
        let message = identity::ListUsersRequest {
            sort_by: sort_by.into(),
            filter: filter.into(),
            count: 1,
            ..Default::default()
        };
        operator.request_for(acme.id(), message)
    };
    let create = |document_json: String| {
        operator.request_for(acme.id(), identity::CreateUserRequest { document_json, ..Default::default() })
    };

    let refusals = [
        users.list_users(list(&long, "")).await.err(),
        users.list_users(list("", &format!("title eq \"{long}\""))).await.err(),
        users.list_users(list("", &vec!["title pr"; 201].join(" or "))).await.err(),
        users.create_user(create(document.to_string())).await.err(),
        users.create_user(create(large)).await.err(),
        users
            .patch_user(operator.request_for(
                acme.id(),
                identity::PatchUserRequest { id, patch_json: patch, ..Default::default() },
            ))
            .await
            .err(),
        groups
            .create_group(operator.request_for(
                acme.id(),
                identity::CreateGroupRequest {
                    document_json: json!({ "displayName": long }).to_string(),
                    ..Default::default()
                },
            ))
            .await
            .err(),
    ];

    for (at, refused) in refusals.into_iter().enumerate() {
        let status = refused.unwrap_or_else(|| panic!("number {at} was accepted"));
        assert_eq!(status.code(), Code::InvalidArgument, "{at}: {status:?}");
        assert!(status.message().len() < 1_024, "{at}: {}", status.message().len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_requests_full_of_references_cost_no_more_than_others() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let ada = user(&acme.address("ada"));
    let bulk = |data: Value, bulk_id: &str| {
        json!({ "Operations": [
            { "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data },
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": ada },
        ]})
    };
    let text = "\"bulkId:a\" ".repeat(64_000);
    let members = vec![json!({ "value": "bulkId:a" }); 36_000];
    let bulks = [
        bulk(json!({ "displayName": "one", "unknown": text }), "b"),
        bulk(json!({ "displayName": "two", "members": members }), "b"),
    ];
    assert!(bulks.iter().all(|bulk| bulk.to_string().len() > 700_000));

    let both = async { tokio::join!(scim.post("/Bulk", &bulks[0]), scim.post("/Bulk", &bulks[1])) };
    let beside = async { soon("a look-up beside them", scim.filter("userName eq \"nobody\"")).await };
    let ((one, two), found) = tokio::join!(soon("two bulks", both), beside);

    found.assert_total(0);
    one.assert_status(200).assert_at("/Operations/0/status", "201");
    two.assert_status(200);
    let group =
        one.body["Operations"][0]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    scim.get(&format!("/Groups/{group}")).await.assert_at("/displayName", "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_over_values_older_than_the_limits_is_refused_soon_and_a_deactivation_succeeds() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let path = scim.create_user(&acme.address("ada")).await.assert_status(201).path();
    let photos: Vec<_> =
        (0..10).map(|at| json!({ "value": "É".repeat(45_000), "type": at.to_string() })).collect();
    sqlx::query("UPDATE users SET resource = jsonb_set(resource, '{photos}', $1)")
        .bind(sqlx::types::Json(Value::from(photos)))
        .execute(&mut stack.owner(&stack.databases().identity).await)
        .await
        .unwrap();
    let select = "photos[value co \"a\" or value co \"b\" or value co \"c\" or value co \"é\"].display";
    let costly = json!(vec![json!({ "op": "replace", "path": select, "value": "x" }); 700]);

    let refused = soon("a costly PATCH", scim.patch(&path, costly)).await;
    refused.assert_scim_error(400, "fewer operations").assert_scim_type("tooMany");

    let leave = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    scim.patch(&path, leave).await.assert_status(200).assert_at("/active", false);
    scim.delete(&path).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_of_200_ids_finds_them_by_their_index() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let scim = acme.scim();
    let mut ids = vec![scim.created(&acme.address("ada")).await, scim.created(&acme.address("bob")).await];
    let group = scim.post("/Groups", &json!({ "displayName": "G" })).await.assert_status(201).id();
    ids.extend((0..197).map(|_| uuid::Uuid::new_v4().to_string()));
    // One of them in another spelling.
    ids.push(ids[0].to_uppercase());
    let filter = ids.iter().map(|id| format!("id eq \"{id}\"")).collect::<Vec<_>>().join(" or ");

    let found = soon("200 ids", scim.filter(&filter)).await;

    found
        .assert_total(2)
        .assert_at("/Resources/0/id", ids[0].as_str())
        .assert_at("/Resources/1/id", ids[1].as_str());
    let either = format!("id eq \"{group}\" or id eq \"{}\"", ids[0]);
    scim.get(&format!("/Groups?filter={}", encode(&either)))
        .await
        .assert_total(1)
        .assert_at("/Resources/0/id", group);
}
