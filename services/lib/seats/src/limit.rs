//! Limits of seats.

use strum::{Display, IntoStaticStr, VariantArray};

use crate::named::named;

/// The source of the limit in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LimitSource {
    /// The workspace's plan.
    Plan,
    /// An operator, through billing.
    Billing,
}

named!(LimitSource, "source of a limit");
