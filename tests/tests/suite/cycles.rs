//! Complete Entra tenants, over several cycles.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use usher_tests::entra::{Dialect, Directory, EntraClient, Job, JobOptions, Population, Report};
use usher_tests::operator::Operator;
use usher_tests::stack::{Stack, Workspace};

use crate::books;

/// A simulated tenant of a workspace.
pub(crate) struct Tenant {
    pub(crate) directory: Directory,
    pub(crate) job: Job,
    pub(crate) report: Arc<Report>,
}

impl Tenant {
    pub(crate) fn new(workspace: &Workspace, people: usize, dialects: &[Dialect]) -> Self {
        let outside = Some("unapproved.example".to_owned());
        let report = Arc::new(Report::default());
        let client = EntraClient::new(workspace.scim().clone(), Arc::clone(&report));
        let directory = Directory::generate(Population {
            people,
            seed: 7,
            domains: vec![format!("{}.example", workspace.slug())],
            outside: outside.clone(),
            suffix: String::new(),
            days_a_cycle: 15,
        });
        let options = JobOptions { concurrency: 8, dialects: dialects.to_vec(), outside };
        Self { directory, job: Job::new(client, options), report }
    }

    /// Simulates the time until the next cycle, and runs it.
    pub(crate) async fn next_cycle(&mut self) {
        self.report.lived(&self.directory.live());
        self.job.cycle(&self.directory).await;
    }

    /// Compares the whole workspace with the model, and checks the invariants of the books.
    pub(crate) async fn assert_exact(&self, operator: &Operator, workspace: &Workspace) {
        let census = self.job.verify(&BTreeSet::new()).await.unwrap();
        self.report.assert_clean();
        assert_eq!(census, self.job.expected_census());
        books::assert_exact(operator, workspace.id(), &census).await;
    }
}

async fn run(dialects: &[Dialect]) {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let globex = stack.workspace("globex").create().await;
    globex.scim().created("hank@globex.example").await;
    books::open_account(stack.operator(), acme.id()).await;
    let mut tenant = Tenant::new(&acme, 120, dialects);

    assert!(tenant.job.test_connection().await);
    tenant.job.cycle(&tenant.directory).await;
    tenant.assert_exact(stack.operator(), &acme).await;
    for _ in 0..4 {
        tenant.next_cycle().await;
    }
    tenant.assert_exact(stack.operator(), &acme).await;

    let before = tenant.report.requests();
    tenant.job.cycle(&tenant.directory).await;
    let outsiders = tenant.report.requests() - before;
    assert!(outsiders < 20, "a cycle without changes made {outsiders} requests");
    assert!(tenant.report.refusals() > 0, "nobody of an unapproved domain was tried");
    globex.scim().get("/Users").await.assert_total(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_in_the_legacy_dialect_ends_with_exact_seats() {
    run(&[Dialect::Legacy]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_in_the_fixed_dialect_ends_with_exact_seats() {
    run(&[Dialect::Fixed]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_job_finds_everybody_and_writes_nothing_twice() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    books::open_account(stack.operator(), acme.id()).await;
    let mut first = Tenant::new(&acme, 60, &[Dialect::Legacy, Dialect::Fixed]);
    first.job.cycle(&first.directory).await;
    first.next_cycle().await;
    first.assert_exact(stack.operator(), &acme).await;
    let written = stack.operator().changes(acme.id()).await.unwrap().len();

    // The same directory, without memory of the target.
    let mut second = Tenant::new(&acme, 60, &[Dialect::Fixed]);
    second.directory.live();
    second.job.cycle(&second.directory).await;

    second.report.assert_clean();
    assert_eq!(stack.operator().changes(acme.id()).await.unwrap().len(), written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_fill_in_inside_the_product_survives_every_cycle() {
    let stack = Stack::start().await;
    let acme = stack.workspace("acme").create().await;
    let mut tenant = Tenant::new(&acme, 30, &[Dialect::Legacy, Dialect::Fixed]);
    tenant.job.cycle(&tenant.directory).await;
    let people = tenant.job.everybody().await.unwrap();
    for id in people.keys() {
        let filled = json!([
            { "op": "add", "path": "nickName", "value": "Nick" },
            { "op": "add", "path": "phoneNumbers[type eq \"home\"].value", "value": "555" },
            { "op": "add", "path": "emails", "value": [{ "type": "other", "value": "me@private.example" }] },
        ]);
        stack.operator().patch_user(acme.id(), id, &filled).await.unwrap();
    }

    for _ in 0..3 {
        tenant.next_cycle().await;
    }

    tenant.report.assert_clean();
    let after = tenant.job.everybody().await.unwrap();
    for (id, document) in after.iter().filter(|(id, _)| people.contains_key(*id)) {
        assert_eq!(document["nickName"], "Nick", "{id}");
        let has = |name: &str, value: &str| {
            document[name].as_array().unwrap().iter().any(|element| element["value"] == value)
        };
        assert!(has("phoneNumbers", "555") && has("emails", "me@private.example"), "{document}");
    }
}
