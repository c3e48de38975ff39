//! `usher admin report`: a report of billing as a file.

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
use super::session::{Session, told};

/// A report of a period. The same report of the same period at the same --known-at is the same to the
/// byte; names are always those of now.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Which one.
    #[arg(value_enum)]
    report: ReportName,
    /// Slug or id of the workspace; without it, of all workspaces.
    #[arg(long, short)]
    workspace: Option<String>,
    /// First local date of the period; of all workspaces, any date within their periods.
    #[arg(long, value_parser = argument::date)]
    start: Date,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// By what was known at this time.
    #[arg(long, value_parser = argument::time)]
    known_at: Option<Timestamp>,
    /// Fills the column `display` of seat-days and idle-seats with the names that people have now. Whoever
    /// was deleted has none.
    #[arg(long)]
    names: bool,
    /// The file to write; without it, standard output.
    #[arg(long)]
    to: Option<PathBuf>,
    /// A JSON file for what the report is: its hash, period, modes, price versions, and what was known.
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
                Some(found.id.parse().context("a workspace without an id")?)
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
        let mut stream = client.export_report(request).await.map_err(told)?.into_inner();
        let mut hash = Sha256::new();
        loop {
            match stream.message().await.map_err(told)?.and_then(|message| message.part) {
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
                None => bail!("the report ended early; ask for it again"),
            }
        }
    }

    fn output(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        let Some(path) = &self.to else { return Ok(Box::new(std::io::stdout())) };
        let file = std::fs::File::create(path);
        Ok(Box::new(file.with_context(|| format!("{} can't be written", path.display()))?))
    }
}

/// Checks what billing sent against the manifest.
fn finish(manifest: &pb::Manifest, digest: &[u8], named: bool) -> anyhow::Result<Report> {
    if digest != manifest.sha256 {
        bail!("what arrived does not have the report's hash; ask for it again");
    }
    let known = super::report::time(manifest.known_time);
    let mut note = format!(
        "{} rows, {} bytes, sha256 {}, known at {}",
        manifest.rows,
        manifest.bytes,
        hex(&manifest.sha256),
        known.as_str().unwrap_or_default()
    );
    // Of all workspaces there is no one ledger.
    if !manifest.head_hash.is_empty() {
        let _ = write!(note, ", fact {} {}", manifest.sequence, hex(&manifest.head_hash));
    }
    if named {
        note.push_str("\nnames were joined as they are now; bytes and sha256 are those without them");
    }
    Ok(Report::done(note))
}
