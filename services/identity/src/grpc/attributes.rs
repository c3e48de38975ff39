//! `usher.identity.v1.AttributeService`

use tonic::{Request, Response, Status};
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::attribute_service_server::AttributeService;
use usher_rpc::convert::missing;
use usher_rpc::{Tasks, open};

use super::convert::{attribute_from_wire, attribute_to_wire};
use crate::attributes::Attributes;

/// Implements the methods for custom attributes.
pub(crate) struct AttributeApi {
    pub(crate) attributes: Attributes,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl AttributeService for AttributeApi {
    async fn list_attributes(
        &self,
        request: Request<pb::ListAttributesRequest>,
    ) -> Result<Response<pb::ListAttributesResponse>, Status> {
        let (ctx, _) = open(request)?;
        let attributes = self.attributes.list(&ctx).await?;
        let attributes = attributes.into_iter().map(attribute_to_wire).collect();
        Ok(Response::new(pb::ListAttributesResponse { attributes }))
    }

    async fn define_attribute(
        &self,
        request: Request<pb::DefineAttributeRequest>,
    ) -> Result<Response<pb::DefineAttributeResponse>, Status> {
        let (ctx, message) = open(request)?;
        let attribute = message.attribute.ok_or_else(|| missing("attribute"))?;
        let attribute = attribute_from_wire(attribute)?;
        let attributes = self.attributes.clone();
        let work = async move { attributes.define(&ctx, attribute).await };
        let attribute = self.tasks.detach(work).await?;
        Ok(Response::new(pb::DefineAttributeResponse { attribute: Some(attribute_to_wire(attribute)) }))
    }

    async fn delete_attribute(
        &self,
        request: Request<pb::DeleteAttributeRequest>,
    ) -> Result<Response<pb::DeleteAttributeResponse>, Status> {
        let (ctx, message) = open(request)?;
        let attributes = self.attributes.clone();
        let work = async move { attributes.delete(&ctx, &message.name).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::DeleteAttributeResponse {}))
    }
}
