//! The demo workspaces, and what demo.json shows of each.

use serde::{Deserialize, Serialize};

/// What a demo workspace is.
pub(super) struct Demo {
    pub(super) slug: &'static str,
    pub(super) title: &'static str,
    pub(super) plan: &'static str,
    pub(super) domains: &'static [&'static str],
}

impl Demo {
    pub(super) fn email(&self) -> String {
        format!("admin@{}", self.domains.first().unwrap_or(&"sandbox.example"))
    }
}

/// What no database can give again; kept from the first start on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Secrets {
    pub(super) password: String,
    #[serde(default)]
    pub(super) token: String,
}

/// A demo workspace as demo.json shows it.
pub(super) struct Seeded {
    pub(super) demo: &'static Demo,
    pub(super) id: String,
    pub(super) secrets: Secrets,
}
