//! Tries every field of every request in the descriptor set with invalid values.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};
use tonic::Code;
use usher_proto::tenant::v1 as tenant;

use super::{Scene, call_raw, rpcs};

/// The maximum nesting of messages.
const DEPTH: usize = 4;
const TIMESTAMP: &str = ".google.protobuf.Timestamp";
/// Seconds and nanoseconds of invalid times: outside of the years 1 to 9999, or with invalid nanoseconds.
const TIMES: [(i64, i32); 6] = [
    (i64::MAX, 0),
    (i64::MIN, 0),
    (253_402_300_800, 0),
    (-62_135_596_801, 0),
    (1_780_000_000, 1_000_000_000),
    (1_780_000_000, -1),
];
/// Dates that are invalid, or out of range.
const DATES: [&str; 5] = ["-009999-01-01", "0000-01-01", "9999-12-31", "2026-02-30", "999999-01-01"];

/// The message types of the protocol.
struct Messages(BTreeMap<String, DescriptorProto>);

impl Messages {
    fn read() -> (Self, BTreeMap<String, String>) {
        let set = FileDescriptorSet::decode(usher_proto::FILE_DESCRIPTOR_SET).unwrap();
        let (mut messages, mut methods) = (BTreeMap::new(), BTreeMap::new());
        for file in &set.file {
            for message in &file.message_type {
                messages.insert(format!(".{}.{}", file.package(), message.name()), message.clone());
            }
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    methods.insert(path, method.input_type().to_owned());
                }
            }
        }
        (Self(messages), methods)
    }

    /// Encodings to append to a message of a type, each with a description. The last value of a field counts.
    fn bad(&self, of: &str, depth: usize) -> Vec<(String, Vec<u8>)> {
        let Some(message) = self.0.get(of).filter(|_| depth > 0) else { return Vec::new() };
        let mut bad = Vec::new();
        for field in &message.field {
            let number = u32::try_from(field.number()).unwrap();
            match field.r#type() {
                Type::String => {
                    bad.push((format!("{} with NUL", field.name()), delimited(number, b"a\0b")));
                    if field.name().ends_with("_date") || field.name() == "valid_from" {
                        let dates = DATES.iter();
                        bad.extend(dates.map(|date| {
                            (format!("{} = {date}", field.name()), delimited(number, date.as_bytes()))
                        }));
                    }
                }
                Type::Message if field.type_name() == TIMESTAMP => {
                    bad.extend(TIMES.iter().map(|(seconds, nanos)| {
                        let time = prost_types::Timestamp { seconds: *seconds, nanos: *nanos };
                        let what = format!("{} = {seconds} s {nanos} ns", field.name());
                        (what, delimited(number, &time.encode_to_vec()))
                    }));
                }
                Type::Message => {
                    let inner = self.bad(field.type_name(), depth - 1).into_iter();
                    bad.extend(inner.map(|(what, bytes)| {
                        (format!("{}.{what}", field.name()), delimited(number, &bytes))
                    }));
                }
                _ => {}
            }
        }
        bad
    }
}

fn delimited(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut encoded);
    encode_varint(bytes.len() as u64, &mut encoded);
    encoded.extend(bytes);
    encoded
}

/// The codes of errors that blame the request.
const CLIENTS_FAULT: [Code; 9] = [
    Code::InvalidArgument,
    Code::OutOfRange,
    Code::NotFound,
    Code::AlreadyExists,
    Code::FailedPrecondition,
    Code::PermissionDenied,
    Code::Unauthenticated,
    Code::ResourceExhausted,
    Code::Aborted,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nul_or_a_time_out_of_range_in_any_field_is_the_callers_error() {
    let scene = Scene::set().await;
    let (messages, methods) = Messages::read();
    let operator = scene.stack.operator().credential().to_owned();
    let (mut tried, mut invalid, mut wrong) = (0, 0, Vec::new());

    for row in rpcs::rows(&scene.victim, "fields") {
        let credential = match row.path {
            path if path.starts_with("/usher.billing.v1.SeatLedgerService/") => &scene.identity,
            "/usher.tenant.v1.PolicyService/GetPolicy" | "/usher.tenant.v1.PolicyService/HasApp" => {
                &scene.identity
            }
            path if path.contains("/AccessService/") || path.ends_with("/AppendLogEntries") => &scene.gateway,
            _ => &operator,
        };
        for (what, bytes) in messages.bad(&methods[row.path], DEPTH) {
            let message: Bytes = [row.message.as_slice(), &bytes].concat().into();
            let workspace = Some(scene.victim.workspace.clone());
            let answer = call_raw(&scene, row.path, message, Some(credential), workspace).await;
            tried += 1;
            match answer {
                Ok(_) => {}
                Err(status) if status.code() == Code::InvalidArgument => invalid += 1,
                Err(status) if CLIENTS_FAULT.contains(&status.code()) => {}
                Err(status) => wrong.push(format!("{}: {what}: {status:?}", row.path)),
            }
        }
    }

    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 300 && invalid * 2 > tried, "{invalid} of {tried} were told what is wrong");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permission_is_judged_before_the_message_is_read() {
    let scene = Scene::set().await;

    for row in rpcs::rows(&scene.victim, "unread").iter().filter(|row| !row.public) {
        // None of these has the permission, although each is for the service.
        let credential = match row.path {
            "/usher.tenant.v1.PolicyService/GetPolicy"
            | "/usher.tenant.v1.PolicyService/ListSuspended"
            | "/usher.tenant.v1.PolicyService/HasApp"
            | "/usher.tenant.v1.WorkspaceService/ResolveWorkspace" => &scene.gateway,
            path if path.starts_with("/usher.billing.v1.SeatLedgerService/") => &scene.billing,
            _ => &scene.identity,
        };
        let workspace = Some(scene.victim.workspace.clone());
        let message = Bytes::from_static(&[0xff; 3]);

        let refused = call_raw(&scene, row.path, message, Some(credential), workspace).await.unwrap_err();

        assert_eq!(refused.code(), Code::PermissionDenied, "{}: {refused:?}", row.path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admins_permission_is_judged_before_any_field_is() {
    let scene = Scene::set().await;
    let (operator, password) = (scene.stack.operator(), "correct horse battery");
    operator.admin(scene.globex.id(), "aide@globex.example", password, &[]).await.unwrap();
    let aide = operator.sign_in("globex", "aide@globex.example", password).await.unwrap();
    let security = i32::from(tenant::AdminPermission::ConfigureAdvancedSecuritySettings);
    let own_password = password.to_owned();
    let create = tenant::CreateAdminRequest {
        email: "nobody".to_owned(),
        permissions: vec![security],
        own_password: own_password.clone(),
        ..Default::default()
    };
    let set =
        tenant::SetPasswordRequest { id: scene.victim.admin.clone(), own_password, ..Default::default() };
    let mut calls = vec![
        ("/usher.tenant.v1.AdminService/CreateAdmin", create.encode_to_vec()),
        ("/usher.tenant.v1.AdminService/SetPassword", set.encode_to_vec()),
    ];
    // All methods for apps and tokens require it, so an empty message reveals nothing.
    let paths = usher_tenant::METHODS.iter().map(|method| method.path);
    let of_apps = paths.filter(|path| path.contains("AppService/") || path.contains("TokenService/"));
    calls.extend(of_apps.map(|path| (path, Vec::new())));
    assert_eq!(calls.len(), 9);

    for (path, message) in calls {
        let refused = call_raw(&scene, path, message.into(), Some(&aide), None).await.unwrap_err();

        assert_eq!(refused.code(), Code::PermissionDenied, "{path}: {refused:?}");
    }
}

#[test]
fn every_rpc_says_which_permission_it_needs() {
    let tables = [usher_tenant::METHODS, usher_identity::METHODS, usher_billing::METHODS].concat();
    let known: std::collections::BTreeSet<_> = tables.iter().map(|method| method.path.to_owned()).collect();

    assert_eq!(super::described(), known, "one row per method in methods.rs of its service");
    for row in rpcs::rows(&super::Subject::nowhere(), "") {
        let method = tables.iter().find(|method| method.path == row.path).unwrap();
        assert_eq!(method.is_public(), row.public, "{}", row.path);
    }
}
