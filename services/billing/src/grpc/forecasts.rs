//! `usher.billing.v1.ForecastService`

use tonic::{Request, Response, Status};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::forecast_service_server::ForecastService;
use usher_rpc::open;
use usher_store::Database;

use crate::grpc::convert::{date, optional_time};
use crate::invoicing::forecast;

pub(crate) struct ForecastApi {
    pub(crate) database: Database,
}

#[tonic::async_trait]
impl ForecastService for ForecastApi {
    async fn get_forecast(
        &self,
        request: Request<pb::GetForecastRequest>,
    ) -> Result<Response<pb::GetForecastResponse>, Status> {
        let (ctx, message) = open(request)?;
        let first = date("start_date", &message.start_date)?;
        let known_at = optional_time("known_time", message.known_time)?;
        let forecast = forecast::get(&self.database, &ctx, first, known_at).await?;
        Ok(Response::new(forecast.into()))
    }
}
