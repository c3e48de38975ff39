//! Encrypted cursors (RFC 9865), which contain the position where a page begins. Nothing is stored between pages, and
//! every replica can read the cursors of the others, because all derive the key from the service's own key. When that
//! key is changed, cursors become invalid and clients start again.
//!
//! A cursor is bound to its workspace and query, so that it can't be used elsewhere, and hides the values that it
//! contains.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jiff::{SignedDuration, Timestamp};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use usher_base::id::WorkspaceId;
use usher_base::secret::ServiceKey;
use uuid::Uuid;

use crate::error::IdentityError;
use crate::store::listing::Position;

/// How long a cursor is valid.
const LIFE: SignedDuration = SignedDuration::from_secs(usher_scim::discovery::CURSOR_TIMEOUT as i64);
const NONCE: usize = 24;

/// Encrypts and decrypts cursors.
#[derive(Clone)]
pub(crate) struct Cursors {
    cipher: XChaCha20Poly1305,
}

/// What a cursor can be used for: one query in one workspace.
pub(crate) struct Purpose {
    workspace: WorkspaceId,
    query: [u8; 32],
}

impl Purpose {
    /// `query` has the parts of a query that must not change between pages.
    pub(crate) fn new(workspace: WorkspaceId, query: [&str; 5]) -> Self {
        let mut hash = Sha256::new();
        for part in query {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self { workspace, query: hash.finalize().into() }
    }

    /// Identifies the query within the workspace.
    pub(crate) const fn digest(&self) -> &[u8] {
        &self.query
    }

    fn bound(&self) -> Vec<u8> {
        [self.workspace.as_uuid().as_bytes().as_slice(), &self.query].concat()
    }
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Seconds since 1970.
    at: i64,
    back: bool,
    key: Option<String>,
    id: Uuid,
    total: i64,
}

impl Cursors {
    /// Derives the key from the service's key.
    pub(crate) fn new(service_key: &ServiceKey) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"usher identity cursors, version 1");
        hash.update(service_key.secret());
        Self { cipher: XChaCha20Poly1305::new(&hash.finalize()) }
    }

    /// Encrypts a position as a cursor, which has unreserved characters only.
    pub(crate) fn seal(&self, purpose: &Purpose, position: &Position, now: Timestamp) -> Option<String> {
        let Position { backward, key, id, total } = position;
        let sealed =
            Sealed { at: now.as_second(), back: *backward, key: key.clone(), id: *id, total: *total };
        let content = serde_json::to_vec(&sealed).ok()?;
        let mut nonce = [0_u8; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: &content, aad: &purpose.bound() };
        let cipher = self.cipher.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &cipher].concat()))
    }

    /// Decrypts a cursor. `None` for an empty one, which means the first page.
    pub(crate) fn open(
        &self,
        purpose: &Purpose,
        cursor: &str,
        now: Timestamp,
    ) -> Result<Option<Position>, IdentityError> {
        if cursor.is_empty() {
            return Ok(None);
        }
        let sealed = self.read(purpose, cursor).ok_or(IdentityError::InvalidCursor)?;
        let made = Timestamp::from_second(sealed.at).map_err(|_| IdentityError::InvalidCursor)?;
        if now.duration_since(made) > LIFE {
            return Err(IdentityError::ExpiredCursor);
        }
        let Sealed { back: backward, key, id, total, .. } = sealed;
        Ok(Some(Position { backward, key, id, total }))
    }

    fn read(&self, purpose: &Purpose, cursor: &str) -> Option<Sealed> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, cipher) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: cipher, aad: &purpose.bound() };
        let content = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        serde_json::from_slice(&content).ok()
    }
}

#[cfg(test)]
mod tests {
    use usher_base::Clock;

    use super::*;

    #[test]
    fn a_cursor_can_be_decrypted_only_for_its_own_query() {
        let clock = Clock::manual("2026-06-01T00:00:00Z".parse().unwrap());
        let key = ServiceKey::generate();
        let (cursors, replica) = (Cursors::new(&key), Cursors::new(&key));
        let workspace = WorkspaceId::new(&clock);
        let purpose = Purpose::new(workspace, ["users", "title pr", "userName", "a", ""]);
        let position = Position { backward: true, key: Some("ada".into()), id: Uuid::from_u128(7), total: 9 };

        let cursor = cursors.seal(&purpose, &position, clock.now()).unwrap();

        assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
        assert_eq!(replica.open(&purpose, &cursor, clock.now()).unwrap(), Some(position));
        assert_eq!(cursors.open(&purpose, "", clock.now()).unwrap(), None);
        let elsewhere = Purpose::new(WorkspaceId::new(&clock), ["users", "title pr", "userName", "a", ""]);
        let otherwise = Purpose::new(workspace, ["users", "title p", "ruserName", "a", ""]);
        let mut forged = cursor.clone().into_bytes();
        forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
        for refused in [
            cursors.open(&elsewhere, &cursor, clock.now()),
            cursors.open(&otherwise, &cursor, clock.now()),
            cursors.open(&purpose, &String::from_utf8(forged).unwrap(), clock.now()),
            cursors.open(&purpose, "x", clock.now()),
            Cursors::new(&ServiceKey::generate()).open(&purpose, &cursor, clock.now()),
        ] {
            assert!(matches!(refused, Err(IdentityError::InvalidCursor)));
        }
        let late = clock.now() + SignedDuration::from_secs(3_601);
        assert!(matches!(cursors.open(&purpose, &cursor, late), Err(IdentityError::ExpiredCursor)));
    }
}
