use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures::future::join_all;
use usher_base::credential::{ISSUER, subject_digest};
use usher_base::key::SigningKey;
use usher_base::{Actor, Claims};

use super::*;

/// Keys that a test can replace while they are in use. `None` makes fetching fail.
#[derive(Clone, Default)]
struct Source(Arc<Mutex<Option<KeySet>>>);

impl Source {
    fn set(&self, keys: Option<KeySet>) {
        *self.0.lock().unwrap() = keys;
    }
}

impl KeySource for Source {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(std::future::ready(keys.ok_or_else(|| KeySourceError("away".to_owned()))))
    }
}

struct Scene {
    source: Source,
    key: SigningKey,
    verifier: Verifier,
    credential: String,
}

impl Scene {
    fn new() -> Self {
        let (clock, source) = (Clock::system(), Source::default());
        let key = SigningKey::generate().unwrap();
        source.set(Some(KeySet::new([key.public()]).unwrap()));
        let now = clock.now().as_second();
        let claims = Claims {
            iss: ISSUER.into(),
            sub: Actor::Service("billing".into()).to_string(),
            aud: vec![Audience::Billing],
            tid: None,
            scp: std::collections::BTreeSet::new(),
            pol: None,
            iat: now,
            nbf: now,
            exp: now + 600,
            jti: "1".into(),
            key: None,
        };
        let credential = key.sign(&claims).unwrap();
        let verifier = Verifier::new(source.clone(), Audience::Billing, clock);
        Self { source, key, verifier, credential }
    }

    async fn outcome(&self) -> Result<(), VerifyError> {
        self.verifier.verify(&self.credential).await.map(drop)
    }

    /// Makes the current keys older.
    async fn age(&self, by: Duration) {
        let held = self.verifier.held();
        let asked = held.asked.map(|asked| asked.checked_sub(by).unwrap());
        self.verifier.hold(Held { keys: held.keys.clone(), asked });
        *self.verifier.inner.fetched.lock().await = None;
    }
}

#[tokio::test]
async fn a_removed_key_is_no_longer_trusted_even_for_a_cached_credential() {
    let scene = Scene::new();
    scene.outcome().await.unwrap();

    scene.source.set(Some(KeySet::default()));
    scene.outcome().await.unwrap();
    scene.age(FRESH).await;

    let refused = scene.outcome().await.unwrap_err();
    assert!(matches!(refused, VerifyError::Credential(CredentialError::UnknownKey(_))), "{refused:?}");
}

#[tokio::test]
async fn sessions_that_were_ended_are_refused_with_the_next_keys() {
    let scene = Scene::new();
    scene.outcome().await.unwrap();

    let ended = (subject_digest(&Actor::Service("billing".into())), i64::MAX);
    scene.source.set(Some(KeySet::new([scene.key.public()]).unwrap().with_ended([ended])));
    scene.age(FRESH).await;

    let refused = scene.outcome().await.unwrap_err();
    assert!(matches!(refused, VerifyError::Credential(CredentialError::Invalid)), "{refused:?}");
}

#[tokio::test]
async fn old_keys_stay_in_use_for_half_a_minute_if_fetching_fails() {
    let scene = Scene::new();
    scene.outcome().await.unwrap();
    scene.source.set(None);

    scene.age(Duration::from_secs(25)).await;
    scene.outcome().await.unwrap();
    scene.age(Duration::from_secs(6)).await;

    assert!(matches!(scene.outcome().await.unwrap_err(), VerifyError::Keys(_)));
}

/// Counts the fetches.
#[derive(Clone)]
struct Counted(Arc<AtomicUsize>, KeySet);

impl KeySource for Counted {
    fn keys(&self) -> Pin<Box<dyn Future<Output = Result<KeySet, KeySourceError>> + Send + '_>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(self.1.clone())))
    }
}

fn credential(key: &SigningKey) -> String {
    let now = Clock::system().now().as_second();
    let claims = Claims {
        iss: usher_base::credential::ISSUER.to_owned(),
        sub: "service:identity".parse::<Actor>().unwrap().to_string(),
        aud: vec![Audience::Billing],
        tid: None,
        scp: [].into(),
        pol: None,
        iat: now,
        nbf: now,
        exp: now + 600,
        jti: "x".to_owned(),
        key: None,
    };
    key.sign(&claims).unwrap()
}

#[tokio::test]
async fn a_thousand_calls_with_made_up_keys_cause_few_fetches_and_delay_no_valid_call() {
    let (good, asked) = (SigningKey::generate().unwrap(), Arc::new(AtomicUsize::new(0)));
    let source = Counted(Arc::clone(&asked), KeySet::new([good.public()]).unwrap());
    let verifier = Verifier::new(source, Audience::Billing, Clock::system());
    let sent = credential(&good);
    verifier.verify(&sent).await.unwrap();
    let made_up: Vec<String> = (0..1_000).map(|_| credential(&SigningKey::generate().unwrap())).collect();

    let flood = join_all(made_up.iter().map(|token| verifier.verify(token)));
    let began = Instant::now();
    let (refused, good) = tokio::join!(flood, async {
        let good = verifier.verify(&sent).await;
        (good.is_ok(), began.elapsed())
    });

    let busy = refused.iter().filter(|it| matches!(it, Err(VerifyError::Busy))).count();
    assert!(refused.iter().all(Result::is_err));
    assert!(busy >= 1_000 - 2 * WAITING, "{busy} were refused at once");
    assert!(asked.load(Ordering::SeqCst) <= 3, "{asked:?}");
    assert!(good.0 && good.1 < REFETCH, "{good:?}");

    // A key that is known not to exist is refused at once and without a fetch.
    let (before, began) = (asked.load(Ordering::SeqCst), Instant::now());
    assert!(verifier.verify(&made_up[0]).await.is_err());
    assert!(began.elapsed() < REFETCH);
    assert_eq!(asked.load(Ordering::SeqCst), before);
}
