//! Work that runs without a call: closing ended periods, verifying ledgers, signing their heads. Each workspace has a
//! turn of each job; a replica leases the turn, does the work, and schedules the next turn.

mod closing;
pub(crate) mod model;
mod signing;
pub(crate) mod store;
mod verification;

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::time::sleep;
use usher_base::id::WorkspaceId;
use usher_base::{CallContext, Clock, Credential, Permission};
use usher_rpc::{Failure, ServiceCredential, Tasks, Verifier};
use usher_store::Database;

use crate::error::BillingError;
use crate::jobs::model::{Job, JobSettings, Trouble, Turn};
use crate::verification::model::proof::ProofKeys;

/// How long a replica may hold a turn: longer than the largest ledger takes.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// Maximum number of due turns read at once.
const PAGE: i32 = 100;
/// How often an operator is reminded of a problem that persists.
const TELL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Why a round ended early.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error("tenant gave no credential: {0}")]
    Call(#[from] Failure),
    #[error("the service's own credential: {0}")]
    Credential(String),
    #[error(transparent)]
    Billing(#[from] BillingError),
}

/// Runs the jobs of all workspaces.
#[derive(Clone)]
pub(crate) struct Jobs {
    pub(crate) database: Database,
    /// Even for background work, scopes come only from verified credentials.
    pub(crate) credential: ServiceCredential,
    pub(crate) verifier: Verifier,
    pub(crate) clock: Clock,
    pub(crate) settings: JobSettings,
    /// The keys that sign heads. `None` if heads are not signed.
    pub(crate) proof: Option<ProofKeys>,
}

impl Jobs {
    /// Starts the configured jobs; they end on shutdown.
    pub(crate) fn spawn(self, tasks: &Tasks) {
        let JobSettings { close_after, close_alarm_after, verify_every, .. } = self.settings;
        if close_after.is_some() || close_alarm_after.is_some() {
            drop(tasks.spawn(self.clone().run(Job::Close, tasks.clone())));
        }
        if verify_every.is_some() {
            drop(tasks.spawn(self.clone().run(Job::Verify, tasks.clone())));
        }
        if self.proof.is_some() {
            drop(tasks.spawn(self.run(Job::Sign, tasks.clone())));
        }
    }

    async fn run(self, job: Job, tasks: Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = self.clock.pause(self.settings.poll) => {}
            }
            let round = tokio::select! {
                () = tasks.stopping() => return,
                round = self.round(job) => round,
            };
            if let Err(error) = round {
                let job = job.as_str();
                tracing::warn!(
                    job,
                    error = &error as &dyn std::error::Error,
                    "a billing job can't run now; it will be retried"
                );
            }
        }
    }

    /// Processes the due turns, workspace by workspace.
    async fn round(&self, job: Job) -> Result<(), JobError> {
        while self.page(job).await? {}
        if let Some(metric) = job.trouble_metric() {
            let troubled = store::turns::count_troubled(&self.database, job).await?;
            metrics::gauge!(metric).set(f64::from(u32::try_from(troubled).unwrap_or(u32::MAX)));
        }
        Ok(())
    }

    /// Processes the first due turns. Returns whether there may be more. A turn that fails is retried when its lease
    /// ends.
    async fn page(&self, job: Job) -> Result<bool, JobError> {
        let due = store::turns::due(&self.database, job, self.clock.now(), PAGE).await?;
        let mut more = i32::try_from(due.len()).is_ok_and(|found| found == PAGE);
        for turn in due {
            let token = self.credential.current().await?;
            let credential = self.verifier.verify(&token).await;
            let credential = credential.map_err(|error| JobError::Credential(error.to_string()))?;
            if let Err(error) = self.turn(job, turn, &credential).await {
                // Leave the remaining turns to the next round, so that the database can recover.
                more = false;
                tracing::error!(
                    job = job.as_str(), workspace = %turn.workspace, error = &error as &dyn std::error::Error,
                    "a job failed for a workspace; it will be retried in {} minutes", LEASE.as_mins()
                );
            }
            sleep(job.pause()).await;
        }
        Ok(more)
    }

    async fn turn(&self, job: Job, turn: Turn, credential: &Arc<Credential>) -> Result<(), BillingError> {
        let ctx = CallContext::background(
            self.clock.clone(),
            credential.as_ref().clone(),
            turn.workspace,
            job.as_str(),
        );
        let database = self.database.scoped(&ctx.scope(Permission::BillingAdmin)?);
        let lease = self.clock.now() + LEASE;
        let mut tx = database.begin_at(self.clock.now()).await?;
        let claimed = store::turns::claim(&mut tx, job, turn.at, lease).await?;
        tx.commit().await?;
        let Some(before) = claimed else { return Ok(()) };
        // Hold only the lease while the work is done, and no connection.
        let outcome = match job {
            Job::Close => closing::turn(&self.database, &ctx, self.settings).await?,
            Job::Verify => {
                let every = self.settings.verify_every.unwrap_or(TELL_EVERY);
                verification::turn(&self.database, &ctx, every, self.proof.as_ref()).await?
            }
            Job::Sign => signing::turn(&self.database, &ctx, self.proof.as_ref()).await?,
        };
        let trouble = outcome.trouble.map(|what| self.tell(job, turn.workspace, before, &what));
        let mut tx = database.begin_at(self.clock.now()).await?;
        store::turns::finish(&mut tx, job, lease, outcome.next, trouble).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Logs a problem when it begins, and once a day while it persists.
    fn tell(&self, job: Job, workspace: WorkspaceId, before: Option<Trouble>, what: &str) -> Trouble {
        let now = self.clock.now();
        if let Some(before) = before.filter(|before| now.duration_since(before.told_at) < TELL_EVERY) {
            return before;
        }
        match job {
            Job::Close => {
                tracing::error!(%workspace, "a period is overdue for closing: {what}");
            }
            Job::Verify | Job::Sign => tracing::error!(%workspace, "a ledger is inconsistent: {what}"),
        }
        Trouble { since: before.map_or(now, |before| before.since), told_at: now }
    }
}
