//! `usher.billing.v1.AccountService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::account_service_server::AccountService;
use usher_rpc::convert::missing;
use usher_rpc::{Tasks, open};
use usher_store::Database;

use crate::terms::accounts;
use crate::terms::model::account_change::AccountChange;

pub(crate) struct AccountApi {
    pub(crate) database: Database,
    pub(crate) tasks: Tasks,
}

#[tonic::async_trait]
impl AccountService for AccountApi {
    async fn upsert_account(
        &self,
        request: Request<pb::UpsertAccountRequest>,
    ) -> Result<Response<pb::UpsertAccountResponse>, Status> {
        let (ctx, message) = open(request)?;
        let account = message.account.ok_or_else(|| missing("account"))?;
        let change = AccountChange::try_from(account)?;
        let database = self.database.clone();
        let work = async move { accounts::upsert(&database, &ctx, change).await };
        let (account, coming) = self.tasks.detach(work).await?;
        let coming = coming.into_iter().map(pb::Account::from).collect();
        Ok(Response::new(pb::UpsertAccountResponse { account: Some(account.into()), coming }))
    }

    async fn get_account(
        &self,
        request: Request<pb::GetAccountRequest>,
    ) -> Result<Response<pb::GetAccountResponse>, Status> {
        let (ctx, _) = open(request)?;
        let (account, coming) = accounts::get(&self.database, &ctx).await?;
        let coming = coming.into_iter().map(pb::Account::from).collect();
        Ok(Response::new(pb::GetAccountResponse { account: Some(account.into()), coming }))
    }
}
