//! Digests of the active users of a class, which identity and billing compare.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The number of active users, and a digest of who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveUsers {
    /// The number of users.
    pub count: i64,
    /// SHA-256 over each user's id and person key, both as 16 bytes.
    pub digest: [u8; 32],
}

impl ActiveUsers {
    /// Counts and digests user ids with their person keys, which must be ordered by user id.
    pub fn digest(users: impl IntoIterator<Item = (Uuid, Uuid)>) -> Self {
        let mut hash = Sha256::new();
        let mut count = 0;
        for (user, person) in users {
            hash.update(user);
            hash.update(person);
            count += 1;
        }
        Self { count, digest: hash.finalize().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_sha_256_over_the_ids_of_users_and_persons_in_turn() {
        let (user, person) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let together = [user.as_bytes().as_slice(), person.as_bytes().as_slice()].concat();

        assert_eq!(
            ActiveUsers::digest([(user, person)]),
            ActiveUsers { count: 1, digest: Sha256::digest(&together).into() }
        );
        assert_eq!(ActiveUsers::digest([]), ActiveUsers { count: 0, digest: Sha256::digest([]).into() });
    }
}
