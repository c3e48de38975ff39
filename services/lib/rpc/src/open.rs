//! Splits a request into its context and its message.

use tonic::{Request, Status};
use usher_base::{CallContext, CredentialError};

use crate::verifier::VerifyError;

/// Splits a request into its context, which the server's layer made, and its message.
///
/// # Errors
/// The method is served without the layer that checks credentials.
pub fn open<T>(request: Request<T>) -> Result<(CallContext, T), Status> {
    let (_, mut extensions, message) = request.into_parts();
    match extensions.remove::<CallContext>() {
        Some(context) => Ok((context, message)),
        None => Err(VerifyError::Credential(CredentialError::Missing).into()),
    }
}
