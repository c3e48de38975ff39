//! Verifications and signed heads.

use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid, to_wire};

use super::field::required_time;
use crate::event::hex;
use crate::signed_head::{Heads, SignedHead};
use crate::verification::Verification;

impl From<Verification> for pb::Verification {
    fn from(verification: Verification) -> Self {
        Self {
            time: Some(to_wire(verification.at)),
            actor: verification.actor,
            facts: verification.facts,
            faults: verification.faults,
        }
    }
}

/// Bytes of hexadecimal digits.
fn bytes<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], InvalidArgument> {
    let wrong = || invalid(field, format_args!("it is {} hexadecimal digits", 2 * N));
    if text.len() != 2 * N || !text.is_ascii() {
        return Err(wrong());
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

impl TryFrom<pb::SignedHead> for SignedHead {
    type Error = InvalidArgument;

    fn try_from(message: pb::SignedHead) -> Result<Self, InvalidArgument> {
        Ok(Self {
            heads: Heads {
                at: required_time("sign_time", message.sign_time)?,
                sequence: message.sequence,
                head_hash: bytes("head_hash", &message.head_hash)?,
                record_number: message.record_number,
                record_hash: bytes("record_hash", &message.record_hash)?,
            },
            public_key: bytes("public_key", &message.public_key)?,
            signature: bytes("signature", &message.signature)?,
        })
    }
}

impl From<SignedHead> for pb::SignedHead {
    fn from(signed: SignedHead) -> Self {
        Self {
            sign_time: Some(to_wire(signed.heads.at)),
            sequence: signed.heads.sequence,
            head_hash: hex(&signed.heads.head_hash),
            record_number: signed.heads.record_number,
            record_hash: hex(&signed.heads.record_hash),
            public_key: hex(&signed.public_key),
            signature: hex(&signed.signature),
        }
    }
}
