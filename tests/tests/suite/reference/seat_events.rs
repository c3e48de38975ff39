//! docs/billing-rules.md B12 to B14: SCIM requests that do not concern seats create no event in the ledger.

use serde_json::{Value, json};
use usher_dialects::given::{USHER, ada};
use usher_tests::operator::Seats;
use usher_tests::scim::user_of_type;
use usher_tests::stack::{Stack, Workspace};

/// Returns the number of the last seat event, and the number of events in billing's ledger.
async fn recorded(stack: &Stack, workspace: &Workspace) -> (i64, usize) {
    workspace.settle().await;
    let counters = stack.operator().seat_counters(workspace.id()).await.unwrap();
    let events = stack.operator().events(workspace.id()).await.unwrap();
    (counters.seat_sequence, events.len())
}

/// Creates Ada, who is active, in a separate workspace.
async fn at_work(stack: &Stack) -> (Workspace, String) {
    let workspace = stack.workspace("contoso").domains(&["contoso.com"]).create().await;
    let path = workspace.scim().post("/Users", &ada()).await.assert_status(201).path();
    assert_eq!(recorded(stack, &workspace).await, (1, 1));
    (workspace, path)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b12_an_unknown_user_type_is_400_invalid_value_and_no_event() {
    let stack = Stack::start().await;
    let (workspace, path) = at_work(&stack).await;
    let scim = workspace.scim();

    for answer in [
        scim.post("/Users", &user_of_type("eve@contoso.com", "Boss")).await,
        scim.put(&path, &user_of_type("ada@contoso.com", "Boss")).await,
        scim.patch(&path, json!([{ "op": "Replace", "path": format!("{USHER}:userType"), "value": "Boss" }]))
            .await,
        scim.patch(&path, json!([{ "op": "replace", "value": { format!("{USHER}:userType"): "Boss" } }]))
            .await,
        scim.patch(&path, json!([{ "op": "replace", "path": format!("{USHER}:userType"), "value": 7 }]))
            .await,
    ] {
        answer.assert_scim_error(400, "Regular, External, Collaborator").assert_scim_type("invalidValue");
    }

    scim.get("/Users").await.assert_total(1);
    assert_eq!(recorded(&stack, &workspace).await, (1, 1));
    assert_eq!(workspace.seats().await, Seats { regular: 1, ..Seats::default() });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b13_deactivating_somebody_inactive_is_no_event_and_takes_no_number() {
    let stack = Stack::start().await;
    let (workspace, path) = at_work(&stack).await;
    let scim = workspace.scim();
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    let version = scim.patch(&path, off.clone()).await.assert_at("/active", false).etag();
    assert_eq!(recorded(&stack, &workspace).await, (2, 2));

    let mut document = ada();
    document["active"] = json!(false);
    for answer in [
        scim.patch(&path, off).await,
        scim.patch(&path, json!([{ "op": "replace", "path": "active", "value": false }])).await,
        scim.patch(&path, json!([{ "op": "replace", "value": { "active": false } }])).await,
        scim.put(&path, &document).await,
    ] {
        answer.assert_status(200).assert_at("/active", false).assert_at("/meta/version", version.as_str());
    }

    assert_eq!(recorded(&stack, &workspace).await, (2, 2));
    assert_eq!(workspace.seats().await, Seats::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b14_a_rename_another_address_and_other_groups_are_no_seat_events() {
    let stack = Stack::start().await;
    let (workspace, path) = at_work(&stack).await;
    let scim = workspace.scim();
    let before = scim.get(&path).await.etag();
    let id = path.trim_start_matches("/Users/");

    let address =
        json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "al@contoso.com" }]);
    let team = scim.post("/Groups", &json!({ "displayName": "Team", "members": [{ "value": id }] })).await;
    let team = format!("/Groups/{}", team.assert_status(201).id());
    let written: [(&str, Value); 3] = [
        (&path, json!([{ "op": "Replace", "path": "userName", "value": "al@contoso.com" }])),
        (&path, address),
        (&path, json!([{ "op": "replace", "path": format!("{USHER}:userType"), "value": "Regular" }])),
    ];
    for (path, operations) in written {
        scim.patch(path, operations).await.assert_status(200);
    }
    let leave = json!([{ "op": "Remove", "path": "members", "value": [{ "value": id }] }]);
    scim.patch(&team, leave).await.assert_status(204);
    scim.delete(&team).await.assert_status(204);

    let after = scim.get(&path).await;
    after.assert_at("/userName", "al@contoso.com").assert_at("/emails/0/value", "al@contoso.com");
    assert_ne!(after.etag(), before);
    assert_eq!(recorded(&stack, &workspace).await, (1, 1));
    assert_eq!(workspace.seats().await, Seats { regular: 1, ..Seats::default() });
}
