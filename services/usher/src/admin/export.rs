//! `usher admin report`: billing reports as files.

mod manifest;
mod names;
mod rows;

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::export_report_response::Part;
use usher_proto::billing::v1::report_service_client::ReportServiceClient;
use usher_rpc::WireEnum as _;
use usher_rpc::convert::to_wire;
use usher_seats::{ReportFormat, ReportName};

use self::names::Names;
use super::argument;
use super::report::{Report, hex};
use super::session::{Session, status_error};

/// Export a report of a period. With the same --known-at it is the same to the byte, except for names, which are
/// always the current ones.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Name of the report.
    #[arg(value_enum)]
    report: ReportName,
    /// Slug or id of the workspace. If left out, all workspaces.
    #[arg(long, short)]
    workspace: Option<String>,
    /// First local date of the period; for all workspaces, any date within their periods.
    #[arg(long, value_parser = argument::date)]
    start: Date,
    /// Format of the file.
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// Show the data as of this time, such as 2026-06-16T09:00:00Z. If left out, now.
    #[arg(long, value_parser = argument::time)]
    known_at: Option<Timestamp>,
    /// Fill the column `display` of seat-days and idle-seats with the current names of people. Deleted people have
    /// none.
    #[arg(long)]
    names: bool,
    /// The output file. If left out, standard output.
    #[arg(long)]
    to: Option<PathBuf>,
    /// A JSON file for the report's manifest: hash, period, modes, price versions, and the as-of time.
    #[arg(long)]
    manifest: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        ensure!(
            !self.names || self.report.has_display(),
            "--names fills the column display, which seat-days and idle-seats have; {} has none",
            self.report
        );
        let workspace = match &self.workspace {
            Some(name) => {
                let found = session.find_workspace(name).await?;
                Some(found.id.parse().context("the workspace has no valid id")?)
            }
            None => None,
        };
        let message = pb::ExportReportRequest {
            report: self.report.to_wire(),
            start_date: self.start.to_string(),
            format: self.format.to_wire(),
            known_time: self.known_at.map(to_wire),
            all_workspaces: workspace.is_none(),
        };
        let request = match workspace {
            Some(workspace) => session.scoped(workspace, message),
            None => session.request(message),
        };
        let mut names = self.names.then(|| Names::new(session, workspace, self.format));
        let mut out = self.output()?;
        let mut client = ReportServiceClient::new(session.billing.clone());
        let mut stream = client.export_report(request).await.map_err(status_error)?.into_inner();
        let mut hash = Sha256::new();
        loop {
            match stream.message().await.map_err(status_error)?.and_then(|message| message.part) {
                Some(Part::Chunk(chunk)) => {
                    hash.update(&chunk);
                    match &mut names {
                        Some(names) => out.write_all(&names.join(&chunk).await?)?,
                        None => out.write_all(&chunk)?,
                    }
                }
                Some(Part::Manifest(manifest)) => {
                    out.flush()?;
                    let report = finish(&manifest, &hash.finalize(), self.names)?;
                    if let Some(path) = &self.manifest {
                        let text = format!("{:#}\n", manifest::json(manifest));
                        std::fs::write(path, text)
                            .with_context(|| format!("{} can't be written", path.display()))?;
                    }
                    return Ok(report);
                }
                None => bail!("the report is incomplete; request it again"),
            }
        }
    }

    fn output(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        let Some(path) = &self.to else { return Ok(Box::new(std::io::stdout())) };
        let file = std::fs::File::create(path);
        Ok(Box::new(file.with_context(|| format!("{} can't be written", path.display()))?))
    }
}

/// Checks the received report against the manifest.
fn finish(manifest: &pb::Manifest, digest: &[u8], named: bool) -> anyhow::Result<Report> {
    if digest != manifest.sha256 {
        bail!("the report does not match its hash; request it again");
    }
    let known = super::report::time(manifest.known_time);
    let mut note = format!(
        "{} rows, {} bytes, sha256 {}, as of {}",
        manifest.rows,
        manifest.bytes,
        hex(&manifest.sha256),
        known.as_str().unwrap_or_default()
    );
    // A report of all workspaces has no single ledger.
    if !manifest.head_hash.is_empty() {
        let _ = write!(note, ", fact {} {}", manifest.sequence, hex(&manifest.head_hash));
    }
    if named {
        note.push_str("\nnames are current; bytes and sha256 are of the report without names");
    }
    Ok(Report::done(note))
}
