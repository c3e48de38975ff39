//! `usher admin report`: a report of billing as a file.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::export_report_response::Part;
use usher_proto::billing::v1::invoicing_client::InvoicingClient;
use usher_rpc::convert::to_wire;

use super::report::Report;
use super::session::{Session, told};

/// Reports: statement, seat-days, seats-by-day, change-log, roll-forward, adjustments, commitment,
/// limits, reconciliation, idle-seats, forecast, portfolio. The same report of the same period at the
/// same --known-at is the same to the byte.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Which one.
    report: String,
    /// Slug or id of the workspace; without it, of all workspaces.
    #[arg(long, short)]
    workspace: Option<String>,
    /// First local date of the period; of all workspaces, any date within their periods.
    #[arg(long)]
    start: Date,
    /// csv or jsonl.
    #[arg(long, default_value = "csv")]
    format: String,
    /// By what was known at this time.
    #[arg(long)]
    known_at: Option<Timestamp>,
    /// The file to write; without it, standard output.
    #[arg(long)]
    to: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let message = pb::ExportReportRequest {
            report: self.report,
            start_date: self.start.to_string(),
            format: self.format,
            known_time: self.known_at.map(to_wire),
            all_workspaces: self.workspace.is_none(),
        };
        let request = match &self.workspace {
            Some(name) => {
                let found = session.find_workspace(name).await?;
                session.scoped(found.id.parse().context("a workspace without an id")?, message)
            }
            None => session.request(message),
        };
        let mut out: Box<dyn std::io::Write + Send> = match &self.to {
            Some(path) => Box::new(
                std::fs::File::create(path)
                    .with_context(|| format!("{} can't be written", path.display()))?,
            ),
            None => Box::new(std::io::stdout()),
        };
        let mut client = InvoicingClient::new(session.billing.clone());
        let mut stream = client.export_report(request).await.map_err(told)?.into_inner();
        let mut hash = Sha256::new();
        loop {
            match stream.message().await.map_err(told)?.and_then(|message| message.part) {
                Some(Part::Chunk(chunk)) => {
                    hash.update(&chunk);
                    out.write_all(&chunk)?;
                }
                Some(Part::Manifest(manifest)) => {
                    out.flush()?;
                    return finish(&manifest, &hash.finalize());
                }
                None => bail!("the report ended early; ask for it again"),
            }
        }
    }
}

/// Checks what was written against the manifest.
fn finish(manifest: &pb::Manifest, digest: &[u8]) -> anyhow::Result<Report> {
    let digest: String = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    if digest != manifest.sha256 {
        bail!("what arrived does not have the report's hash; ask for it again");
    }
    let known = super::report::time(manifest.known_time);
    Ok(Report::done(format!(
        "{} rows, {} bytes, sha256 {}, known at {}, fact {} {}",
        manifest.rows,
        manifest.bytes,
        manifest.sha256,
        known.as_str().unwrap_or_default(),
        manifest.sequence,
        manifest.head_hash
    )))
}
