//! Which crate may know which: `base`, `seats` ← `proto`, `rating`, `scim`, `store`, `net` ← `rpc` ← services ←
//! `usher` ← `tests`.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The crates of this workspace that `name` may depend on.
fn allowed(name: &str) -> &'static [&'static str] {
    match name {
        "usher-base" | "usher-net" | "usher-seats" => &[],
        "usher-proto" | "usher-store" => &["usher-base"],
        "usher-rating" | "usher-scim" => &["usher-base", "usher-seats"],
        "usher-rpc" => &["usher-base", "usher-net", "usher-proto", "usher-seats"],
        "usher-tenant" => {
            &["usher-base", "usher-net", "usher-proto", "usher-rpc", "usher-seats", "usher-store"]
        }
        "usher-billing" => &[
            "usher-base",
            "usher-net",
            "usher-proto",
            "usher-rating",
            "usher-rpc",
            "usher-seats",
            "usher-store",
        ],
        "usher-identity" => &[
            "usher-base",
            "usher-net",
            "usher-proto",
            "usher-rpc",
            "usher-scim",
            "usher-seats",
            "usher-store",
        ],
        "usher-gateway" => &["usher-base", "usher-net", "usher-proto", "usher-rpc", "usher-scim"],
        "usher" => &[
            "usher-base",
            "usher-billing",
            "usher-gateway",
            "usher-identity",
            "usher-net",
            "usher-proto",
            "usher-rating",
            "usher-rpc",
            "usher-seats",
            "usher-store",
            "usher-tenant",
        ],
        "usher-tests" => &[
            "usher",
            "usher-base",
            "usher-billing",
            "usher-gateway",
            "usher-identity",
            "usher-net",
            "usher-proto",
            "usher-rpc",
            "usher-scim",
            "usher-seats",
            "usher-store",
            "usher-tenant",
        ],
        other => panic!("crate {other} has no row in this table; decide what it may know"),
    }
}

#[test]
fn crates_know_only_what_the_architecture_lets_them_know() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let members: BTreeSet<_> = metadata.packages.iter().map(|package| package.name.to_string()).collect();

    for package in &metadata.packages {
        let known: BTreeSet<_> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .map(|dependency| dependency.name.as_str())
            .filter(|name| members.contains(*name))
            .collect();
        let allowed: BTreeSet<_> = allowed(&package.name).iter().copied().collect();

        let forbidden: Vec<_> = known.difference(&allowed).collect();

        assert!(forbidden.is_empty(), "{} must not depend on {forbidden:?}", package.name);
    }
    assert!(members.len() >= 12, "the workspace was not read: {members:?}");
}
