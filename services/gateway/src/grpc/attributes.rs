//! `usher.identity.v1.AttributeService`

use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::attribute_service_client::AttributeServiceClient;
use usher_rpc::{Channels, Failure, Outgoing};
use usher_scim::schema::CustomAttribute;

use super::convert::attribute;

/// A client for the custom attributes of workspaces.
#[derive(Clone, Debug)]
pub(crate) struct Attributes(AttributeServiceClient<Channels>);

impl Attributes {
    pub(crate) fn new(channels: Channels) -> Self {
        Self(AttributeServiceClient::new(channels))
    }

    pub(crate) async fn list(&self, call: &Outgoing<'_>) -> Result<Vec<CustomAttribute>, Failure> {
        let answer = self.0.clone().list_attributes(call.request(pb::ListAttributesRequest {})).await?;
        answer.into_inner().attributes.into_iter().map(attribute).collect()
    }
}
