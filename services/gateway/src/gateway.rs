//! The state that all handlers share.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRef;
use usher_rpc::{Check, Readiness, Tasks, Workbench};

use crate::access::Access;
use crate::announcements::Announced;
use crate::grpc::attributes::Attributes;
use crate::grpc::groups::Groups;
use crate::grpc::users::Users;
use crate::location::Locations;
use crate::provisioning_log::ProvisioningLog;
use crate::rate::RateLimit;
use crate::slots::Slots;

/// The parts of the gateway. Clones share them.
#[derive(Clone)]
pub(crate) struct Gateway(Arc<Parts>);

/// The parts that exist once per process.
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
    /// Processes large documents.
    pub(crate) workbench: Workbench,
    pub(crate) slots: Slots,
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
