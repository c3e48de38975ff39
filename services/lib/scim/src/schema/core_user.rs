//! The core user schema (RFC 7643 section 4.1). `password` is left out: Usher stores no passwords of users.

use super::attribute::{Attribute, Kind, MAX_BLOB, MAX_NAME, external_id};
use super::{CORE_USER, Schema};

const ADDRESS_TYPES: &[&str] = &["work", "home", "other"];

pub(super) fn schema() -> Schema {
    Schema { id: CORE_USER, name: "User", description: "User Account", attributes: attributes() }
}

fn attributes() -> Vec<Attribute> {
    vec![
        external_id(),
        Attribute::string("userName", "Unique name of the user in the workspace, often the e-mail address")
            .required()
            .unique()
            .up_to(MAX_NAME),
        Attribute::complex(
            "name",
            "The parts of the person's name",
            vec![
                Attribute::string("formatted", "The full name, formatted for display"),
                Attribute::string("familyName", "The family name"),
                Attribute::string("givenName", "The given name"),
                Attribute::string("middleName", "The middle name"),
                Attribute::string("honorificPrefix", "Title before the name"),
                Attribute::string("honorificSuffix", "Suffix after the name"),
            ],
        ),
        Attribute::string("displayName", "The name shown to others").up_to(MAX_NAME),
        Attribute::string("nickName", "The casual name"),
        Attribute::new("profileUrl", Kind::Reference, "Address of a page about the person")
            .refers_to(&["external"]),
        Attribute::string("title", "The job title"),
        Attribute::string(
            "userType",
            "What the client calls the kind of user; it decides the seat where Usher's extension has no userType \
             and this is Regular, External or Collaborator",
        ),
        Attribute::string("preferredLanguage", "The preferred language, as in Accept-Language"),
        Attribute::string("locale", "The locale, for numbers and dates"),
        Attribute::string("timezone", "The time zone"),
        Attribute::new(
            "active",
            Kind::Boolean,
            "Whether the person may work in the workspace and takes a seat",
        ),
        values(
            "emails",
            "E-mail addresses",
            Attribute::string("value", "The address").up_to(MAX_NAME),
            ADDRESS_TYPES,
        ),
        values(
            "phoneNumbers",
            "Phone numbers",
            Attribute::string("value", "The number, as sent"),
            &["work", "home", "mobile", "fax", "pager", "other"],
        ),
        values(
            "ims",
            "Instant messaging addresses",
            Attribute::string("value", "The address"),
            ADDRESS_TYPES,
        ),
        values(
            "photos",
            "Addresses of pictures",
            Attribute::new("value", Kind::Reference, "The address").refers_to(&["external"]).up_to(MAX_BLOB),
            &["photo", "thumbnail"],
        ),
        addresses(),
        groups(),
        values("entitlements", "Entitlements", Attribute::string("value", "The entitlement"), &[]),
        values("roles", "Roles", Attribute::string("value", "The role"), &[]),
        values(
            "x509Certificates",
            "Certificates",
            Attribute::new("value", Kind::Binary, "The certificate, DER in base64").exact().up_to(MAX_BLOB),
            &[],
        ),
    ]
}

fn values(
    name: &'static str,
    description: &'static str,
    value: Attribute,
    types: &'static [&'static str],
) -> Attribute {
    Attribute::complex(
        name,
        description,
        vec![
            value,
            Attribute::string("display", "The value for display"),
            Attribute::string("type", "What the value is used for").canonical(types),
            Attribute::new("primary", Kind::Boolean, "Whether it is the preferred one"),
        ],
    )
    .multi()
}

fn addresses() -> Attribute {
    Attribute::complex(
        "addresses",
        "Postal addresses",
        vec![
            Attribute::string("formatted", "The whole address"),
            Attribute::string("streetAddress", "Street and number"),
            Attribute::string("locality", "City"),
            Attribute::string("region", "State or region"),
            Attribute::string("postalCode", "Postal code"),
            Attribute::string("country", "Country"),
            Attribute::string("type", "What the address is used for").canonical(ADDRESS_TYPES),
            Attribute::new("primary", Kind::Boolean, "Whether it is the preferred one"),
        ],
    )
    .multi()
}

fn groups() -> Attribute {
    Attribute::complex(
        "groups",
        "Groups the user is in; changed through the groups",
        vec![
            Attribute::string("value", "The group's id").exact(),
            Attribute::new("$ref", Kind::Reference, "The group's address").refers_to(&["Group"]),
            Attribute::string("display", "The group's name"),
            Attribute::string("type", "How the user is a member").canonical(&["direct", "indirect"]),
        ],
    )
    .multi()
    .read_only()
}
