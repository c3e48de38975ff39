//! `usher.tenant.v1.TokenService`

use tonic::{Request, Response, Status};
use usher_base::id::{AppId, TokenId};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::token_service_server::TokenService;
use usher_rpc::convert::{from_wire, parse};
use usher_rpc::{Tasks, open};

use crate::admins::AdminPermission::ConfigureAdvancedSecuritySettings;
use crate::admins::Admins;
use crate::tokens::{self, NewToken};

/// Implements the methods for tokens.
pub(crate) struct TokenApi {
    pub(crate) admins: Admins,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl TokenService for TokenApi {
    async fn create_token(
        &self,
        request: Request<pb::CreateTokenRequest>,
    ) -> Result<Response<pb::CreateTokenResponse>, Status> {
        let (ctx, message) = open(request)?;
        let authority = self.admins.permit(&ctx, ConfigureAdvancedSecuritySettings).await?;
        let app: AppId = parse("app_id", &message.app_id)?;
        let expires_at = message.expire_time.map(|at| from_wire("expire_time", at)).transpose()?;
        let new = NewToken { app, name: message.name, expires_at, own_password: message.own_password };
        let admins = self.admins.clone();
        let work = async move { tokens::create(&admins, &ctx, &authority, new).await };
        let (token, secret) = self.tasks.detach(work).await?;
        Ok(Response::new(pb::CreateTokenResponse {
            token: Some(token.into()),
            secret: secret.expose().to_owned(),
        }))
    }

    async fn list_tokens(
        &self,
        request: Request<pb::ListTokensRequest>,
    ) -> Result<Response<pb::ListTokensResponse>, Status> {
        let (ctx, message) = open(request)?;
        self.admins.permit(&ctx, ConfigureAdvancedSecuritySettings).await?;
        let app: AppId = parse("app_id", &message.app_id)?;
        let tokens = tokens::list(&self.admins, &ctx, app).await?;
        Ok(Response::new(pb::ListTokensResponse {
            tokens: tokens.into_iter().map(pb::Token::from).collect(),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        let (ctx, message) = open(request)?;
        self.admins.permit(&ctx, ConfigureAdvancedSecuritySettings).await?;
        let id: TokenId = parse("id", &message.id)?;
        let admins = self.admins.clone();
        let work = async move { tokens::revoke(&admins, &ctx, id).await };
        self.tasks.detach(work).await?;
        Ok(Response::new(pb::RevokeTokenResponse {}))
    }
}
