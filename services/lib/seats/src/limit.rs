//! Limits of seats.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// Who gives the limit that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LimitSource {
    /// The workspace's plan.
    Plan,
    /// An operator, at billing.
    Billing,
}

named!(LimitSource, "source of a limit");
