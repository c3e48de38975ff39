//! After the clock was moved: billing's proof that it knows everything of the periods that have ended by it, without
//! which none of them is closed. It comes by itself with identity's next watermarks; here it is hurried.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;
use usher_base::Clock;
use usher_base::id::WorkspaceId;
use usher_net::tls::ClientTls;
use usher_proto::billing::v1 as billing;
use usher_proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use usher_proto::billing::v1::period_service_client::PeriodServiceClient;
use usher_proto::billing::v1::reconciliation_service_client::ReconciliationServiceClient;
use usher_proto::tenant::v1 as tenant;
use usher_proto::tenant::v1::workspace_service_client::WorkspaceServiceClient;
use usher_rpc::Failure;
use usher_rpc::convert::from_wire;

use crate::dev::site::Site;

const WITHIN: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until the first open period of every workspace is proven, where it has ended.
///
/// # Errors
/// It is not in time, and why; a service does not answer.
pub(super) async fn wait(clock: &Clock, site: &Site) -> anyhow::Result<()> {
    let channel = usher_rpc::connect(&site.billing_url, &ClientTls::default())?;
    let mut open = Vec::new();
    for workspace in workspaces(site).await? {
        if ended(clock, site, &channel, workspace).await?.is_some() {
            // Billing tries to close what is due as soon as a comparison that was asked for is made.
            let message = site.request(billing::RunReconciliationRequest {}, Some(workspace));
            let mut admin = ReconciliationServiceClient::new(channel.clone());
            admin.run_reconciliation(message).await.map_err(Failure::from)?;
            open.push(workspace);
        }
    }
    clock.wake();
    let deadline = Instant::now() + WITHIN;
    while let Some(workspace) = open.last().copied() {
        let missing = missing(clock, site, &channel, workspace).await?;
        if missing.is_empty() {
            open.pop();
        } else if Instant::now() > deadline {
            bail!("workspace {workspace}: {}", missing.join("; "));
        } else {
            clock.wake();
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn workspaces(site: &Site) -> anyhow::Result<Vec<WorkspaceId>> {
    let mut client =
        WorkspaceServiceClient::new(usher_rpc::connect(&site.tenant_url, &ClientTls::default())?);
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let message = tenant::ListWorkspacesRequest { page_size: 0, page_token };
        let answer = client.list_workspaces(site.request(message, None)).await.map_err(Failure::from)?;
        let page = answer.into_inner();
        for workspace in page.workspaces {
            found.push(workspace.id.parse()?);
        }
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        page_token = page.next_page_token;
    }
}

/// The first date of the first open period, if that has ended.
async fn ended(
    clock: &Clock,
    site: &Site,
    channel: &Channel,
    workspace: WorkspaceId,
) -> anyhow::Result<Option<String>> {
    let mut client = PeriodServiceClient::new(channel.clone());
    let message = site.request(billing::ListPeriodsRequest {}, Some(workspace));
    let periods = client.list_periods(message).await.map_err(Failure::from)?.into_inner().periods;
    let mut periods = periods.into_iter().filter_map(|summary| summary.period);
    let Some(open) = periods.find(|period| period.state() != billing::PeriodState::Closed) else {
        return Ok(None);
    };
    let end = open.close_time.map(|end| from_wire("close_time", end)).transpose()?;
    Ok(end.filter(|end| *end <= clock.now()).map(|_| open.start_date))
}

/// What keeps that period from being closed.
async fn missing(
    clock: &Clock,
    site: &Site,
    channel: &Channel,
    workspace: WorkspaceId,
) -> anyhow::Result<Vec<String>> {
    let Some(start_date) = ended(clock, site, channel, workspace).await? else { return Ok(Vec::new()) };
    let mut client = InvoiceServiceClient::new(channel.clone());
    let message = billing::GetInvoiceRequest { start_date, known_time: None };
    let answer = client.get_invoice(site.request(message, Some(workspace))).await.map_err(Failure::from)?;
    Ok(answer.into_inner().invoice.unwrap_or_default().incomplete_reasons)
}
