//! docs/scim-clients.md §2.3, `Schema_Discoverability`: Microsoft derives the names of Entra's targets from
//! `/Schemas`, writes each target and clears it again. So everything that is advertised must be stored, and
//! must be clearable.

use serde_json::{Value, json};
use usher_dialects::default_attributes::by_path;
use usher_dialects::given::{CORE, MANAGER, USHER, named};
use usher_tests::stack::Stack;

/// An attribute as Entra names it, and the place of its value in a resource.
struct Target {
    path: String,
    kind: String,
    place: Place,
}

/// The place of a value: the extension (if any), the attribute, the element that a filter selects (if any),
/// and the sub-attribute.
struct Place {
    extension: Option<String>,
    attribute: String,
    selected: Option<(&'static str, Value)>,
    part: Option<String>,
}

impl Place {
    fn value<'a>(&self, resource: &'a Value) -> Option<&'a Value> {
        let holder = self.extension.as_ref().map_or(Some(resource), |urn| resource.get(urn))?;
        let attribute = holder.get(&self.attribute)?;
        let whole = match &self.selected {
            None => attribute,
            Some((part, value)) => attribute.as_array()?.iter().find(|element| element[*part] == *value)?,
        };
        self.part.as_ref().map_or(Some(whole), |part| whole.get(part))
    }
}

/// Returns the targets that a client may write in the schemas of users.
fn targets(schemas: &Value) -> Vec<Target> {
    let of_users = |schema: &&Value| schema["id"].as_str().is_some_and(|urn| urn.ends_with(":User"));
    let schemas = schemas["Resources"].as_array().unwrap().iter().filter(of_users);
    schemas
        .flat_map(|schema| {
            let urn = schema["id"].as_str().unwrap();
            let extension = (urn != CORE).then(|| urn.to_owned());
            let attributes = schema["attributes"].as_array().unwrap().iter();
            attributes.flat_map(move |attribute| of_attribute(extension.as_ref(), attribute))
        })
        .collect()
}

fn of_attribute(extension: Option<&String>, attribute: &Value) -> Vec<Target> {
    let name = attribute["name"].as_str().unwrap();
    let full = extension.map_or_else(|| name.to_owned(), |urn| format!("{urn}:{name}"));
    let target = |selected: Option<(&'static str, Value)>, part: Option<&Value>| {
        let selector = match &selected {
            Some((by, Value::String(kind))) => format!("[{by} eq \"{kind}\"]"),
            Some((by, _)) => format!("[{by} eq \"True\"]"),
            None => String::new(),
        };
        let part_name = part.map(|part| part["name"].as_str().unwrap().to_owned());
        let suffix = part_name.as_ref().map(|part| format!(".{part}")).unwrap_or_default();
        Target {
            path: format!("{full}{selector}{suffix}"),
            kind: part.unwrap_or(attribute)["type"].as_str().unwrap().to_owned(),
            place: Place {
                extension: extension.cloned(),
                attribute: name.to_owned(),
                selected,
                part: part_name,
            },
        }
    };
    let writable = |what: &&Value| what["mutability"] != "readOnly";
    let parts = || attribute["subAttributes"].as_array().into_iter().flatten().filter(writable);
    if !writable(&attribute) {
        return Vec::new();
    }
    if attribute["type"] != "complex" {
        return vec![target(None, None)];
    }
    if full == MANAGER {
        return parts().filter(|part| part["name"] == "value").map(|part| target(None, Some(part))).collect();
    }
    if attribute["multiValued"] == false {
        return parts().map(|part| target(None, Some(part))).collect();
    }
    let kinds =
        parts().find(|part| part["name"] == "type").and_then(|kind| kind["canonicalValues"].as_array());
    let selections: Vec<_> = match kinds {
        Some(kinds) => kinds.iter().map(|kind| ("type", kind.clone())).collect(),
        None => vec![("primary", json!(true))],
    };
    let own = |part: &&Value| part["name"] != "type" && part["name"] != "primary";
    selections
        .into_iter()
        .flat_map(|by| parts().filter(own).map(move |part| target(Some(by.clone()), Some(part))))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_target_that_discovery_names_is_kept_and_can_be_cleared() {
    let stack = Stack::start().await;
    let workspace = stack.workspace("contoso").plan("Open").create().await;
    let scim = workspace.scim();
    let path = scim.post("/Users", &named("u")).await.assert_status(201).path();
    let found = targets(&scim.get("/Schemas").await.body);
    let always_there = ["userName", "active", &format!("{USHER}:userType")].map(str::to_owned);

    for wanted in by_path().into_iter().map(|(path, _)| path).chain(always_there.clone()) {
        assert!(found.iter().any(|target| target.path.eq_ignore_ascii_case(&wanted)), "{wanted} is missing");
    }
    let free: Vec<&Target> = found.iter().filter(|target| !always_there.contains(&target.path)).collect();
    let value = |target: &Target| match target.kind.as_str() {
        "binary" => json!("AAAA"),
        "reference" => json!(format!("https://contoso.com/{}", target.path.len())),
        "string" if target.path.starts_with("emails") && target.path.ends_with("value") => {
            json!(format!("new{}@contoso.com", target.path.len()))
        }
        "string" => json!(format!("new {}", target.path)),
        other => panic!("{}: no value for a {other}", target.path),
    };
    let each = |operation: &dyn Fn(&Target) -> Value| free.iter().map(|target| operation(target)).collect();
    let writing =
        |value: Value, target: &Target| json!({ "op": "replace", "path": target.path, "value": value });
    let clearings: [&dyn Fn(&Target) -> Value; 3] = [
        &|target| writing(json!(""), target),
        &|target| writing(Value::Null, target),
        &|target| json!({ "op": "remove", "path": target.path }),
    ];

    for clearing in clearings {
        scim.patch(&path, each(&|target| writing(value(target), target))).await.assert_status(200);
        let read = scim.get(&path).await;
        for target in &free {
            let kept = target.place.value(&read.body);
            assert_eq!(kept, Some(&value(target)), "{}: {}", target.path, read.text);
        }
        scim.patch(&path, each(clearing)).await.assert_status(200);
        let read = scim.get(&path).await;
        for target in &free {
            assert_eq!(target.place.value(&read.body), None, "{}: {}", clearing(target), read.text);
        }
    }
    assert!(free.len() > 60, "there are only {} targets", free.len());
}
