//! Adds the names of people to a report while it is received.

use std::collections::HashMap;

use anyhow::Context as _;
use futures::{TryStreamExt as _, stream};
use usher_base::id::WorkspaceId;
use usher_proto::identity::v1::GetPersonNamesRequest;
use usher_proto::identity::v1::user_service_client::UserServiceClient;
use usher_seats::ReportFormat;

use super::rows::{Row, Rows};
use crate::admin::session::{Session, status_error};

/// The maximum number of persons per call of identity.
const MAX_PERSONS: usize = 1_000;
/// The maximum number of workspaces whose people are requested at the same time.
const PARALLEL: usize = 8;

/// Adds the names of current users to a report. Holds only one chunk in memory.
pub(super) struct Names<'a> {
    session: &'a Session,
    /// The workspace of all rows. If `None`, each row names its workspace.
    workspace: Option<WorkspaceId>,
    rows: Rows,
}

impl<'a> Names<'a> {
    pub(super) const fn new(
        session: &'a Session,
        workspace: Option<WorkspaceId>,
        format: ReportFormat,
    ) -> Self {
        Self { session, workspace, rows: Rows::new(format) }
    }

    /// Adds names to a chunk of the report.
    pub(super) async fn join(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut chunk = self.rows.read(bytes)?;
        let workspaces = chunk.rows.chunk_by_mut(|one, next| one.get("tenant") == next.get("tenant"));
        let batches = workspaces.flat_map(|rows| rows.chunks_mut(MAX_PERSONS));
        stream::iter(batches.map(Ok)).try_for_each_concurrent(PARALLEL, |rows| self.name(rows)).await?;
        self.rows.write(&chunk)
    }

    /// Adds the names of one workspace's people.
    async fn name(&self, rows: &mut [Row]) -> anyhow::Result<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        let workspace = match self.workspace {
            Some(workspace) => workspace,
            None => text(first, "tenant")?.parse().context("the report names no workspace")?,
        };
        let person_keys = rows.iter().map(|row| text(row, "person_key").map(str::to_owned));
        let message = GetPersonNamesRequest { person_keys: person_keys.collect::<Result<_, _>>()? };
        let mut client = UserServiceClient::new(self.session.identity.clone());
        let answer =
            client.get_person_names(self.session.scoped(workspace, message)).await.map_err(status_error)?;
        let names = answer.into_inner().names.into_iter().map(|name| (name.person_key, name.display));
        let names: HashMap<String, String> = names.collect();
        for row in rows {
            if let Some(name) = names.get(text(row, "person_key")?) {
                self.rows.name(row, name)?;
            }
        }
        Ok(())
    }
}

fn text<'a>(row: &'a Row, column: &str) -> anyhow::Result<&'a str> {
    let cell = row.get(column).and_then(serde_json::Value::as_str);
    cell.with_context(|| format!("the report has no column {column}"))
}
