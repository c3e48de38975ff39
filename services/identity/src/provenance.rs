//! The source of each attribute. It has no effect; it is stored for display, and to distinguish what the identity
//! provider does not send from what it cleared.

use serde_json::Value;
use usher_base::Actor;
use usher_scim::schema::USHER_USER;
use usher_scim::{Change, Object};

/// Records who set the changed attributes. A cleared attribute has no source any more.
pub(crate) fn note(provenance: &mut Object, changes: &[Change], actor: &Actor) {
    let source = match actor {
        Actor::Scim { .. } => "idp",
        Actor::Admin(_) | Actor::Service(_) | Actor::Operator(_) => "admin",
    };
    for change in changes {
        if change.after.is_some() {
            provenance.insert(change.path.clone(), Value::from(source));
        } else {
            provenance.shift_remove(&change.path);
        }
    }
}

/// Records the defaults: a new user is active, and Regular.
pub(crate) fn note_defaults(provenance: &mut Object, sent_active: bool) {
    if !sent_active {
        provenance.insert("active".to_owned(), "default".into());
    }
    provenance.entry(format!("{USHER_USER}:userType")).or_insert_with(|| "default".into());
}
