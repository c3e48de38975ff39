//! What every handler works with.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRef;
use usher_rpc::{Check, Readiness, Tasks, Workbench};

use crate::access::Access;
use crate::announcements::Announced;
use crate::grpc::attributes::Attributes;
use crate::grpc::groups::Groups;
use crate::grpc::users::Users;
use crate::location::Locations;
use crate::places::Places;
use crate::provisioning_log::ProvisioningLog;
use crate::rate::RateLimit;

/// The gateway's parts. Clones share them.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Parts>);

/// One process's parts.
pub(crate) struct Parts {
    pub(crate) access: Access,
    pub(crate) announced: Announced,
    pub(crate) users: Users,
    pub(crate) groups: Groups,
    pub(crate) attributes: Attributes,
    /// What the gateway needs in order to serve.
    pub(crate) ready: Check,
    /// What the whole process needs, once that is known.
    pub(crate) process: OnceLock<Readiness>,
    pub(crate) locations: Locations,
    pub(crate) rate: RateLimit,
    pub(crate) log: ProvisioningLog,
    pub(crate) tasks: Tasks,
    /// For large documents.
    pub(crate) workbench: Workbench,
    pub(crate) places: Places,
}

impl Gateway {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl FromRef<Gateway> for Workbench {
    fn from_ref(gateway: &Gateway) -> Self {
        gateway.workbench.clone()
    }
}

impl std::ops::Deref for Gateway {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
