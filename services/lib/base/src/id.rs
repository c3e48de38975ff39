//! Typed ids, so that a user's id can't be passed as a workspace's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

use crate::clock::Clock;

/// The text is not a valid id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as a UUID such as 0198f2a4-7c1e-7d3b-9a60-5b8f6c1d2e3f")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Creates an id (UUID version 7) with the clock's time, so that ids sort by creation time.
            pub fn new(clock: &Clock) -> Self {
                Self(time_ordered(clock))
            }

            /// Wraps an id that was read from storage or from a message.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId)
            }
        }
    )*};
}

ids! {
    /// A customer's workspace, the unit of tenancy.
    WorkspaceId,
    /// A SCIM user.
    UserId,
    /// A SCIM group.
    GroupId,
    /// A person as billing counts them. It outlives the SCIM user.
    PersonKey,
    /// An event of the seat ledger.
    EventId,
    /// A plan.
    PlanId,
    /// The row of an approved domain.
    DomainId,
    /// An API app.
    AppId,
    /// A token of an app.
    TokenId,
    /// A workspace's admin.
    AdminId,
    /// A version of a price.
    PriceId,
    /// An entry of the provisioning log.
    LogEntryId,
    /// A commitment: seats that are bought for a term.
    CommitmentId,
}

fn time_ordered(clock: &Clock) -> Uuid {
    let now = clock.now();
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanoseconds))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let clock = Clock::manual("2026-06-01T00:00:00Z".parse().unwrap());
        let earlier = UserId::new(&clock);
        clock.advance(SignedDuration::from_millis(1));

        assert!(UserId::new(&clock) > earlier);
    }

    #[test]
    fn an_id_survives_printing_and_parsing() {
        let id = WorkspaceId::new(&Clock::system());

        assert_eq!(id.to_string().parse::<WorkspaceId>().unwrap(), id);
        assert!("acme".parse::<WorkspaceId>().is_err());
    }
}
