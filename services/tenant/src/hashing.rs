//! Hashes with argon2id in bounded queues. Each hash takes 19 MiB and about 20 ms of a core.
//!
//! There are separate queues for sign-ins, for passwords of signed-in admins, and for random secrets, so that no
//! number of sign-ins delays a token or an admin. In the queues for passwords, a workspace has few slots, and so has
//! a peer without a credential.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params};
use usher_base::id::WorkspaceId;

use crate::peer::Peer;
use crate::queue::{Limits, Queue, RunPermit, Slot};

/// The slots of a queue for passwords: at most 64 wait, which takes about a second, and at most 8 of one workspace or
/// peer.
const PASSWORDS: Limits = Limits { running: 1, total: 64, each: 8 };
/// The slots of the queue for random secrets, which are hashed when they are created.
const RANDOM: Limits = Limits { running: 1, total: 32, each: 32 };

/// Why no hash was computed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Caller: try again. The queue for passwords is full.
    #[error("too many passwords are being checked; try again in a second")]
    PasswordsBusy,
    /// Caller: try again. The queue for random secrets is full.
    #[error("too many secrets are being hashed; try again in a second")]
    RandomBusy,
    /// A defect, or damaged data.
    #[error("argon2: {0}")]
    Failed(String),
}

impl From<argon2::password_hash::Error> for HashError {
    fn from(error: argon2::password_hash::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Whose slots a password uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    /// The named workspace, whether it exists or not.
    Workspace(String),
    /// A caller without a credential.
    Peer(Peer),
}

/// A slot in a queue for passwords.
#[derive(Debug)]
pub(crate) struct Reserved(Slot<Asker>);

/// The permission to compute one hash of a password.
#[derive(Debug)]
pub(crate) struct HashPermit(RunPermit<Asker>);

/// Hashes and verifies secrets with argon2id and OWASP's parameters (Password Storage Cheat Sheet: 19 MiB, 2 passes,
/// 1 lane), which are the library's defaults. Clones share the queues.
#[derive(Clone, Debug)]
pub(crate) struct Hasher {
    passwords: Queue<Asker>,
    /// Passwords from callers with a credential, so that unauthenticated callers can't fill this queue.
    again: Queue<Asker>,
    random: Queue<()>,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        Self { passwords: Queue::new(PASSWORDS), again: Queue::new(PASSWORDS), random: Queue::new(RANDOM) }
    }

    /// Takes a slot in the queue for sign-ins, before anything is done with the password.
    pub(crate) fn reserve(&self, askers: &[Asker]) -> Result<Reserved, HashError> {
        self.passwords.enter(askers).map(Reserved).map_err(|_| HashError::PasswordsBusy)
    }

    /// Takes a slot in the queue for passwords that a workspace's signed-in admins give or set.
    pub(crate) fn reserve_again(&self, workspace: WorkspaceId) -> Result<Reserved, HashError> {
        let asker = Asker::Workspace(workspace.to_string());
        self.again.enter(&[asker]).map(Reserved).map_err(|_| HashError::PasswordsBusy)
    }

    /// Hashes a secret of 256 random bits.
    pub(crate) async fn hash_random(&self, secret: &[u8]) -> Result<String, HashError> {
        run(self.random_place()?.turn().await, hash(secret)).await
    }

    /// Whether a hash belongs to a secret of 256 random bits.
    pub(crate) async fn verify_random(&self, secret: &[u8], phc: &str) -> Result<bool, HashError> {
        run(self.random_place()?.turn().await, verify(secret, phc)).await
    }

    /// Whether a hash was made with other parameters than the current ones.
    pub(crate) fn is_outdated(phc: &str) -> bool {
        let current = PasswordHash::new(phc).ok().is_some_and(|hash| {
            hash.algorithm.as_str() == Algorithm::Argon2id.as_str()
                && Params::try_from(&hash).is_ok_and(|params| {
                    let today = Params::default();
                    (params.m_cost(), params.t_cost(), params.p_cost())
                        == (today.m_cost(), today.t_cost(), today.p_cost())
                })
        });
        !current
    }

    fn random_place(&self) -> Result<Slot<()>, HashError> {
        self.random.enter(&[]).map_err(|_| HashError::RandomBusy)
    }
}

impl Reserved {
    /// Waits until the hash may be computed. A sign-in queries the database only after that, so that waiting sign-ins
    /// use no connections.
    pub(crate) async fn turn(self) -> HashPermit {
        HashPermit(self.0.turn().await)
    }
}

impl HashPermit {
    /// Hashes a password with a new salt. Returns a PHC string.
    pub(crate) async fn hash(self, password: &str) -> Result<String, HashError> {
        run(self.0, hash(password.as_bytes())).await
    }

    /// Whether a hash belongs to a password. Without a hash, takes the same time and returns `false`.
    pub(crate) async fn verify(self, password: &str, phc: Option<&str>) -> Result<bool, HashError> {
        match phc {
            Some(phc) => run(self.0, verify(password.as_bytes(), phc)).await,
            None => run(self.0, hash(password.as_bytes())).await.map(|_| false),
        }
    }
}

fn hash(secret: &[u8]) -> impl FnOnce() -> Result<String, HashError> + Send + 'static {
    let secret = secret.to_vec();
    move || Ok(Argon2::default().hash_password(&secret)?.to_string())
}

fn verify(secret: &[u8], phc: &str) -> impl FnOnce() -> Result<bool, HashError> + Send + 'static {
    let (secret, phc) = (secret.to_vec(), phc.to_owned());
    move || {
        let hash = PasswordHash::new(&phc).map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(Argon2::default().verify_password(&secret, &hash).is_ok())
    }
}

/// Runs the computation on a separate thread. The permit is released when it ends, even if the caller disconnects.
async fn run<T: Send + 'static, K: std::hash::Hash + Eq + Send + 'static>(
    turn: RunPermit<K>,
    work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
) -> Result<T, HashError> {
    let work = move || {
        let _turn = turn;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| HashError::Failed(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = Hasher::new();
        let turn = async || hasher.reserve(&[]).unwrap().turn().await;
        let hash = turn().await.hash("correct horse").await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(turn().await.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!turn().await.verify("Correct horse", Some(&hash)).await.unwrap());
        assert!(!turn().await.verify("correct horse", None).await.unwrap());
        assert!(!hasher.verify_random(b"other", &hash).await.unwrap());
    }

    #[test]
    fn a_workspace_has_few_slots_and_leaves_the_others_theirs() {
        let hasher = Hasher::new();
        let asker = |name: &str| [Asker::Workspace(name.to_owned())];
        let flood: Vec<_> = (0..100).map(|_| hasher.reserve(&asker("busy"))).collect();

        assert_eq!(flood.iter().filter(|slot| slot.is_ok()).count(), PASSWORDS.each);
        assert!(matches!(flood[99], Err(HashError::PasswordsBusy)));
        assert!(hasher.reserve(&asker("quiet")).is_ok());
        assert!(hasher.random_place().is_ok(), "tokens have a queue of their own");
    }

    #[test]
    fn a_full_queue_of_sign_ins_does_not_prevent_admins_from_confirming_their_password() {
        let hasher = Hasher::new();
        let sign_in = |number| hasher.reserve(&[Asker::Workspace(format!("made-up-{number}"))]);
        let flood: Vec<_> = (0..PASSWORDS.total).map(sign_in).collect();
        assert!(flood.iter().all(Result::is_ok) && sign_in(PASSWORDS.total).is_err());

        let workspace = WorkspaceId::from_uuid(uuid::Uuid::nil());
        let again: Vec<_> = (0..100).filter_map(|_| hasher.reserve_again(workspace).ok()).collect();

        assert_eq!(again.len(), PASSWORDS.each);
    }

    #[test]
    fn hashes_with_other_parameters_are_outdated() {
        let weak =
            "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHRzYWx0$qqSCqQPLbO7RKU+qFwvGng0Nrs8t9DRTxFfv6V8Uvvw";
        assert!(Hasher::is_outdated(weak));
        assert!(Hasher::is_outdated("nonsense"));
    }
}
