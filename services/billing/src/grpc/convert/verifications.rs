use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, to_wire};

use crate::grpc::convert::field::{array, required_time};
use crate::verification::model::proof::{Heads, SignedHead};
use crate::verification::model::verdict::Verification;

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

impl TryFrom<pb::SignedHead> for SignedHead {
    type Error = InvalidArgument;

    fn try_from(message: pb::SignedHead) -> Result<Self, InvalidArgument> {
        Ok(Self {
            heads: Heads {
                at: required_time("sign_time", message.sign_time)?,
                sequence: message.sequence,
                head_hash: array("head_hash", &message.head_hash)?,
                record_number: message.record_number,
                record_hash: array("record_hash", &message.record_hash)?,
            },
            public_key: array("public_key", &message.public_key)?,
            signature: array("signature", &message.signature)?,
        })
    }
}

impl From<SignedHead> for pb::SignedHead {
    fn from(signed: SignedHead) -> Self {
        Self {
            sign_time: Some(to_wire(signed.heads.at)),
            sequence: signed.heads.sequence,
            head_hash: signed.heads.head_hash.to_vec(),
            record_number: signed.heads.record_number,
            record_hash: signed.heads.record_hash.to_vec(),
            public_key: signed.public_key.to_vec(),
            signature: signed.signature.to_vec(),
        }
    }
}
