//! Which methods are streams, according to the protocol.

use std::collections::HashSet;
use std::sync::LazyLock;

use prost::Message as _;
use prost_types::FileDescriptorSet;

static STREAMING: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let sets = [
        usher_proto::FILE_DESCRIPTOR_SET,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    sets.into_iter().flat_map(streaming).collect()
});

/// Whether either side of `/package.Service/Method` sends a stream of messages.
pub(crate) fn is_streaming(path: &str) -> bool {
    STREAMING.contains(path)
}

fn streaming(set: &[u8]) -> Vec<String> {
    let set = FileDescriptorSet::decode(set).unwrap_or_else(|error| {
        tracing::error!(%error, "the descriptors can't be read: all methods count as unary");
        FileDescriptorSet::default()
    });
    let mut found = Vec::new();
    for file in &set.file {
        for service in &file.service {
            let streams = service.method.iter().filter(|it| it.client_streaming() || it.server_streaming());
            found.extend(streams.map(|it| format!("/{}.{}/{}", file.package(), service.name(), it.name())));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_those_of_the_protocol() {
        for stream in [
            "/usher.identity.v1.ChangeService/WatchChanges",
            "/usher.tenant.v1.AccessService/WatchAccess",
            "/usher.billing.v1.SeatLedgerService/AppendSeatEvents",
            "/usher.billing.v1.LimitService/WatchLimits",
            "/grpc.health.v1.Health/Watch",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        ] {
            assert!(is_streaming(stream), "{stream}");
        }
        assert!(!is_streaming("/usher.identity.v1.UserService/GetUser") && !is_streaming("/made/up"));
    }
}
