//! The caller of an operation.

use std::fmt;
use std::str::FromStr;

use crate::id::{AdminId, AppId, TokenId};

/// Identifies the caller. Printed as `scim:<app>/<token>`, `admin:<id>`, `service:<name>` or `operator:<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// An identity provider that authenticated with an app's token.
    Scim {
        /// The app.
        app: AppId,
        /// Its token.
        token: TokenId,
    },
    /// An admin of a workspace who has signed in.
    Admin(AdminId),
    /// Another service.
    Service(String),
    /// A person who operates the installation.
    Operator(String),
}

/// The text is not a printed actor.
#[derive(Debug, thiserror::Error)]
#[error("not an actor: {0:?}")]
pub struct UnknownActor(String);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scim { app, token } => write!(f, "scim:{app}/{token}"),
            Self::Admin(id) => write!(f, "admin:{id}"),
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Operator(name) => write!(f, "operator:{name}"),
        }
    }
}

impl FromStr for Actor {
    type Err = UnknownActor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownActor(text.to_owned());
        let (kind, rest) = text.split_once(':').ok_or_else(unknown)?;
        match kind {
            "scim" => {
                let (app, token) = rest.split_once('/').ok_or_else(unknown)?;
                Ok(Self::Scim {
                    app: app.parse().map_err(|_| unknown())?,
                    token: token.parse().map_err(|_| unknown())?,
                })
            }
            "admin" => rest.parse().map(Self::Admin).map_err(|_| unknown()),
            "service" if !rest.is_empty() => Ok(Self::Service(rest.to_owned())),
            "operator" if !rest.is_empty() => Ok(Self::Operator(rest.to_owned())),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn every_actor_survives_printing_and_parsing() {
        let clock = Clock::system();
        for actor in [
            Actor::Scim { app: AppId::new(&clock), token: TokenId::new(&clock) },
            Actor::Admin(AdminId::new(&clock)),
            Actor::Service("gateway".into()),
            Actor::Operator("ops".into()),
        ] {
            assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
        }
        assert!("root:x".parse::<Actor>().is_err());
    }
}
