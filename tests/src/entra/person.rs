//! One object of the directory.

use uuid::Uuid;

use super::names::Name;

/// What a person is to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Of the tenant's own domain.
    Member,
    /// Invited, from a domain that the workspace approved.
    Guest,
    /// Invited, from a domain that nobody approved.
    Outsider,
}

/// Where a person stands in the provisioning scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Assigned and enabled.
    InScope,
    /// `accountEnabled` is false.
    Disabled,
    /// Not assigned to the application any more.
    Unassigned,
    /// In the recycle bin since that day.
    SoftDeleted(u32),
    /// Gone for good, 30 days later.
    Purged,
}

/// A person. Absent attributes are null in the directory, and null is never provisioned.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of Microsoft Graph")]
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
    /// The extension attribute that says who is what kind of user; most have none.
    pub user_type: Option<&'static str>,
    /// Index of the manager in the directory.
    pub manager: Option<usize>,
}

impl Person {
    /// Whether the job provisions them as active.
    pub fn in_scope(&self) -> bool {
        self.standing == Standing::InScope
    }

    /// The seat class that the server must count them in.
    pub fn seat_class(&self) -> &'static str {
        self.user_type.unwrap_or("Regular")
    }
}
