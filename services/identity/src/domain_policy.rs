//! Only people of approved domains may be provisioned.

use std::collections::BTreeSet;

use usher_base::domain::{DomainName, can_be_address, email_domain, looks_like_address};
use usher_scim::{Object, ScimError, ScimType, short, user as scim};

use crate::error::IdentityError;
use crate::policy::Policy;

/// Checks a user who is active after a write that creates, renames or reactivates the user, or that changes the
/// primary address. An inactive user is not checked: a deactivation is never refused, and a reactivation is checked.
/// The domain of the user name, if this is an address, and that of the primary e-mail address must be approved. If
/// the user name is not an address, only the primary address counts; without either, there is nothing to check.
/// Secondary addresses are not checked.
pub(crate) fn judge(policy: &Policy, resource: &Object) -> Result<(), IdentityError> {
    let Some(approved) = &policy.approved_domains else { return Ok(()) };
    if !scim::active(resource) {
        return Ok(());
    }
    let user_name = scim::user_name(resource).unwrap_or_default();
    let primary = scim::primary_email(resource);
    if looks_like_address(user_name) {
        judge_address(policy, approved, user_name)?;
    } else if primary.is_none() {
        return Err(IdentityError::NoDomain { text: user_name.to_owned(), workspace: policy.slug.clone() });
    }
    primary.map_or(Ok(()), |address| judge_address(policy, approved, address))
}

/// Checks a primary address that is set by a write, in every workspace: it must be a valid address. An unchanged
/// address and inactive users are not checked.
pub(crate) fn judge_primary(before: Option<&Object>, after: &Object) -> Result<(), ScimError> {
    let primary = scim::primary_email(after);
    let is_new = before.is_none_or(|before| scim::primary_email(before) != primary);
    match primary {
        Some(address) if is_new && scim::active(after) && !can_be_address(address) => {
            let detail = format!(
                "emails: {:?} is not an e-mail address; leave it out if there is none",
                short(address)
            );
            Err(ScimError::new(ScimType::InvalidValue, detail))
        }
        _ => Ok(()),
    }
}

/// Whether two states of a user differ in what is checked.
pub(crate) fn concerns(before: &Object, after: &Object) -> bool {
    let reactivated = !scim::active(before) && scim::active(after);
    reactivated
        || scim::user_name(before) != scim::user_name(after)
        || scim::primary_email(before) != scim::primary_email(after)
}

fn judge_address(
    policy: &Policy,
    approved: &BTreeSet<DomainName>,
    address: &str,
) -> Result<(), IdentityError> {
    match email_domain(address) {
        Ok(domain) if approved.contains(&domain) => Ok(()),
        Ok(domain) => Err(IdentityError::DomainNotApproved { domain, workspace: policy.slug.clone() }),
        Err(_) => Err(IdentityError::NoDomain { text: address.to_owned(), workspace: policy.slug.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use usher_seats::AtLimit;

    use serde_json::json;

    use super::*;

    fn policy() -> Policy {
        Policy {
            version: 1,
            slug: "acme".into(),
            approved_domains: Some(
                ["acme.example", "bücher.example"].map(|name| DomainName::parse(name).unwrap()).into(),
            ),
            seat_limit: None,
            collaborators: None,
            at_limit: AtLimit::Allow,
        }
    }

    fn verdict(user_name: &str, emails: &serde_json::Value) -> bool {
        let document = json!({"userName": user_name, "emails": emails});
        judge(&policy(), document.as_object().unwrap()).is_ok()
    }

    #[test]
    fn inactive_users_are_not_checked() {
        let document = json!({"userName": "eve@evil.example", "active": false});
        assert!(judge(&policy(), document.as_object().unwrap()).is_ok());
        assert!(!verdict("eve@evil.example", &json!([])));
    }

    #[test]
    fn people_of_approved_domains_are_accepted_however_the_domain_is_written() {
        assert!(verdict("ada@acme.example", &json!([])));
        assert!(verdict("ADA@ACME.Example", &json!([{"value": "ada@BÜCHER.example"}])));
        assert!(verdict("ada@xn--bcher-kva.example", &json!([])));
        assert!(verdict("ada", &json!([{"value": "ada@acme.example", "type": "work"}])));
    }

    #[test]
    fn secondary_addresses_are_not_checked_and_the_primary_one_is() {
        let home = json!({"value": "ada@home.example", "type": "home"});
        assert!(verdict("ada@acme.example", &json!([{"value": "ada@acme.example", "primary": true}, home])));
        assert!(!verdict("ada@acme.example", &json!([home])));
        assert!(!verdict(
            "ada@acme.example",
            &json!([{"value": "a@acme.example", "type": "work"}, {"value": "x@evil.example", "primary": true}])
        ));
    }

    #[test]
    fn a_new_primary_address_of_an_active_user_must_be_an_address() {
        let user = |primary: &str, active: bool| {
            let emails = json!([{"value": "-", "type": "home"}, {"value": primary, "type": "work"}]);
            json!({"userName": "ada", "active": active, "emails": emails}).as_object().unwrap().clone()
        };

        assert!(judge_primary(None, &user("n/a", true)).is_err());
        assert!(judge_primary(Some(&user("ada@acme.example", true)), &user("n/a", true)).is_err());
        assert!(judge_primary(None, &user("ada@acme.example", true)).is_ok());
        assert!(judge_primary(None, &user("n/a", false)).is_ok());
        assert!(judge_primary(Some(&user("n/a", false)), &user("n/a", true)).is_ok());
    }

    #[test]
    fn no_input_bypasses_the_domain_policy() {
        for user_name in [
            "eve@evil.example",
            "eve@mail.acme.example",
            "eve@acme.example.evil.example",
            "eve@аcme.example",
            "eve@evil.example@acme.example",
            "\"eve@evil.example\"@acme.example",
            "eve＠evil.example",
            "eve@acme.example.",
            "eve@acme.example\n",
            "eve@",
            "@acme.example",
            "eve",
            "",
        ] {
            assert!(!verdict(user_name, &json!([])), "{user_name:?}");
        }
    }
}
