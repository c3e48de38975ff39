use super::*;
use crate::clock::Clock;
use crate::context::CallContext;
use crate::key::SigningKey;
use crate::trace::TraceContext;

const NOW: i64 = 1_780_000_000;

fn claims(tid: Option<WorkspaceId>) -> Claims {
    Claims {
        iss: ISSUER.into(),
        sub: "operator:ops".into(),
        aud: vec![Audience::Identity],
        tid,
        scp: BTreeSet::from([Permission::UsersRead]),
        pol: None,
        iat: NOW,
        nbf: NOW,
        exp: NOW + 60,
        jti: "1".into(),
        key: None,
    }
}

fn verify(key: &SigningKey, token: &str, audience: Audience, at: i64) -> Result<Credential, CredentialError> {
    KeySet::new([key.public()]).unwrap().verify(token, audience, Timestamp::from_second(at).unwrap())
}

#[test]
fn a_signed_credential_is_accepted_until_it_ends_and_only_by_its_audience() {
    let key = SigningKey::generate().unwrap();
    let token = key.sign(&claims(None)).unwrap();

    assert_eq!(
        verify(&key, &token, Audience::Identity, NOW).unwrap().actor(),
        &Actor::Operator("ops".into())
    );
    assert_eq!(verify(&key, &token, Audience::Identity, NOW + 60).unwrap_err(), CredentialError::Expired);
    assert_eq!(verify(&key, &token, Audience::Billing, NOW).unwrap_err(), CredentialError::Audience);
}

#[test]
fn a_credential_of_an_unknown_key_or_with_a_changed_claim_is_refused() {
    let key = SigningKey::generate().unwrap();
    let other = SigningKey::generate().unwrap();
    let token = key.sign(&claims(None)).unwrap();
    let forged = {
        let mine = other.sign(&Claims { sub: "operator:root".into(), ..claims(None) }).unwrap();
        let [header, _, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        format!("{header}.{}.{signature}", mine.split('.').nth(1).unwrap())
    };

    assert!(matches!(
        verify(&other, &token, Audience::Identity, NOW),
        Err(CredentialError::UnknownKey(kid)) if kid == key.public().kid
    ));
    assert_eq!(verify(&key, &forged, Audience::Identity, NOW).unwrap_err(), CredentialError::Invalid);
    assert_eq!(verify(&key, "a.b.c", Audience::Identity, NOW).unwrap_err(), CredentialError::Invalid);
}

#[test]
fn a_key_survives_storage() {
    let key = SigningKey::generate().unwrap();
    let restored = SigningKey::from_pkcs8_der(key.to_pkcs8_der()).unwrap();

    let token = restored.sign(&claims(None)).unwrap();

    assert!(verify(&key, &token, Audience::Identity, NOW).is_ok());
}

#[test]
fn a_bound_credential_opens_its_own_workspace_only() {
    let clock = Clock::system();
    let (mine, other) = (WorkspaceId::new(&clock), WorkspaceId::new(&clock));
    let key = SigningKey::generate().unwrap();
    let bound = verify(&key, &key.sign(&claims(Some(mine))).unwrap(), Audience::Identity, NOW).unwrap();
    let free = verify(&key, &key.sign(&claims(None)).unwrap(), Audience::Identity, NOW).unwrap();

    assert_eq!(bound.workspace_of(None).unwrap(), mine);
    assert_eq!(bound.workspace_of(Some(other)).unwrap_err(), Denied::OtherWorkspace);
    assert_eq!(free.workspace_of(Some(other)).unwrap(), other);
    assert_eq!(free.workspace_of(None).unwrap_err(), Denied::WorkspaceMissing);
    assert_eq!(free.require(Permission::UsersWrite).unwrap_err(), Denied::Permission(Permission::UsersWrite));
}

#[test]
fn a_scope_needs_a_permission_first_and_then_a_workspace() {
    let clock = Clock::system();
    let (mine, other) = (WorkspaceId::new(&clock), WorkspaceId::new(&clock));
    let key = SigningKey::generate().unwrap();
    let call = |bound, requested| {
        let credential = verify(&key, &key.sign(&claims(bound)).unwrap(), Audience::Identity, NOW).unwrap();
        let trace = TraceContext::start();
        CallContext::request(clock.clone(), credential, requested, "mine".into(), trace, None)
    };
    let (bound, free) = (call(Some(mine), None), call(None, Some(other)));
    let missing = Denied::Permission(Permission::UsersWrite);
    let writers = [Permission::UsersWrite, Permission::UsersLeave];
    let readers = [Permission::UsersLeave, Permission::UsersRead];

    assert_eq!(bound.scope(Permission::UsersRead).unwrap().workspace_id(), mine);
    assert_eq!(free.scope(Permission::UsersRead).unwrap().workspace_id(), other);
    assert_eq!(free.scope_with_any(readers).unwrap().workspace_id(), other);
    assert_eq!(free.scope_in(mine, Permission::UsersRead).unwrap().workspace_id(), mine);
    assert_eq!(free.scope_in_with_any(mine, readers).unwrap().workspace_id(), mine);
    assert_eq!(bound.scope_in(other, Permission::UsersRead).unwrap_err(), Denied::OtherWorkspace);
    assert_eq!(bound.scope_in_with_any(other, readers).unwrap_err(), Denied::OtherWorkspace);
    assert_eq!(call(None, None).scope(Permission::UsersRead).unwrap_err(), Denied::WorkspaceMissing);

    assert_eq!(call(None, None).scope(Permission::UsersWrite).unwrap_err(), missing);
    assert_eq!(bound.scope_with_any(writers).unwrap_err(), missing);
    assert_eq!(bound.scope_in(other, Permission::UsersWrite).unwrap_err(), missing);
    assert_eq!(bound.scope_in_with_any(other, writers).unwrap_err(), missing);
}

#[test]
fn a_credential_with_too_long_a_lifetime_or_not_valid_yet_is_refused_whoever_signed_it() {
    let key = SigningKey::generate().unwrap();
    let outcome =
        |claims: Claims| verify(&key, &key.sign(&claims).unwrap(), Audience::Identity, NOW).map(drop);
    let service = || Claims { sub: "service:gateway".into(), ..claims(None) };

    assert_eq!(outcome(Claims { exp: NOW + 600, ..service() }), Ok(()));
    for odd in [
        Claims { exp: NOW + 601, ..service() },
        Claims { exp: i64::MAX, iat: i64::MIN, ..service() },
        Claims { exp: NOW + 7 * 86_400 + 1, ..claims(None) },
        Claims { nbf: NOW + 31, ..service() },
        Claims { iat: NOW + 31, exp: NOW + 60, ..service() },
    ] {
        assert_eq!(outcome(odd.clone()), Err(CredentialError::Invalid), "{odd:?}");
    }
}

#[test]
fn ended_credentials_are_refused_and_later_ones_are_not() {
    let key = SigningKey::generate().unwrap();
    let before = verify(&key, &key.sign(&claims(None)).unwrap(), Audience::Identity, NOW).unwrap();
    let ended = [(subject_digest(before.actor()), NOW)];
    let set = KeySet::new([key.public()]).unwrap().with_ended(ended);
    let later = key.sign(&Claims { iat: NOW + 1, ..claims(None) }).unwrap();
    let now = Timestamp::from_second(NOW + 1).unwrap();

    assert!(!set.still_trusts(&before));
    assert!(KeySet::new([key.public()]).unwrap().still_trusts(&before));
    assert!(!KeySet::default().still_trusts(&before), "the key was removed");
    let again = set.verify(&key.sign(&claims(None)).unwrap(), Audience::Identity, now);
    assert_eq!(again.unwrap_err(), CredentialError::Invalid);
    assert!(set.still_trusts(&set.verify(&later, Audience::Identity, now).unwrap()));
}

#[test]
fn the_credentials_of_a_service_key_end_with_it_and_those_of_another_do_not() {
    let key = SigningKey::generate().unwrap();
    let of = |service_key: &str| {
        let given = Claims { key: Some(service_key.to_owned()), ..claims(None) };
        verify(&key, &key.sign(&given).unwrap(), Audience::Identity, NOW).unwrap()
    };
    let set = KeySet::new([key.public()]).unwrap().with_ended([(service_key_digest("a"), NOW)]);

    assert!(!set.still_trusts(&of("a")));
    assert!(set.still_trusts(&of("b")), "another key of the same bearer");
    let given = Claims { key: Some("a".to_owned()), ..claims(None) };
    let now = Timestamp::from_second(NOW).unwrap();
    let again = set.verify(&key.sign(&given).unwrap(), Audience::Identity, now);
    assert_eq!(again.unwrap_err(), CredentialError::Invalid);
}
