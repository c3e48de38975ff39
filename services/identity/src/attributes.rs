//! The rules of a workspace's own attributes, and the resource type that has them.

use std::borrow::Cow;

use usher_base::{CallContext, Permission};
use usher_rpc::convert::invalid;
use usher_scim::schema::{self, CustomAttribute, Kind, ResourceType};
use usher_store::{Database, ScopedDatabase};

use crate::error::IdentityError;
use crate::store::attributes::{self as store, Defined, Deleted};

/// Most attributes of one workspace.
const MOST: i64 = 100;
/// Longest description, in bytes. With [`MAX_CANONICAL_VALUES`] it keeps all of a workspace's attributes in less than
/// a megabyte, which every answer about the schema has.
const MAX_DESCRIPTION: usize = 1_000;
/// Longest canonical values of one attribute together, in bytes.
const MAX_CANONICAL_VALUES: usize = 8_000;

/// What the rules need.
#[derive(Clone)]
pub(crate) struct Attributes {
    pub(crate) database: Database,
}

/// The user resource type for a request. The definitions are read only where one of the texts may name
/// one of them, so that they are always current and cost others nothing.
pub(crate) async fn resource_type(
    database: &ScopedDatabase,
    texts: &[&str],
) -> Result<Cow<'static, ResourceType>, IdentityError> {
    if !texts.iter().any(|text| schema::may_name_custom(text)) {
        return Ok(Cow::Borrowed(schema::user()));
    }
    Ok(Cow::Owned(schema::user_with(store::list(database).await?)))
}

impl Attributes {
    /// Lists the attributes by name.
    pub(crate) async fn list(&self, ctx: &CallContext) -> Result<Vec<CustomAttribute>, IdentityError> {
        ctx.require(Permission::UsersRead)?;
        Ok(store::list(&self.database.scoped(&ctx.scope()?)).await?)
    }

    /// Defines an attribute.
    pub(crate) async fn define(
        &self,
        ctx: &CallContext,
        attribute: CustomAttribute,
    ) -> Result<CustomAttribute, IdentityError> {
        may_administer(ctx)?;
        check(&attribute)?;
        match store::define(&self.database.scoped(&ctx.scope()?), &attribute, MOST).await? {
            Defined::Done => Ok(attribute),
            Defined::Exists => Err(IdentityError::AttributeExists(attribute.name)),
            Defined::TooMany => Err(IdentityError::TooManyAttributes(MOST)),
        }
    }

    /// Deletes an attribute that nobody has a value of.
    pub(crate) async fn delete(&self, ctx: &CallContext, name: &str) -> Result<(), IdentityError> {
        may_administer(ctx)?;
        match store::delete(&self.database.scoped(&ctx.scope()?), name).await? {
            Deleted::Done => Ok(()),
            Deleted::Absent => Err(IdentityError::absent("Attribute", name)),
            Deleted::InUse(users) => Err(IdentityError::AttributeInUse { name: name.to_owned(), users }),
        }
    }
}

fn may_administer(ctx: &CallContext) -> Result<(), IdentityError> {
    if ctx.credential().permits(Permission::TenantAdmin) {
        return Ok(());
    }
    Ok(ctx.require(Permission::WorkspaceAdmin)?)
}

fn check(attribute: &CustomAttribute) -> Result<(), IdentityError> {
    let CustomAttribute { name, kind, description, case_exact, canonical_values } = attribute;
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if !begins || !goes_on || name.len() > 64 {
        let fault = "it must be a letter and then up to 63 letters, digits, \"-\" and \"_\"";
        return Err(invalid("attribute.name", fault).into());
    }
    if description.len() > MAX_DESCRIPTION || description.contains('\0') {
        let fault = format_args!("it has more than {MAX_DESCRIPTION} bytes, or a NUL");
        return Err(invalid("attribute.description", fault).into());
    }
    let textual = matches!(kind, Kind::String | Kind::Reference);
    if *case_exact && !textual {
        return Err(invalid("attribute.case_exact", "only strings and references have case").into());
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
            "only strings have them: at most 100, of 1 to 200 bytes each and {MAX_CANONICAL_VALUES} together"
        );
        return Err(invalid("attribute.canonical_values", fault).into());
    }
    Ok(())
}
