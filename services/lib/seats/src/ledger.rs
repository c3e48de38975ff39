//! Facts of the ledger, and what comparisons of it find.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// What a fact of the ledger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// The state of a SCIM user.
    State,
    /// A person's state over a past time, in the place of what states say.
    Correction,
    /// Two person keys are one person.
    Link,
}

named!(EventKind, "kind of event");

/// What a comparison of the states of identity and billing found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ComparisonOutcome {
    /// The same users in the same classes.
    Equal,
    /// Somebody differs.
    Different,
    /// Billing has not come to the number yet.
    Behind,
}

named!(ComparisonOutcome, "outcome of a comparison");
