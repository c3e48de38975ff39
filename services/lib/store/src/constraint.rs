//! Turns the name of a violated constraint into a typed error.

use crate::error::Error;

/// The SQLSTATE class of constraint violations (PostgreSQL manual, appendix A).
const VIOLATION: &str = "23";

/// Lets a caller define what the violation of a constraint means.
pub trait OnConstraint<T, E> {
    /// Returns `fault()` if exactly this constraint was violated. All other errors stay storage errors.
    ///
    /// # Errors
    /// `fault()`, or the storage error.
    fn on_constraint(self, name: &str, fault: impl FnOnce() -> E) -> Result<T, E>;
}

impl<T, E: From<Error>> OnConstraint<T, E> for Result<T, sqlx::Error> {
    fn on_constraint(self, name: &str, fault: impl FnOnce() -> E) -> Result<T, E> {
        self.map_err(|error| {
            // Other errors carry the name of a constraint too: a key that is too long for an index carries the
            // index's name.
            let violated = error
                .as_database_error()
                .filter(|error| error.code().is_some_and(|code| code.starts_with(VIOLATION)))
                .and_then(|error| error.constraint())
                .map(unsharded);
            if violated == Some(name) { fault() } else { Error::from(error).into() }
        })
    }
}

/// A distributed PostgreSQL appends the shard number to the names of constraints.
fn unsharded(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((stem, shard)) if shard.len() >= 6 && shard.bytes().all(|b| b.is_ascii_digit()) => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::unsharded;

    #[test]
    fn a_shard_number_is_not_part_of_the_name() {
        assert_eq!(unsharded("users_user_name_key_102047"), "users_user_name_key");
        assert_eq!(unsharded("users_tenant_2_key"), "users_tenant_2_key");
    }
}
