//! Any text is a document or is refused; what is taken is what every reader reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use usher_scim::user::{canonicalize, create};
use usher_scim::{Profile, group, json, schema};

fuzz_target!(|text: &str| {
    let Ok(value) = json::parse(text) else { return };
    assert_eq!(serde_json::from_str::<Value>(text).ok().as_ref(), Some(&value));
    for profile in [Profile::Default, Profile::Strict] {
        if let Ok(incoming) = canonicalize(&value, schema::user(), profile) {
            let _ = create(incoming, profile);
        }
        if let Ok(incoming) = group::canonicalize(value.clone(), profile) {
            let _ = group::create(incoming);
        }
    }
});
