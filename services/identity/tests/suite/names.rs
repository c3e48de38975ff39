//! Names that are equal in the form in which they are compared.

use serde_json::json;
use usher_base::Reason;

use crate::site::Site;

/// One name in several spellings.
const SPELLINGS: [&str; 7] = [
    "zo\u{eb}@x.example",
    "zoe\u{308}@x.example",
    "ZO\u{cb}@X.example",
    "\u{ff5a}\u{ff4f}\u{eb}@x.example",
    " zo\u{eb}@x.example\u{a0}",
    "\u{feff}zo\u{eb}@x.example\u{200b}",
    "z\u{ad}o\u{eb}@x.example",
];

#[tokio::test]
async fn one_person_has_one_user_however_the_name_is_spelled() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let id = app.person(SPELLINGS[0]).await.id;
    let other = app.person("other").await.id;

    for spelling in SPELLINGS {
        let taken = app.create(&json!({ "userName": spelling })).await.unwrap_err();
        assert_eq!(taken.reason, Reason::UserNameTaken, "{spelling:?}");
        let rename = json!([{"op": "replace", "path": "userName", "value": spelling}]);
        assert_eq!(app.patch(&other, &rename).await.unwrap_err().reason, Reason::UserNameTaken);
        let filter = format!("userName eq {}", json!(spelling));
        assert_eq!(app.found(&filter).await.unwrap(), [SPELLINGS[0]], "{spelling:?}");
        let filter = format!("userName sw {} and active eq true", json!(spelling.trim_end()));
        assert_eq!(
            app.found(&filter).await.unwrap().len(),
            usize::from(!spelling.starts_with(' ')),
            "{filter}"
        );
    }
    app.patch(&id, &json!([{"op": "replace", "path": "userName", "value": SPELLINGS[1]}])).await.unwrap();

    app.patch(&id, &json!([{"op": "replace", "path": "active", "value": false}])).await.unwrap();
    let back = app.create(&json!({ "userName": SPELLINGS[5] })).await.unwrap();
    assert_eq!((back.user.unwrap().id, back.revived), (id.clone(), true));
    let person = site.person_of(&id).await;
    app.delete(&id).await.unwrap();
    let again = app.person(SPELLINGS[3]).await.id;
    assert_eq!(site.person_of(&again).await, person, "a deleted user returns as the same person");
}

#[tokio::test]
async fn a_name_without_a_visible_character_is_refused_and_names_of_other_letters_are_others() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    for name in ["\u{200b}", "\u{2060}\u{3000}"] {
        assert_eq!(app.create(&json!({ "userName": name })).await.unwrap_err().reason, Reason::InvalidValue);
    }
    for name in ["straße@x.example", "strasse@x.example", "ΟΔΥΣΣΕΥΣ@x.example"] {
        app.person(name).await;
    }
    let taken = app.create(&json!({ "userName": "οδυσσευς@x.example" })).await.unwrap_err();
    assert_eq!(taken.reason, Reason::UserNameTaken, "all forms of sigma are equal");
    assert_eq!(app.found("userName eq \"STRASSE@x.example\"").await.unwrap(), ["strasse@x.example"]);
}

#[tokio::test]
async fn group_names_are_compared_as_filters_compare_them() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    app.team("Straße", &[]).await;

    let taken = app.create_group(&json!({ "displayName": "STRASSE" })).await.unwrap_err();

    assert_eq!(taken.reason, Reason::AlreadyExists);
    assert_eq!(app.found_groups("displayName eq \"strasse\"").await.unwrap(), ["Straße"]);
}

/// Sets the keys of the previous version, then runs the upgrade.
async fn upgrade(site: &Site) {
    let mut owner = site.owner().await;
    let before = "UPDATE users SET user_name_key = lower(user_name COLLATE \"und-x-icu\")";
    sqlx::query(before).execute(&mut owner).await.unwrap();
    let migration = include_str!("../../../../migrations/identity/0024_keys.sql");
    sqlx::raw_sql(migration).execute(&mut owner).await.unwrap();
}

#[tokio::test]
async fn users_of_one_name_from_the_version_before_are_kept_apart_and_can_leave_and_be_deleted() {
    let site = Site::start().await;
    let app = site.app("Entra").await;
    let first = app.person("first").await.id;
    let second = app.person("second").await.id;
    let renamed = app.person("third").await.id;
    let mut owner = site.owner().await;
    for (id, name) in [(&first, SPELLINGS[0]), (&second, SPELLINGS[1]), (&renamed, " Eve ")] {
        sqlx::query("UPDATE users SET user_name = $2, user_name_key = $2 WHERE user_id = $1")
            .bind(id.parse::<uuid::Uuid>().unwrap())
            .bind(name)
            .execute(&mut owner)
            .await
            .unwrap();
    }

    upgrade(&site).await;

    let apart: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT user_id FROM users_kept_apart").fetch_all(&mut owner).await.unwrap();
    assert_eq!(apart, [second.parse::<uuid::Uuid>().unwrap()]);
    assert_eq!(app.found("userName eq \"eve\"").await.unwrap(), [" Eve "]);
    let filter = format!("userName eq {}", json!(SPELLINGS[3]));
    assert_eq!(app.found(&filter).await.unwrap(), [SPELLINGS[0]]);
    assert_eq!(app.found("active eq true").await.unwrap().len(), 3, "nobody is lost");
    app.get(&second).await.unwrap();
    app.patch(&second, &json!([{"op": "replace", "path": "active", "value": false}])).await.unwrap();
    app.delete(&first).await.unwrap();
    assert_eq!(app.found(&filter).await.unwrap(), [SPELLINGS[1]], "the name belongs to the other user now");
    app.delete(&second).await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM users_kept_apart").fetch_one(&mut owner).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_database_folds_texts_and_names_as_the_program_does() {
    let site = Site::start().await;
    // Characters whose case the database's version of Unicode knows.
    let ranges = [
        0x20..0x300,
        0x370..0x558,
        0x10A0..0x1100,
        0x1E00..0x209D,
        0x20A0..0x2100,
        0x2C60..0x2C80,
        0xFB00..0xFB18,
        0xFF00..0xFFF0,
    ];
    let characters = ranges.into_iter().flatten().filter_map(char::from_u32);
    let texts: Vec<String> =
        characters.map(|c| format!("a{c}Z{c}")).chain(SPELLINGS.map(str::to_owned)).collect();

    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT t, user_name_key(t), fold_text(t) FROM unnest($1::text[]) t")
            .bind(&texts)
            .fetch_all(&mut site.owner().await)
            .await
            .unwrap();

    assert_eq!(rows.len(), texts.len());
    for (text, key, folded) in rows {
        assert_eq!(usher_scim::user_name_key(&text), key, "{}", text.escape_unicode());
        assert_eq!(usher_scim::fold(&text), folded, "{}", text.escape_unicode());
    }
}
