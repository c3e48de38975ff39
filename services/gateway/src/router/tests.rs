//! Tests of what the gateway answers itself, without tenant and identity.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use usher_base::Clock;
use usher_base::secret::{ScimToken, ServiceKey};
use usher_net::tls::ClientTls;
use usher_rpc::Tasks;

use crate::path::normalize;
use crate::scim::openapi::tests::described;
use crate::service::{Config, Service};

async fn send(request: Request) -> Response {
    send_to("", request).await
}

async fn send_to(public_url: &str, request: Request) -> Response {
    let config = Config {
        // Nothing listens on the discard port.
        tenant_url: "http://127.0.0.1:9".into(),
        identity_url: "http://127.0.0.1:9".into(),
        tls: ClientTls::default(),
        public_url: public_url.to_owned(),
        trust_forwarded: false,
        rate_per_second: 0,
        rate_burst: 0,
        service_key: ServiceKey::generate(),
    };
    let service = Service::start(config, Clock::system(), &Tasks::new()).await.unwrap();
    service.router().oneshot(normalize(request)).await.unwrap()
}

async fn ask(method: &str, path: &str) -> Response {
    send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
}

async fn body(response: Response) -> Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

async fn assert_scim_error(response: Response, status: u16) {
    assert_eq!(response.status().as_u16(), status);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/scim+json; charset=utf-8");
    assert!(response.headers().contains_key("x-request-id"));
    let body = body(response).await;
    assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
    assert_eq!(body["status"], status.to_string());
    assert!(!body["detail"].as_str().unwrap().is_empty());
}

const ENDPOINTS: [(&str, &str); 25] = [
    ("GET", "/scim/v2/acme"),
    ("POST", "/scim/v2/acme/.search"),
    ("GET", "/scim/v2/acme/Users"),
    ("POST", "/scim/v2/acme/Users"),
    ("POST", "/scim/v2/acme/Users/.search"),
    ("GET", "/scim/v2/acme/Users/1"),
    ("PUT", "/scim/v2/acme/Users/1"),
    ("PATCH", "/scim/v2/acme/Users/1"),
    ("DELETE", "/scim/v2/acme/Users/1"),
    ("GET", "/scim/v2/acme/ServiceProviderConfig"),
    ("GET", "/scim/v2/acme/ResourceTypes"),
    ("GET", "/scim/v2/acme/ResourceTypes/User"),
    ("GET", "/scim/v2/acme/Schemas"),
    ("GET", "/scim/v2/acme/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
    ("GET", "/scim/v2/acme/Me"),
    ("GET", "/scim/v2/acme/Groups"),
    ("POST", "/scim/v2/acme/Groups"),
    ("POST", "/scim/v2/acme/Groups/.search"),
    ("GET", "/scim/v2/acme/Groups/1"),
    ("PUT", "/scim/v2/acme/Groups/1"),
    ("PATCH", "/scim/v2/acme/Groups/1"),
    ("DELETE", "/scim/v2/acme/Groups/1"),
    ("POST", "/scim/v2/acme/Bulk"),
    ("PATCH", "/scim/v2/acme/Me"),
    ("HEAD", "/scim/v2/acme/Users"),
];

#[tokio::test]
async fn every_endpoint_asks_for_a_token_before_anything_else() {
    for (method, path) in ENDPOINTS {
        let response = ask(method, path).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer realm=\"scim\"", "{method} {path}");
    }
    assert_scim_error(ask("GET", "/scim/v2/acme/Users").await, 401).await;
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_is_503_and_never_401() {
    let token = ScimToken::generate();
    let request = Request::builder()
        .uri("/scim/v2/acme/Users")
        .header("authorization", format!("Bearer {}", token.expose()));

    let response = send(request.body(Body::empty()).unwrap()).await;

    assert_eq!(response.headers()[RETRY_AFTER], "1");
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
    assert_scim_error(response, 503).await;
}

#[tokio::test]
async fn an_impossible_workspace_name_is_refused_like_a_wrong_token() {
    let request = Request::builder()
        .uri("/scim/v2/a%20b/Users")
        .header("authorization", format!("Bearer {}", ScimToken::generate().expose()));

    assert_scim_error(send(request.body(Body::empty()).unwrap()).await, 401).await;
}

#[tokio::test]
async fn a_description_that_the_client_has_is_not_sent_again() {
    let path = "/scim/v2/openapi.json";
    let first = ask("GET", path).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(body(first).await["openapi"], "3.1.0");

    for (sent, status) in [(tag.as_str(), 304), (&format!("\"x\", W/{tag}"), 304), ("\"x\"", 200)] {
        let request = Request::builder().uri(path).header("if-none-match", sent);
        let answer = send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["etag"]), (status, &tag.parse().unwrap()));
    }
}

#[tokio::test]
async fn an_unknown_path_is_a_scim_404() {
    for path in ["/", "/scim/v2/acme/Nothing", "/scim/v2/acme/Users/1/2", "/users", "/scim/v1/acme/Users"] {
        assert_scim_error(ask("GET", path).await, 404).await;
    }
}

#[tokio::test]
async fn another_method_is_405_and_options_204_both_with_allow() {
    let refused = ask("DELETE", "/scim/v2/acme/Users").await;
    assert_eq!(refused.headers()[ALLOW], "GET,HEAD,POST");
    assert_scim_error(refused, 405).await;

    let options = ask("OPTIONS", "/scim/v2/acme/Users/1").await;
    assert_eq!(options.status(), StatusCode::NO_CONTENT);
    assert_eq!(options.headers()[ALLOW], "GET,HEAD,PUT,PATCH,DELETE");
}

#[tokio::test]
async fn every_answer_is_of_its_own_type_and_kept_by_no_cache() {
    for path in ["/scim/v2/acme/Users", "/nothing", "/livez", "/readyz", "/scim/v2/openapi.json"] {
        let answer = ask("GET", path).await;
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert!(answer.headers().contains_key("cache-control"), "{path}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "{path}");
    }
    assert_eq!(ask("GET", "/scim/v2/acme/Users").await.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn https_clients_get_strict_transport_security() {
    for path in ["/scim/v2/acme/Users", "/nothing", "/livez"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let answer = send_to("https://scim.example.com", request).await;
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000", "{path}");
    }
}

#[tokio::test]
async fn a_request_id_comes_back() {
    let request = Request::builder().uri("/scim/v2/acme/Users").header("x-request-id", "mine-1");

    let response = send(request.body(Body::empty()).unwrap()).await;

    assert_eq!(response.headers()["x-request-id"], "mine-1");
}

#[tokio::test]
async fn the_process_is_alive_without_the_others_but_not_ready() {
    assert_eq!(ask("GET", "/livez").await.status(), StatusCode::OK);

    let response = ask("GET", "/readyz").await;

    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "tenant does not announce access; identity does not serve\n");
}

#[tokio::test]
async fn the_description_has_every_route_and_method_and_no_other() {
    let mut routed = BTreeMap::new();
    for (path, _) in super::routes() {
        let url = format!("/scim/v2/acme{}", path.replace("{id}", "1").replace("{urn}", "1"));
        let response = ask("OPTIONS", &url).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{url}");
        let allowed = response.headers()[ALLOW].to_str().unwrap();
        let methods: BTreeSet<_> =
            allowed.split(',').filter(|method| *method != "HEAD").map(str::to_owned).collect();
        routed.insert(path, methods);
    }

    assert_eq!(routed, described());
}

#[tokio::test]
async fn the_description_is_served_without_a_token() {
    let response = ask("GET", "/scim/v2/openapi.json").await;

    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(body(response).await["openapi"], "3.1.0");
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_take_it() {
    let ask = |encoding: &str| {
        let request = Request::builder().uri("/scim/v2/openapi.json").header("accept-encoding", encoding);
        send(request.body(Body::empty()).unwrap())
    };

    assert_eq!(ask("gzip").await.headers()["content-encoding"], "gzip");
    assert!(!ask("identity").await.headers().contains_key("content-encoding"));
}
