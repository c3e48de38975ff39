//! Which crate may depend on which: `base`, `seats` ← `proto`, `rating`, `scim`, `store`, `net` ← `rpc` ←
//! services ← `usher` ← `tests`. And which folder of billing may import from which.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::imports;

/// The crates of this workspace that `name` may depend on.
fn allowed(name: &str) -> &'static [&'static str] {
    match name {
        "usher-base" | "usher-net" | "usher-seats" | "usher-dialects" => &[],
        "usher-proto" | "usher-store" => &["usher-base"],
        "usher-testing" => &["usher-base", "usher-net", "usher-store"],
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
            "usher-dialects",
            "usher-gateway",
            "usher-identity",
            "usher-net",
            "usher-proto",
            "usher-rpc",
            "usher-scim",
            "usher-seats",
            "usher-store",
            "usher-tenant",
            "usher-testing",
        ],
        other => panic!("crate {other} has no row in this table; decide what it may depend on"),
    }
}

#[test]
fn crates_have_only_the_dependencies_that_the_architecture_permits() {
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

/// The crates that still have circles of imports, and the maximum number of their files in one circle.
const CIRCULAR: [(&str, usize); 9] = [
    ("usher", 11),
    ("usher-base", 2),
    ("usher-gateway", 14),
    ("usher-identity", 20),
    ("usher-net", 8),
    ("usher-rpc", 13),
    ("usher-scim", 19),
    ("usher-store", 8),
    ("usher-tenant", 44),
];

/// The level of a folder or file of billing: it may import only from lower levels.
fn level(wing: &str) -> usize {
    match wing {
        "error" | "sql" => 0,
        "audit" => 1,
        "terms" => 2,
        "ledger" => 3,
        "limits" => 4,
        "invoicing" => 5,
        "reports" | "verification" => 6,
        "jobs" => 7,
        "ingest" => 8,
        "grpc" => 9,
        "methods" => 10,
        "service" => 11,
        "" => 12,
        other => panic!("{other} has no row in this table; decide what it may import from"),
    }
}

/// The layer of a file within its folder: rules use stores, and both use models.
fn layer(module: &[String]) -> usize {
    match module.get(1).map(String::as_str) {
        Some("model") => 0,
        Some("store") => 1,
        _ => 2,
    }
}

fn may_import(from: &[String], other: &[String]) -> bool {
    let wing = |module: &[String]| module.first().cloned().unwrap_or_default();
    let (of, to) = (wing(from), wing(other));
    match to.as_str() {
        // Errors may use models only, and everything may use errors.
        _ if of == "error" => layer(other) == 0,
        "error" => true,
        _ if of == "sql" => layer(other) == 0,
        "sql" => layer(from) > 0,
        _ if of == to => layer(from) >= layer(other),
        _ => level(&of) > level(&to) && layer(from) >= layer(other),
    }
}

fn sources() -> Vec<(String, PathBuf)> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let source = |package: cargo_metadata::Package| {
        let folder = package.manifest_path.parent().unwrap().join("src");
        (package.name.to_string(), folder.into_std_path_buf())
    };
    let libraries = metadata.packages.into_iter().filter(|package| package.name.as_str() != "usher-tests");
    libraries.map(source).filter(|(_, folder)| folder.exists()).collect()
}

#[test]
fn folders_of_billing_import_only_from_below() {
    let (_, source) = sources().into_iter().find(|(name, _)| name == "usher-billing").unwrap();
    let imports = imports::of_crate(&source);

    let upward = imports.iter().flat_map(|(from, others)| others.iter().map(move |other| (from, other)));
    let upward = upward.filter(|(from, other)| !may_import(from, other));
    let upward: Vec<String> =
        upward.map(|(from, other)| format!("{} -> {}", from.join("::"), other.join("::"))).collect();

    assert_eq!(upward, Vec::<String>::new());
    assert!(imports.len() > 100, "billing was not read");
}

#[test]
fn imports_make_no_circles_beyond_those_that_are_known() {
    for (name, source) in sources() {
        let circles = imports::circles(&imports::of_crate(&source));
        let files = circles.iter().map(BTreeSet::len).sum::<usize>();
        let allowed = CIRCULAR.iter().find(|(circular, _)| *circular == name).map_or(0, |(_, files)| *files);

        assert!(files <= allowed, "circles of imports in {name}: {circles:?}");
    }
}
