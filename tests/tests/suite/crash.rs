//! Roles are killed, and the database becomes unavailable, in the middle of a cycle.

use std::time::Duration;

use usher_store::Durability;
use usher_tests::entra::{Dialect, Report};
use usher_tests::stack::{Processes, Workspace};
use usher_tests::wait::eventually;

use crate::books;
use crate::cycles::Tenant;

const PEOPLE: usize = 120;
const LONG: Duration = Duration::from_mins(1);

async fn set_up() -> (Processes, Workspace, Tenant) {
    let processes = Processes::start(Durability::Relaxed).await;
    let acme = processes.workspace("acme").create().await;
    books::open_account(processes.operator(), acme.id()).await;
    let tenant = Tenant::new(&acme, PEOPLE, &[Dialect::Legacy, Dialect::Fixed]);
    (processes, acme, tenant)
}

/// Waits until this number of further requests was answered.
async fn more(report: &Report, requests: u64) {
    let goal = report.requests() + requests;
    eventually(LONG, "the cycle continues", async || report.requests() >= goal).await;
}

/// Waits until a client was told to try again.
async fn told_to_wait(report: &Report) {
    let before = report.retries();
    eventually(LONG, "a client is told to try again", async || report.retries() > before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_billing_misses_nothing() {
    let (mut processes, acme, mut tenant) = set_up().await;
    let report = tenant.report.clone();

    let disaster = async {
        for _ in 0..2 {
            more(&report, 60).await;
            processes.kill("billing").await;
            // Nothing waits for billing.
            more(&report, 60).await;
            processes.restart("billing").await;
        }
    };
    tokio::join!(tenant.job.cycle(&tenant.directory), disaster);
    assert_eq!(report.retries(), 0, "billing delayed people");
    tenant.next_cycle().await;

    tenant.assert_exact(processes.operator(), &acme).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_identity_loses_nothing_that_it_acknowledged() {
    let (mut processes, acme, mut tenant) = set_up().await;
    let report = tenant.report.clone();

    let disaster = async {
        for _ in 0..2 {
            more(&report, 80).await;
            processes.kill("identity").await;
            told_to_wait(&report).await;
            processes.restart("identity").await;
        }
    };
    tokio::join!(tenant.job.cycle(&tenant.directory), disaster);
    tenant.next_cycle().await;

    tenant.assert_exact(processes.operator(), &acme).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_database_is_503_with_retry_after_and_recovers_by_itself() {
    let (mut processes, acme, mut tenant) = set_up().await;
    let report = tenant.report.clone();

    let disaster = async {
        more(&report, 80).await;
        processes.stop_postgres().await;
        // Once it is known to be unavailable, requests are still answered, and at once.
        told_to_wait(&report).await;
        told_to_wait(&report).await;
        processes.start_postgres().await;
    };
    tokio::join!(tenant.job.cycle(&tenant.directory), disaster);
    tenant.next_cycle().await;

    // The simulator checks that every 503 says when to try again.
    tenant.assert_exact(processes.operator(), &acme).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_gateway_and_a_killed_tenant_come_back_without_anybodys_help() {
    let (mut processes, acme, mut tenant) = set_up().await;
    let report = tenant.report.clone();

    let disaster = async {
        more(&report, 60).await;
        processes.kill("gateway").await;
        told_to_wait(&report).await;
        processes.restart("gateway").await;
        more(&report, 60).await;
        processes.kill("tenant").await;
        told_to_wait(&report).await;
        processes.restart("tenant").await;
    };
    tokio::join!(tenant.job.cycle(&tenant.directory), disaster);
    tenant.next_cycle().await;

    tenant.assert_exact(processes.operator(), &acme).await;
}
