//! Custom attributes that the admins of a workspace define.

use serde_json::json;
use usher_base::Reason;
use usher_proto::identity::v1 as pb;

use crate::caller::document;
use crate::site::Site;

const URN: &str = "urn:ietf:params:scim:schemas:extension:custom:2.0:User";

fn attribute(name: &str, r#type: pb::AttributeType) -> pb::Attribute {
    pb::Attribute { name: name.into(), r#type: r#type.into(), ..Default::default() }
}

#[tokio::test]
async fn custom_attributes_are_stored_filtered_sorted_and_patched_like_any_other() {
    let site = Site::start().await;
    let (app, operator) = (site.app("Entra").await, site.operator());
    for (name, r#type) in [
        ("costPool", pb::AttributeType::String),
        ("desk", pb::AttributeType::Integer),
        ("remote", pb::AttributeType::Boolean),
        ("joined", pb::AttributeType::DateTime),
        ("share", pb::AttributeType::Decimal),
    ] {
        operator.define(attribute(name, r#type)).await.unwrap();
    }

    let body = json!({"userName": "ada", URN: {"COSTPOOL": "Red", "desk": "7", "remote": "True", "joined": "2026-06-01T00:00:00+02:00", "share": 0.5, "other": 1}});
    let ada = app.create(&body).await.unwrap().user.unwrap();
    app.person("bob").await;

    assert_eq!(
        document(&ada.resource_json)[URN],
        json!({"costPool": "Red", "desk": 7, "remote": true, "joined": "2026-06-01T00:00:00+02:00", "share": 0.5})
    );
    for filter in [
        format!("{URN}:costPool eq \"red\""),
        format!("{URN}:desk gt 6 and {URN}:remote eq true"),
        format!("{URN}:joined lt \"2026-05-31T22:00:01Z\""),
        format!("{URN}:share le 0.5"),
        format!("schemas eq \"{URN}\""),
    ] {
        assert_eq!(app.found(&filter).await.unwrap(), ["ada"], "{filter}");
    }
    assert_eq!(app.found(&format!("{URN}:nope pr")).await.unwrap_err().reason, Reason::InvalidFilter);
    assert_eq!(app.found(&format!("{URN}:desk gt many")).await.unwrap_err().reason, Reason::InvalidFilter);
    let patched = app
        .patch(
            &ada.id,
            &json!([
                {"op": "replace", "path": format!("{URN}:desk"), "value": 8},
                {"op": "replace", "value": {format!("{URN}:costPool"): ""}},
                {"op": "remove", "path": format!("{URN}:remote")},
            ]),
        )
        .await
        .unwrap();
    assert_eq!(
        document(&patched.resource_json)[URN],
        json!({"desk": 8, "joined": "2026-06-01T00:00:00+02:00", "share": 0.5})
    );
    for value in [json!("x"), json!(1.5), json!([1])] {
        let refused =
            app.patch(&ada.id, &json!([{"op": "add", "path": format!("{URN}:desk"), "value": value}])).await;
        assert_eq!(refused.unwrap_err().reason, Reason::InvalidValue);
    }
    let sorted = pb::ListUsersRequest { sort_by: format!("{URN}:desk"), count: 10, ..Default::default() };
    assert_eq!(app.list(sorted).await.unwrap().users[0].id, ada.id);
}

#[tokio::test]
async fn definitions_are_the_admins_and_are_checked() {
    let site = Site::start().await;
    let (app, operator) = (site.app("Entra").await, site.operator());
    let string = pb::AttributeType::String;

    assert_eq!(app.define(attribute("a", string)).await.unwrap_err().reason, Reason::PermissionDenied);
    operator.define(attribute("badge", string)).await.unwrap();
    assert_eq!(operator.define(attribute("BADGE", string)).await.unwrap_err().reason, Reason::AlreadyExists);
    for name in ["", "1a", "a b", "a.b", "é", "a'; --", &"a".repeat(65)] {
        assert_eq!(
            operator.define(attribute(name, string)).await.unwrap_err().reason,
            Reason::InvalidArgument,
            "{name}"
        );
    }
    let untyped = attribute("b", pb::AttributeType::Unspecified);
    assert_eq!(operator.define(untyped).await.unwrap_err().reason, Reason::InvalidArgument);
    assert_eq!(app.attributes().await.unwrap(), [attribute("badge", string)]);

    let id = app.create(&json!({"userName": "ada", URN: {"badge": "x"}})).await.unwrap().user.unwrap().id;
    let used = operator.undefine("badge").await.unwrap_err();
    assert_eq!(used.reason, Reason::FailedPrecondition);
    assert!(used.message.contains("1 users"), "{}", used.message);
    app.patch(&id, &json!([{"op": "remove", "path": format!("{URN}:badge")}])).await.unwrap();
    operator.undefine("Badge").await.unwrap();
    assert_eq!(operator.undefine("badge").await.unwrap_err().reason, Reason::NotFound);
    assert!(app.attributes().await.unwrap().is_empty());
}
