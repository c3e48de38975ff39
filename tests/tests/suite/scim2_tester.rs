//! The public compliance test, scim2-tester, against the whole stack.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokio::process::Command;
use usher_proto::tenant::v1::ScimProfile;
use usher_tests::python;
use usher_tests::stack::Stack;

#[derive(Debug, Deserialize)]
struct Finding {
    status: String,
    title: Option<String>,
    reason: Option<String>,
    resource_type: Option<String>,
    data: Option<String>,
}

/// Attributes that every user has. Clients need not send them, so they are not required; and clients can't remove
/// them, which the checker expects of attributes that are not required.
const ALWAYS_THERE: [&str; 3] = [
    "'active'",
    "'urn:ietf:params:scim:schemas:extension:usher:2.0:User'",
    "'urn:ietf:params:scim:schemas:extension:usher:2.0:User:userType'",
];

impl Finding {
    fn is_bad(&self) -> bool {
        !["SUCCESS", "COMPLIANT", "ACCEPTABLE"].contains(&self.status.as_str()) && !self.is_about_a_default()
    }

    fn is_about_a_default(&self) -> bool {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        let reason = text(&self.reason);
        text(&self.title) == "check_remove_attribute" && ALWAYS_THERE.iter().any(|name| reason.contains(name))
    }
}

async fn check(profile: ScimProfile) {
    let programs = tokio::task::spawn_blocking(python::programs).await.unwrap();
    let stack = Stack::start().await;
    // Its users have random domains.
    let acme = stack.workspace("acme").plan("Open").create().await;
    stack.operator().app_profile(acme.id(), acme.app(), profile).await.unwrap();

    let output = Command::new(programs.join("python"))
        .arg(python::script("check_server.py"))
        .env("SCIM_URL", acme.scim().base())
        .env("SCIM_TOKEN", acme.scim().token())
        .output()
        .await
        .unwrap();

    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let findings: Vec<Finding> = serde_json::from_slice(&output.stdout).unwrap();
    let mut counts = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.status.as_str()).or_insert(0_usize) += 1;
    }
    let bad: Vec<_> = findings
        .iter()
        .filter(|finding| finding.is_bad())
        .map(|Finding { status, title, reason, resource_type, data }| {
            format!("{status} {resource_type:?} {title:?}: {reason:?} {data:?}")
        })
        .collect();
    assert!(bad.is_empty(), "{counts:?}\n{}", bad.join("\n"));
    assert!(findings.len() >= 100, "only {} checks were made: {counts:?}", findings.len());
    acme.settle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_and_nothing_advertised_is_skipped_in_the_default_profile() {
    check(ScimProfile::Default).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_and_nothing_advertised_is_skipped_in_the_strict_profile() {
    check(ScimProfile::Strict).await;
}
