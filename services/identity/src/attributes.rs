//! The rules of custom attributes, and the resource type that includes them.

use std::borrow::Cow;

use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_scim::schema::{self, CustomAttribute, Kind, ResourceType};
use usher_store::{Database, ScopedDatabase};

use crate::error::IdentityError;
use crate::methods::ADMIN;
use crate::store::attributes::{self, Defined, Deleted};

/// The maximum number of custom attributes of a workspace.
const MAX_ATTRIBUTES: i64 = 100;
/// The maximum length of a description, in bytes. Together with [`MAX_CANONICAL_VALUES`] it keeps all custom
/// attributes of a workspace below a megabyte, because every answer about the schema includes them.
const MAX_DESCRIPTION: usize = 1_000;
/// The maximum total length of the canonical values of an attribute, in bytes.
const MAX_CANONICAL_VALUES: usize = 8_000;

/// What the rules need.
#[derive(Clone)]
pub(crate) struct Attributes {
    pub(crate) database: Database,
}

/// The user resource type for a request. The definitions are read only if one of the texts may name a custom
/// attribute, so that they are always current, and other requests do not pay for them.
pub(crate) async fn resource_type(
    database: &ScopedDatabase,
    texts: &[&str],
) -> Result<Cow<'static, ResourceType>, IdentityError> {
    if !texts.iter().any(|text| schema::may_name_custom(text)) {
        return Ok(Cow::Borrowed(schema::user()));
    }
    Ok(Cow::Owned(schema::user_with(attributes::list(database).await?)))
}

impl Attributes {
    /// Lists the attributes, ordered by name.
    pub(crate) async fn list(&self, ctx: &CallContext) -> Result<Vec<CustomAttribute>, IdentityError> {
        Ok(attributes::list(&self.database.scoped(&ctx.scope(Permission::UsersRead)?)).await?)
    }

    pub(crate) async fn define(
        &self,
        ctx: &CallContext,
        attribute: CustomAttribute,
    ) -> Result<CustomAttribute, IdentityError> {
        let database = self.database.scoped(&ctx.scope_with_any(ADMIN)?);
        check(&attribute)?;
        match attributes::define(&database, &attribute, MAX_ATTRIBUTES).await? {
            Defined::Done => Ok(attribute),
            Defined::Exists => Err(IdentityError::AttributeExists(attribute.name)),
            Defined::TooMany => Err(IdentityError::TooManyAttributes(MAX_ATTRIBUTES)),
        }
    }

    /// Deletes an attribute that no user has a value of.
    pub(crate) async fn delete(&self, ctx: &CallContext, name: &str) -> Result<(), IdentityError> {
        let database = self.database.scoped(&ctx.scope_with_any(ADMIN)?);
        match attributes::delete(&database, name).await? {
            Deleted::Done => Ok(()),
            Deleted::Absent => Err(IdentityError::absent("Attribute", name)),
            Deleted::InUse(users) => Err(IdentityError::AttributeInUse { name: name.to_owned(), users }),
        }
    }
}

fn check(attribute: &CustomAttribute) -> Result<(), IdentityError> {
    let CustomAttribute { name, kind, description, case_exact, canonical_values } = attribute;
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !begins || !goes_on || name.len() > 64 {
        let fault = "it must consist of a letter and up to 63 letters, digits, \"-\" and \"_\"";
        return Err(invalid("attribute.name", fault).into());
    }
    if description.len() > MAX_DESCRIPTION || description.contains('\0') {
        let fault = format_args!("it has more than {MAX_DESCRIPTION} bytes, or contains a NUL");
        return Err(invalid("attribute.description", fault).into());
    }
    let textual = matches!(kind, Kind::String | Kind::Reference);
    if *case_exact && !textual {
        return Err(
            invalid("attribute.case_exact", "only strings and references can be case-sensitive").into()
        );
    }
    let fits = |value: &String| !value.is_empty() && value.len() <= 200 && !value.contains('\0');
    let together: usize = canonical_values.iter().map(String::len).sum();
    if !canonical_values.is_empty()
        && (*kind != Kind::String
            || canonical_values.len() > 100
            || together > MAX_CANONICAL_VALUES
            || !canonical_values.iter().all(fits))
    {
        let fault = format_args!(
            "only strings can have them: at most 100, of 1 to 200 bytes each and {MAX_CANONICAL_VALUES} \
             together"
        );
        return Err(invalid("attribute.canonical_values", fault).into());
    }
    Ok(())
}
