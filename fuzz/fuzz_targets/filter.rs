//! Any text is a filter or is refused; what is printed of one is the same filter again; and a filter that
//! fits the schema judges a resource as its negation does not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use usher_scim::filter::{Filter, bind, parse};
use usher_scim::{Profile, eval, schema};

fuzz_target!(|text: &str| {
    let lenient = Profile::Default;
    let Ok(filter) = parse(text, lenient) else { return };
    let printed = filter.to_string();
    // Printing adds brackets, so what is just within a budget may print to what is beyond it.
    if let Ok(again) = parse(&printed, Profile::Strict) {
        assert_eq!(again, filter, "{printed}");
    }
    let resource = json!({
        "userName": "ada@acme.example", "active": true, "title": "Analyst",
        "emails": [{"type": "work", "value": "ada@acme.example", "primary": true}],
        "meta": {"created": "2026-06-01T00:00:00Z"},
    });
    for resource_type in [schema::user(), schema::group()] {
        if let (Ok(bound), Some(resource)) = (bind(&filter, resource_type, lenient), resource.as_object()) {
            let negated = Filter::Not(Box::new(filter.clone()));
            let negated = bind(&negated, resource_type, lenient).expect("it was bound before");
            assert_ne!(eval::matches(&bound, resource), eval::matches(&negated, resource));
        }
    }
});
