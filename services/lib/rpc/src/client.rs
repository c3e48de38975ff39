//! Calls to other services.

use std::time::Duration;

use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use usher_base::id::WorkspaceId;
use usher_base::trace::TraceContext;
use usher_net::Dial;
use usher_net::tls::ClientTls;

use crate::{REQUEST_ID_KEY, TRACE_KEY, WORKSPACE_KEY};

/// Creates a channel that connects when it is first used, and reconnects when necessary, each time with the current
/// configuration of `tls`.
///
/// # Errors
/// The address is not a URI.
pub fn connect(uri: &str, tls: &ClientTls) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(uri.to_owned())?
        .connect_timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(Duration::from_secs(15))
        .keep_alive_timeout(Duration::from_secs(5))
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .connect_with_connector_lazy(Dial::new(tls.clone())))
}

/// The metadata of a call.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The credential.
    pub credential: &'a str,
    /// The workspace, if the credential is not bound to one.
    pub workspace: Option<WorkspaceId>,
    /// The request's id, which is the same in the logs of all services.
    pub request_id: &'a str,
    /// The trace that the call belongs to.
    pub trace: Option<TraceContext>,
    /// How long the caller waits.
    pub timeout: Duration,
}

impl Outgoing<'_> {
    /// Makes a request with this metadata.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        let metadata = request.metadata_mut();
        if let Ok(mut bearer) = MetadataValue::try_from(format!("Bearer {}", self.credential)) {
            bearer.set_sensitive(true);
            metadata.insert("authorization", bearer);
        }
        let workspace = self.workspace.map(|workspace| workspace.to_string());
        let trace = self.trace.map(|trace| trace.child().to_string());
        for (key, value) in [
            (WORKSPACE_KEY, workspace.as_deref()),
            (REQUEST_ID_KEY, Some(self.request_id)),
            (TRACE_KEY, trace.as_deref()),
        ] {
            if let Some(value) = value.and_then(|value| MetadataValue::try_from(value).ok()) {
                metadata.insert(key, value);
            }
        }
        request
    }
}
