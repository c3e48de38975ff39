//! One object of the directory.

use uuid::Uuid;

use super::names::Name;

/// The relation of a person to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A member of the tenant's own domain.
    Member,
    /// A guest of a domain that the workspace approved.
    Guest,
    /// A guest of a domain that the workspace did not approve.
    Outsider,
}

/// The state of a person in the provisioning scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Assigned and enabled.
    InScope,
    /// `accountEnabled` is false.
    Disabled,
    /// Not assigned to the application any more.
    Unassigned,
    /// In the recycle bin since this day.
    SoftDeleted(u32),
    /// Purged after 30 days.
    Purged,
}

/// A person. `None` means null in the directory, which is never provisioned.
#[derive(Clone, Debug)]
pub struct Person {
    pub object_id: Uuid,
    pub kind: Kind,
    pub standing: Standing,
    pub user_principal_name: String,
    pub mail: String,
    pub name: Name,
    pub job_title: Option<String>,
    pub department: Option<String>,
    pub company_name: Option<String>,
    pub employee_id: Option<String>,
    pub telephone_number: Option<String>,
    pub mobile: Option<String>,
    pub street_address: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    /// The extension attribute with the user type; most people have none.
    pub user_type: Option<&'static str>,
    /// Index of the manager in the directory.
    pub manager: Option<usize>,
}

impl Person {
    /// Whether the job provisions them as active.
    pub fn in_scope(&self) -> bool {
        self.standing == Standing::InScope
    }

    /// The seat class that the server must count.
    pub fn seat_class(&self) -> &'static str {
        self.user_type.unwrap_or("Regular")
    }
}
