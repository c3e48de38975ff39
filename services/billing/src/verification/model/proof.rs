//! Signed heads of a workspace's two chains. The key is not in the database, so that somebody who can change every
//! row can't sign another head.

use std::sync::Arc;

use jiff::Timestamp;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use usher_base::id::WorkspaceId;

use crate::audit::model::hash::Hash;

/// The ends of both chains at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) at: Timestamp,
    /// The number of the last fact, and its hash.
    pub(crate) sequence: i64,
    pub(crate) head_hash: Hash,
    /// The number of the last record, and its hash.
    pub(crate) record_number: i64,
    pub(crate) record_hash: Hash,
}

impl Heads {
    /// Returns the signed bytes: every part has a fixed length.
    fn message(&self, workspace: WorkspaceId) -> Vec<u8> {
        [
            b"usher.heads.v1".as_slice(),
            workspace.as_uuid().as_bytes(),
            &self.at.as_microsecond().to_be_bytes(),
            &self.sequence.to_be_bytes(),
            &self.head_hash,
            &self.record_number.to_be_bytes(),
            &self.record_hash,
        ]
        .concat()
    }
}

/// Heads with their signature (Ed25519, RFC 8032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignedHead {
    pub(crate) heads: Heads,
    pub(crate) public_key: [u8; 32],
    pub(crate) signature: [u8; 64],
}

impl SignedHead {
    /// Returns whether the signature is valid for these heads of a workspace and the public key.
    pub(crate) fn is_signed(&self, workspace: WorkspaceId) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public_key)
            .verify(&self.heads.message(workspace), &self.signature)
            .is_ok()
    }
}

/// The keys of billing's key file. The newest key signs; a head may be signed by any of them.
#[derive(Clone)]
pub struct ProofKeys(Arc<[Ed25519KeyPair]>);

impl std::fmt::Debug for ProofKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(Ed25519KeyPair::public_key)).finish()
    }
}

/// Why a key file can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofKeyError {
    /// A line is not a key.
    #[error("line {0} is not a key; create a key file with `usher key-file <path>`")]
    Line(usize),
    /// There is no key.
    #[error("it contains no key; create a key file with `usher key-file <path>`")]
    Empty,
}

/// Minimum length of a key, in characters; shorter keys could be guessed.
const FEWEST: usize = 40;

impl ProofKeys {
    /// Parses a key file: one key per line, the newest first. Empty lines and lines that begin with `#` are skipped.
    /// The signing key is derived from the line, so that a key for another use can't sign.
    ///
    /// # Errors
    /// A line is not a key, or there is no key at all.
    pub fn parse(text: &str) -> Result<Self, ProofKeyError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.len() < FEWEST || !line.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(ProofKeyError::Line(index + 1));
            }
            let seed = Sha256::new().chain_update(b"usher.billing.proof.v1").chain_update(line).finalize();
            // Every seed of 32 bytes is a valid key.
            keys.extend(Ed25519KeyPair::from_seed_unchecked(&seed));
        }
        if keys.is_empty() { Err(ProofKeyError::Empty) } else { Ok(Self(keys.into())) }
    }

    /// Signs with the newest key.
    pub(crate) fn sign(&self, workspace: WorkspaceId, heads: Heads) -> Option<SignedHead> {
        let key = self.0.first()?;
        let signature = key.sign(&heads.message(workspace)).as_ref().try_into().ok()?;
        Some(SignedHead { heads, public_key: key.public_key().as_ref().try_into().ok()?, signature })
    }

    /// Returns whether a public key is one of these.
    pub(crate) fn include(&self, public_key: &[u8; 32]) -> bool {
        self.0.iter().any(|key| key.public_key().as_ref() == public_key)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_signature_is_of_all_of_the_heads_and_of_their_workspace() {
        let (older, newer) = ("o".repeat(40), "n".repeat(40));
        let keys = ProofKeys::parse(&format!("# keys\n{newer}\n\n{older}\n")).unwrap();
        let acme = WorkspaceId::from_uuid(Uuid::from_u128(1));
        let heads = Heads {
            at: Timestamp::UNIX_EPOCH,
            sequence: 7,
            head_hash: [3; 32],
            record_number: 9,
            record_hash: [4; 32],
        };
        let signed = keys.sign(acme, heads).unwrap();

        assert!(signed.is_signed(acme) && keys.include(&signed.public_key));
        assert!(!signed.is_signed(WorkspaceId::from_uuid(Uuid::from_u128(2))));
        for other in [
            Heads { at: Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_micros(1), ..heads },
            Heads { sequence: 8, ..heads },
            Heads { head_hash: [5; 32], ..heads },
            Heads { record_number: 10, ..heads },
            Heads { record_hash: [5; 32], ..heads },
        ] {
            assert!(!SignedHead { heads: other, ..signed }.is_signed(acme), "{other:?}");
        }
        assert!(!ProofKeys::parse(&older).unwrap().include(&signed.public_key), "the newest signs");
        assert_eq!(ProofKeys::parse("\n").unwrap_err(), ProofKeyError::Empty);
        assert_eq!(ProofKeys::parse(&format!("{older}\nshort")).unwrap_err(), ProofKeyError::Line(2));
    }
}
