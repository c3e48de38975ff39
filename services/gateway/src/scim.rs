//! The SCIM endpoints.

pub(crate) mod bulk;
pub(crate) mod discovery;
pub(crate) mod endpoints;
pub(crate) mod openapi;
pub(crate) mod resources;
pub(crate) mod search;
