//! The connection of a resource: the app that gave it its `externalId`. An `externalId` is one client's name for a
//! resource, and no other client sees it (RFC 7643 section 3.1).

use usher_base::Actor;

/// The app that an actor belongs to; `None` for admins, services and operators.
pub(crate) fn client(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Scim { app, .. } => Some(app.to_string()),
        Actor::Admin(_) | Actor::Service(_) | Actor::Operator(_) => None,
    }
}

/// The connection of resources that an actor provisions; empty if it is not an app.
pub(crate) fn connection(actor: &Actor) -> String {
    client(actor).unwrap_or_default()
}

/// Whether a client sees the `externalId` of a resource of that connection. Admins, services and operators see all.
pub(crate) fn sees(client: Option<&str>, connection: &str) -> bool {
    client.is_none_or(|client| client == connection)
}

/// An `externalId`, and the connection that gave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnedExternalId<'a> {
    pub(crate) external_id: Option<&'a str>,
    pub(crate) connection: &'a str,
}

/// What a write does to an `externalId`, if its client sees only its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExternalIdChange {
    /// The value is as the client wrote it, and the connection stays.
    Written,
    /// The value is as the client wrote it, and the resource now belongs to the client's connection.
    Adopted,
    /// The value of another client stays. With `left_out`, the writer sent its own value, which is not stored.
    Kept { left_out: bool },
}

impl OwnedExternalId<'_> {
    /// Decides the `externalId` and connection after a write: a value from another client stays, and a resource
    /// without a value gets the writer's.
    pub(crate) fn resolve(self, client: Option<&str>, written: Option<&str>) -> ExternalIdChange {
        if sees(client, self.connection) {
            return ExternalIdChange::Written;
        }
        match (self.external_id, written) {
            (Some(_), written) if !self.connection.is_empty() || written.is_none() => {
                ExternalIdChange::Kept { left_out: written.is_some() }
            }
            (_, Some(_)) => ExternalIdChange::Adopted,
            (_, None) => ExternalIdChange::Written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_client_s_external_id_stays_and_who_has_none_gets_the_writer_s() {
        use ExternalIdChange::{Adopted, Kept, Written};
        for (external_id, connection, client, written, settled) in [
            (Some("1"), "a", Some("a"), Some("2"), Written),
            (Some("1"), "a", None, Some("2"), Written),
            (Some("1"), "a", Some("b"), Some("2"), Kept { left_out: true }),
            (Some("1"), "a", Some("b"), None, Kept { left_out: false }),
            (None, "a", Some("b"), Some("2"), Adopted),
            (None, "a", Some("b"), None, Written),
            (Some("1"), "", Some("b"), Some("2"), Adopted),
            (Some("1"), "", Some("b"), None, Kept { left_out: false }),
        ] {
            let given = OwnedExternalId { external_id, connection };
            assert_eq!(given.resolve(client, written), settled, "{given:?} {client:?} {written:?}");
        }
    }
}
