//! Sends the rows of `usher-dialects` over HTTP to the real services, and checks what can't be written as a
//! row.

mod checklist;
mod discoverable;
mod entry;
mod rate;
mod run;
mod seat_events;

use usher_dialects::{about_identity_providers, about_microsoft, about_standards_and_other_servers};

use run::hold;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_about_microsoft_holds() {
    hold(about_microsoft()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_about_identity_providers_holds() {
    hold(about_identity_providers()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_about_standards_and_other_servers_holds() {
    hold(about_standards_and_other_servers()).await;
}
