//! What every handler works with.

use std::sync::Arc;

use tonic::transport::Channel;
use usher_rpc::Tasks;

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
    pub(crate) identity: Channel,
    pub(crate) locations: Locations,
    pub(crate) rate: RateLimit,
    pub(crate) log: ProvisioningLog,
    pub(crate) tasks: Tasks,
    pub(crate) places: Places,
}

impl Gateway {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for Gateway {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
