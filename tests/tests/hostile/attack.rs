//! The actions of attackers, and the answers that they get.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;
use usher_tests::scim::{Answer, ScimClient};

/// An attacker without an answer continues after this time, so that a refused connection does not become a busy loop.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// The number of times that each answer arrived: an HTTP status, a gRPC code, or no answer. Clones share the counts.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<BTreeMap<String, u64>>>);

impl Answers {
    pub(crate) fn count(&self, answer: impl fmt::Display) {
        *self.0.lock().unwrap().entry(answer.to_string()).or_default() += 1;
    }

    /// The number of times that an answer arrived.
    pub(crate) fn count_of(&self, answer: impl fmt::Display) -> u64 {
        self.0.lock().unwrap().get(&answer.to_string()).copied().unwrap_or_default()
    }

    /// Asserts that there were answers, and only these.
    #[track_caller]
    pub(crate) fn assert_only(&self, attack: &str, expected: &[&str]) {
        let answers = self.0.lock().unwrap();
        assert!(!answers.is_empty(), "{attack}: the attack did nothing");
        assert!(answers.keys().all(|answer| expected.contains(&answer.as_str())), "{attack}: {answers:?}");
    }

    /// Asserts that there were answers, and none of these.
    #[track_caller]
    pub(crate) fn assert_never(&self, attack: &str, unwanted: &[&str]) {
        let answers = self.0.lock().unwrap();
        let told = |answer: &String| !["no answer", "Unavailable"].contains(&answer.as_str());
        assert!(answers.keys().any(told), "{attack}: nothing was answered: {answers:?}");
        assert!(!answers.keys().any(|answer| unwanted.contains(&answer.as_str())), "{attack}: {answers:?}");
    }

    /// Counts the status of an HTTP answer, or its absence.
    pub(crate) async fn take_in(&self, answer: impl Future<Output = reqwest::Result<Answer>>) {
        if let Ok(answer) = answer.await {
            self.count(answer.status.as_u16());
        } else {
            self.count("no answer");
            sleep(PAUSE).await;
        }
    }

    /// Counts the code of a gRPC answer.
    pub(crate) async fn take_in_code<T>(&self, answer: impl Future<Output = Result<T, tonic::Status>>) {
        let code = answer.await.map_or_else(|status| status.code(), |_| tonic::Code::Ok);
        self.count(format!("{code:?}"));
        if code == tonic::Code::Unavailable {
            sleep(PAUSE).await;
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lock().unwrap().fmt(f)
    }
}

/// Many clients that each repeat the same action. The argument numbers the actions.
pub(crate) async fn flood(clients: usize, shoot: impl AsyncFn(u64)) {
    let next = Cell::new(0);
    join_all((0..clients).map(async |_| {
        loop {
            shoot(next.replace(next.get() + 1)).await;
        }
    }))
    .await;
}

/// GETs a path and counts the answer.
pub(crate) async fn get(client: &ScimClient, path: &str, answers: &Answers) {
    answers.take_in(client.try_send(client.request(reqwest::Method::GET, path))).await;
}
