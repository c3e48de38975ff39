//! `usher admin log`

use clap::Args;
use serde_json::{Value, json};
use usher_proto::tenant::v1 as pb;
use usher_proto::tenant::v1::provisioning_log_service_client::ProvisioningLogServiceClient;

use super::report::{Format, Report, text, time};
use super::session::{Session, WorkspaceArg, status_error};

/// `usher admin log`
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    #[command(flatten)]
    of: WorkspaceArg,
    /// Only requests that were refused or failed.
    #[arg(long)]
    refused: bool,
    /// Only entries about this resource id, userName, displayName or externalId.
    #[arg(long, default_value = "")]
    about: String,
    /// Maximum number of entries.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=500))]
    limit: i32,
    /// Continue after this entry, whose id `--output json` shows.
    #[arg(long, default_value = "")]
    before: String,
}

const COLUMNS: [&str; 6] = ["time", "request", "about", "status", "reason", "detail"];
const EVERY_COLUMN: [&str; 19] = [
    "id",
    "time",
    "app_id",
    "token_id",
    "method",
    "path",
    "resource_type",
    "resource_id",
    "name",
    "external_id",
    "attributes",
    "status",
    "scim_type",
    "reason",
    "detail",
    "request_id",
    "client_request_id",
    "bulk_index",
    "duration_micros",
];

impl LogArgs {
    pub(super) async fn run(self, session: &Session, format: Format) -> anyhow::Result<Report> {
        let workspace = session.workspace(&self.of).await?;
        let mut client = ProvisioningLogServiceClient::new(session.tenant.clone());
        let mut entries = Vec::new();
        let (mut left, mut page_token) = (self.limit, self.before);
        // A page of large entries has fewer entries than requested.
        while left > 0 {
            let message = pb::ListLogEntriesRequest {
                page_size: left,
                page_token,
                refused_only: self.refused,
                about: self.about.clone(),
            };
            let answer =
                client.list_log_entries(session.scoped(workspace, message)).await.map_err(status_error)?;
            let page = answer.into_inner();
            left -= i32::try_from(page.entries.len())?;
            entries.extend(page.entries);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let entries = entries.into_iter();
        Ok(match format {
            Format::Table => Report::list(&COLUMNS, entries.map(shown)),
            Format::Json => Report::list(&EVERY_COLUMN, entries.map(whole)),
        })
    }
}

fn shown(entry: pb::LogEntry) -> Vec<Value> {
    let about = [entry.name, entry.external_id, entry.resource_id].into_iter().find(|text| !text.is_empty());
    let bulk = if entry.bulk_index > 0 { format!(" (bulk {})", entry.bulk_index) } else { String::new() };
    vec![
        time(entry.time),
        json!(format!("{} {}{bulk}", entry.method, entry.path)),
        text(about.unwrap_or_default()),
        json!(entry.status),
        text(entry.reason),
        text(if entry.detail.is_empty() { ignored(&entry.attributes) } else { entry.detail }),
    ]
}

/// The attributes that a successful request did not change.
fn ignored(attributes: &[String]) -> String {
    let ignored = attributes.iter().filter(|name| name.contains(" (ignored")).map(String::as_str);
    ignored.collect::<Vec<_>>().join(", ")
}

fn whole(entry: pb::LogEntry) -> Vec<Value> {
    vec![
        text(entry.id),
        time(entry.time),
        text(entry.app_id),
        text(entry.token_id),
        text(entry.method),
        text(entry.path),
        text(entry.resource_type),
        text(entry.resource_id),
        text(entry.name),
        text(entry.external_id),
        json!(entry.attributes),
        json!(entry.status),
        text(entry.scim_type),
        text(entry.reason),
        text(entry.detail),
        text(entry.request_id),
        text(entry.client_request_id),
        json!(entry.bulk_index),
        json!(entry.duration_micros),
    ]
}
