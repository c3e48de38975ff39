//! Sends the same random valid requests to Usher, in the strict profile, and to scim2-server, another
//! implementation of RFC 7643 and 7644, and compares their answers.
//!
//! Allowed to differ, because the RFCs leave it open:
//! - ids, times, locations and versions, and the text of errors;
//! - Usher's own extension;
//! - the order of values in an attribute, of attributes, and of a list without `sortBy`;
//! - null, an empty list and an absent attribute, which are the same (RFC 7643 section 2.5);
//! - `$ref`, which a server may add to a reference;
//! - `schemas`, in which Usher names the extensions that a resource has and a projection leaves out;
//! - whether a PATCH is answered with the resource or with 204;
//! - a POST that matches an inactive user, which Usher reactivates; this test sends none;
//! - the removal of values that are not there: `noTarget` at Usher, nothing at scim2-server.

use std::process::Stdio;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::process::{Child, Command};
use usher_proto::tenant::v1::ScimProfile;
use usher_tests::python;
use usher_tests::scim::{Answer, PATCH_SCHEMA, ScimClient, encode};
use usher_tests::stack::{Stack, free_port};
use usher_tests::wait::eventually;

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const USHER: &str = "urn:ietf:params:scim:schemas:extension:usher:2.0:User";
const STEPS: usize = 300;
const WORDS: [&str; 7] = ["Ada", "ada", "Grace", "Ünal", "O'Neill", "山田", "a b"];

/// Both servers, and the people who exist on both.
struct Twins {
    usher: ScimClient,
    other: ScimClient,
    /// The ids of each person at Usher and at the other server.
    people: Vec<[String; 2]>,
    made: usize,
    rng: StdRng,
    _process: Child,
}

impl Twins {
    async fn start(usher: ScimClient, seed: u64) -> Self {
        let programs = tokio::task::spawn_blocking(python::programs).await.unwrap();
        let port = free_port().port();
        let process = Command::new(programs.join("scim2-server"))
            .args(["--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let other = ScimClient::new(format!("http://127.0.0.1:{port}/v2"), "");
        let ready = async || other.try_send(other.request(Method::GET, "/Users")).await.is_ok();
        eventually(Duration::from_secs(30), "scim2-server serves", ready).await;
        let rng = StdRng::seed_from_u64(seed);
        Self { usher, other, people: Vec::new(), made: 0, rng, _process: process }
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.rng.random_range(0..WORDS.len())]
    }

    fn one_in(&mut self, chances: u32) -> bool {
        self.rng.random_range(0..chances) == 0
    }

    /// Sends a request to both servers and compares the answers.
    async fn send(
        &mut self,
        method: Method,
        path: impl Fn(usize) -> String,
        body: Option<&Value>,
    ) -> [Answer; 2] {
        let ask = async |client: &ScimClient, path: String| {
            let request = match body {
                Some(body) => client.with_body(method.clone(), &path, body),
                None => client.request(method.clone(), &path),
            };
            client.send(request).await
        };
        let (usher, other) = tokio::join!(ask(&self.usher, path(0)), ask(&self.other, path(1)));
        let request = format!("{method} {} {}", path(1), body.map(Value::to_string).unwrap_or_default());
        let context = format!("{request}\n{}\n{}", usher.text, other.text);
        if (usher.status.as_u16(), other.status.as_u16()) == (200, 204) {
            // RFC 7644 section 3.5.2 lets a server answer a PATCH with the resource or without.
            let read = self.other.get(&path(1)).await;
            assert_eq!(
                plain(&usher.body),
                plain(&read.body),
                "usher and scim2-server differ after {context}"
            );
            return [usher, other];
        }
        let said =
            |answer: &Answer| (answer.status.as_u16(), answer.body["scimType"].clone(), plain(&answer.body));
        assert_eq!(said(&usher), said(&other), "usher and scim2-server differ on {context}");
        [usher, other]
    }

    fn somebody(&mut self) -> usize {
        self.rng.random_range(0..self.people.len())
    }

    fn document(&mut self) -> Value {
        let mut document = json!({
            "schemas": [CORE, ENTERPRISE],
            "userName": format!("user{}@acme.example", self.made),
            "active": !self.one_in(4),
        });
        if self.one_in(2) {
            // An id that no other user has, because Usher reactivates an inactive user of the same client
            // with that id.
            document["externalId"] = json!(format!("x{}", self.made));
        }
        for name in ["displayName", "nickName", "title"] {
            if self.one_in(2) {
                document[name] = json!(self.word());
            }
        }
        if self.one_in(2) {
            document["name"] = json!({ "givenName": self.word(), "familyName": self.word() });
        }
        for (name, types) in [("emails", ["work", "home"]), ("phoneNumbers", ["work", "mobile"])] {
            let count = self.rng.random_range(0..=2);
            let values: Vec<_> = types[..count]
                .iter()
                .map(|kind| json!({ "type": kind, "value": format!("{}{kind}@acme.example", self.made) }))
                .collect();
            document[name] = json!(values);
        }
        document[ENTERPRISE] = json!({ "department": self.word(), "employeeNumber": self.made.to_string() });
        document
    }

    async fn create(&mut self) {
        self.made += 1;
        let document = self.document();
        let [usher, other] = self.send(Method::POST, |_| "/Users".to_owned(), Some(&document)).await;
        self.people.push([usher.assert_status(201).id(), other.id()]);
    }

    async fn write(&mut self, method: Method, who: usize, body: &Value) {
        let ids = self.people[who].clone();
        self.send(method, |server| format!("/Users/{}", ids[server]), Some(body)).await;
    }

    fn operation(&mut self) -> Value {
        let word = self.word();
        let urn = |name: &str| format!("{ENTERPRISE}:{name}");
        let simple = ["displayName", "nickName", "title", "name.familyName"][self.rng.random_range(0..4)];
        match self.rng.random_range(0..11) {
            0 => json!({ "op": "add", "path": simple, "value": word }),
            1 => json!({ "op": "replace", "path": simple, "value": word }),
            2 => json!({ "op": "remove", "path": simple }),
            3 => json!({ "op": "replace", "path": "active", "value": self.one_in(2) }),
            4 => json!({ "op": "replace", "path": urn("department"), "value": word }),
            5 => json!({ "op": "remove", "path": urn("department") }),
            6 => json!({ "op": "add", "path": "emails", "value": [
                { "type": "other", "value": format!("{}@acme.example", self.made) }] }),
            7 => {
                json!({ "op": "replace", "path": "phoneNumbers", "value": [{ "type": "fax", "value": word }] })
            }
            8 => json!({ "op": "remove", "path": "phoneNumbers" }),
            9 => json!({ "op": "add", "value": { "nickName": word, "title": word } }),
            _ => {
                json!({ "op": "replace", "value": { "displayName": word, ENTERPRISE: { "costCenter": word } } })
            }
        }
    }

    async fn patch(&mut self) {
        let who = self.somebody();
        let count = self.rng.random_range(1..=3);
        let operations: Vec<_> = (0..count).map(|_| self.operation()).collect();
        self.write(Method::PATCH, who, &json!({ "schemas": [PATCH_SCHEMA], "Operations": operations })).await;
    }

    /// Removes a value that exists.
    async fn remove_home(&mut self) {
        let who = self.somebody();
        let read = self.usher.get(&format!("/Users/{}", self.people[who][0])).await;
        let emails = read.body["emails"].as_array().cloned().unwrap_or_default();
        if emails.iter().any(|email| email["type"] == "home") {
            let operation = json!({ "op": "remove", "path": "emails[type eq \"home\"]" });
            self.write(Method::PATCH, who, &json!({ "schemas": [PATCH_SCHEMA], "Operations": [operation] }))
                .await;
        }
    }

    async fn query(&mut self) {
        let word = self.word().replace('"', "");
        let number = self.rng.random_range(0..=self.made);
        let filter = match self.rng.random_range(0..12) {
            0 => format!("userName eq \"USER{number}@acme.example\""),
            1 => format!("displayName co \"{word}\""),
            2 => format!("title sw \"{word}\" or nickName ew \"{word}\""),
            3 => "active eq true and name.givenName pr".to_owned(),
            4 => format!("not (displayName eq \"{word}\")"),
            5 => format!("emails[type eq \"work\" and value co \"{number}\"]"),
            6 => "emails.type eq \"home\"".to_owned(),
            7 => format!("{ENTERPRISE}:department eq \"{word}\""),
            8 => format!("externalId eq \"x{number}\""),
            9 => "title pr and not (nickName pr)".to_owned(),
            10 => format!("userName gt \"user{number}\" and userName lt \"user9\""),
            _ => format!("phoneNumbers pr and (active eq false or displayName ne \"{word}\")"),
        };
        let path = format!("/Users?count=200&filter={}", encode(&filter));
        self.send(Method::GET, |_| path.clone(), None).await;
    }

    async fn page(&mut self) {
        let (start, count) = (self.rng.random_range(1..6), self.rng.random_range(0..5));
        let order = if self.one_in(2) { "ascending" } else { "descending" };
        let page = |start: i32, count: i32| {
            format!("/Users?startIndex={start}&count={count}&sortBy=userName&sortOrder={order}")
        };
        // Reads the page before it first, as a client does: Usher continues after that page, wherever it
        // ended.
        if start > 1 {
            let before = page(1, start - 1);
            let answers = self.send(Method::GET, |_| before.clone(), None).await;
            let shown = answers[0].body["Resources"].as_array().map_or(0, Vec::len);
            if i32::try_from(shown).unwrap() < start - 1 {
                return;
            }
        }
        let path = page(start, count);
        let answers = self.send(Method::GET, |_| path.clone(), None).await;
        let names = |answer: &Answer| -> Vec<Value> {
            answer.body["Resources"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|user| user["userName"].clone())
                .collect()
        };
        assert_eq!(names(&answers[0]), names(&answers[1]), "{path}");
    }

    async fn project(&mut self) {
        let who = self.somebody();
        let ids = self.people[who].clone();
        let parameter = [
            "attributes=userName,name.givenName",
            "excludedAttributes=emails,name",
            "attributes=emails.value",
        ][self.rng.random_range(0..3)];
        self.send(Method::GET, |server| format!("/Users/{}?{parameter}", ids[server]), None).await;
    }

    async fn delete(&mut self) {
        let who = self.somebody();
        let ids = self.people.swap_remove(who);
        for _ in 0..2 {
            self.send(Method::DELETE, |server| format!("/Users/{}", ids[server]), None).await;
        }
        self.send(Method::GET, |server| format!("/Users/{}", ids[server]), None).await;
    }

    async fn step(&mut self) {
        if self.people.len() < 5 {
            return self.create().await;
        }
        match self.rng.random_range(0..20) {
            0..4 => self.create().await,
            4 => {
                let who = self.somebody();
                let mut document = self.document();
                let name = format!("/Users/{}", self.people[who][0]);
                document["userName"] = self.usher.get(&name).await.body["userName"].clone();
                self.write(Method::PUT, who, &document).await;
            }
            5..10 => self.patch().await,
            10 => self.remove_home().await,
            11..16 => self.query().await,
            16 => self.page().await,
            17 => self.project().await,
            18 => {
                // A user name that another user has.
                let who = self.somebody();
                let name = format!("/Users/{}", self.people[who][0]);
                let taken = self.usher.get(&name).await.body;
                if taken["active"] == false {
                    // Usher reactivates an inactive user.
                    return;
                }
                let taken = taken["userName"].clone();
                let document = json!({ "schemas": [CORE], "userName": taken });
                self.send(Method::POST, |_| "/Users".to_owned(), Some(&document)).await;
            }
            _ => self.delete().await,
        }
    }
}

/// Returns a document without what may differ.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) if members.contains_key("detail") => Value::Null,
        Value::Object(members) => {
            let own = ["id", "meta", "schemas", USHER, "$ref", "scimType"];
            let kept: Map<String, Value> = members
                .iter()
                .filter(|(name, _)| !own.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), plain(value)))
                .filter(|(_, value)| !is_empty(value))
                .collect();
            let mut sorted: Vec<_> = kept.into_iter().collect();
            sorted.sort_by(|one, two| one.0.cmp(&two.0));
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(elements) => {
            let mut elements: Vec<_> =
                elements.iter().filter(|element| **element != USHER).map(plain).collect();
            elements.sort_by_key(Value::to_string);
            Value::Array(elements)
        }
        value => value.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value == &json!([]) || value == &json!({})
}

async fn run(seed: u64) {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").plan("Open").create().await;
    stack.operator().app_profile(acme.id(), acme.app(), ScimProfile::Strict).await.unwrap();
    let mut twins = Twins::start(acme.scim().clone(), seed).await;
    for _ in 0..STEPS {
        twins.step().await;
    }
    let left = twins.people.len();
    let answers = twins.send(Method::GET, |_| "/Users?count=200".to_owned(), None).await;
    answers[0].assert_total(left);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usher_and_scim2_server_answer_the_same_to_one_history() {
    run(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usher_and_scim2_server_answer_the_same_to_another_history() {
    run(2).await;
}
