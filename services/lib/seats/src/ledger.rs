//! Kinds of facts in the ledger, and outcomes of comparisons.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// The kind of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EventKind {
    /// The state of a SCIM user.
    State,
    /// A person's class over a past range, which replaces what states say.
    Correction,
    /// Two person keys belong to one person.
    Link,
}

named!(EventKind, "kind of event");

/// The outcome of a comparison between the states of identity and billing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ComparisonOutcome {
    /// Both have the same users in the same classes.
    Equal,
    /// At least one person differs.
    Different,
    /// Billing has not reached the number yet.
    Behind,
}

named!(ComparisonOutcome, "outcome of a comparison");
