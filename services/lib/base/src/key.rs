//! The keys that sign and verify internal credentials (`EdDSA`, RFC 8037).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::credential::Claims;
use crate::jwt;

/// A key can't be parsed or used.
#[derive(Debug, thiserror::Error)]
#[error("the signing key can't be used: {0}")]
pub struct KeyError(String);

/// The public half of a signing key, in its published form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key id: the first 16 characters of the key's SHA-256 in base64url.
    pub kid: String,
    /// The key, base64url without padding (the `x` of an OKP JWK, RFC 8037).
    pub x: String,
}

impl PublicKey {
    pub(crate) fn decoding(&self) -> Result<DecodingKey, KeyError> {
        DecodingKey::from_ed_components(&self.x).map_err(|error| KeyError(error.to_string()))
    }
}

/// A signing key. Only the tenant service has one.
pub struct SigningKey {
    pkcs8: Vec<u8>,
    encoding: EncodingKey,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.public.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Generates a key from the system's random source.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| KeyError("the system gives no random bytes".into()))?;
        Self::from_pkcs8_der(der.as_ref())
    }

    /// Parses a key in PKCS #8 form.
    ///
    /// # Errors
    /// The bytes are not an Ed25519 key.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let bytes = jwt::public_key(der).ok_or_else(|| KeyError("it is no Ed25519 key".into()))?;
        let mut kid = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        kid.truncate(16);
        let public = PublicKey { kid, x: URL_SAFE_NO_PAD.encode(bytes) };
        Ok(Self { pkcs8: der.to_vec(), encoding: EncodingKey::from_ed_der(der), public })
    }

    /// The PKCS #8 form, for storage. It is secret.
    pub fn to_pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs claims as a JWT.
    ///
    /// # Errors
    /// The key can't sign.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        jwt::prepare();
        let header = Header { kid: Some(self.public.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|error| KeyError(error.to_string()))
    }
}
