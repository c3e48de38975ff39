//! Whose a resource is: the API app that gave it its `externalId`, which is one client's name for it and no other
//! client has (RFC 7643 section 3.1).

use usher_base::Actor;

/// The API app that an actor is; none who administers.
pub(crate) fn client(actor: &Actor) -> Option<String> {
    match actor {
        Actor::Scim { app, .. } => Some(app.to_string()),
        Actor::Admin(_) | Actor::Service(_) | Actor::Operator(_) => None,
    }
}

/// The connection of what an actor provisions; empty where it is no app's.
pub(crate) fn connection(actor: &Actor) -> String {
    client(actor).unwrap_or_default()
}

/// Whether a client sees the `externalId` of a resource of that connection. Who administers sees each.
pub(crate) fn sees(client: Option<&str>, connection: &str) -> bool {
    client.is_none_or(|client| client == connection)
}

/// An `externalId`, and the connection that gave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    pub(crate) external_id: Option<&'a str>,
    pub(crate) connection: &'a str,
}

/// What becomes of an `externalId` by the write of a client that saw only its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is as the client wrote it; the resource is whose it was.
    Written,
    /// It is as the client wrote it, and the resource is the client's from then on.
    Adopted,
    /// It stays as another client gave it; with `left_out`, the writer's own is not kept.
    Kept { left_out: bool },
}

impl Given<'_> {
    /// Settles whose `externalId` a resource has after a write: one that another client gave stays, and who has none
    /// gets the writer's.
    pub(crate) fn settle(self, client: Option<&str>, written: Option<&str>) -> Settled {
        if sees(client, self.connection) {
            return Settled::Written;
        }
        match (self.external_id, written) {
            (Some(_), written) if !self.connection.is_empty() || written.is_none() => {
                Settled::Kept { left_out: written.is_some() }
            }
            (_, Some(_)) => Settled::Adopted,
            (_, None) => Settled::Written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_client_s_external_id_stays_and_who_has_none_gets_the_writer_s() {
        use Settled::{Adopted, Kept, Written};
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
            let given = Given { external_id, connection };
            assert_eq!(given.settle(client, written), settled, "{given:?} {client:?} {written:?}");
        }
    }
}
