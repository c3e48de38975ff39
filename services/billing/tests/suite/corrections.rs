//! Corrections and links, and their effect on closed periods.

use usher_base::Reason;
use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::convert::to_wire;

use crate::closing::{lines, one_seat};
use crate::harness::Billing;
use crate::words::{class, class_name, pool};

#[tokio::test]
async fn e26_a_correction_of_a_closed_period_is_an_adjustment_of_the_open_one() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    acme.prove("2026-07-09T00:00:00Z").await;
    assert_eq!(acme.close("2026-06-01").await.unwrap().total_minor, 1200);

    acme.correct(ada, "2026-06-20T12:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();

    let july = acme.invoice("2026-07-01").await.unwrap();
    assert!(lines(&july).contains(&("adjustment", "regular", "2026-06-01", -400)), "{:?}", lines(&july));
}

#[tokio::test]
async fn e27_a_further_correction_telescopes_to_the_exact_recompute() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    acme.prove("2026-07-09T00:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    acme.correct(ada, "2026-06-20T12:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();

    acme.correct(ada, "2026-06-25T00:00:00Z", "2026-07-01T00:00:00Z", "regular").await.unwrap();
    let july = acme.invoice("2026-07-01").await.unwrap();
    // 26 of 30 days: the first correction takes off 400, the second adds 240.
    assert!(lines(&july).contains(&("adjustment", "regular", "2026-06-01", -160)), "{:?}", lines(&july));
}

#[tokio::test]
async fn b20_corrections_booked_in_different_periods_sum_to_the_exact_recompute() {
    let billing = Billing::at("2026-08-02T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    acme.prove("2026-08-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    acme.correct(ada, "2026-06-20T12:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();
    let july = acme.close("2026-07-01").await.unwrap();
    assert!(lines(&july).contains(&("adjustment", "regular", "2026-06-01", -400)));

    acme.correct(ada, "2026-06-25T00:00:00Z", "2026-07-01T00:00:00Z", "regular").await.unwrap();
    billing.advance_to("2026-09-02T00:00:00Z");
    acme.prove("2026-09-01T12:00:00Z").await;
    let august = acme.close("2026-08-01").await.unwrap();

    // E27: the total of the origin is 1040, which is 26 days.
    assert!(lines(&august).contains(&("adjustment", "regular", "2026-06-01", 240)));
    assert_eq!(1200 - 400 + 240, 1040);
    // There are no new facts, so there is nothing to adjust.
    let september = acme.invoice("2026-09-01").await.unwrap();
    assert!(lines(&september).iter().all(|line| line.0 != "adjustment"), "{:?}", lines(&september));
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_negative_net_is_carried_forward_as_credit() {
    let billing = Billing::at("2026-08-02T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    let left = acme.event("2026-07-01T00:00:00Z", ada, None);
    acme.apply(vec![left]).await;
    acme.prove("2026-08-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    acme.correct(ada, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();

    let july = acme.close("2026-07-01").await.unwrap();
    assert_eq!(
        lines(&july),
        [("adjustment", "regular", "2026-06-01", -1200), ("credit", "", "2026-07-01", 1200)]
    );
    assert_eq!((july.total_minor, july.credit_minor), (0, 1200));

    let back = acme.event("2026-08-31T00:00:00Z", ada, Some("Regular"));
    acme.apply(vec![back]).await;
    let august = acme.invoice("2026-08-01").await.unwrap();
    assert_eq!(lines(&august), [("seat", "regular", "2026-08-01", 39), ("credit", "", "2026-08-01", -39)]);
    assert_eq!((august.total_minor, august.credit_minor), (0, 1161));
}

#[tokio::test]
async fn a_correction_needs_a_second_person_and_has_no_effect_before_approval() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    let id = EventId::new(&billing.clock).to_string();
    let correction = pb::Correction {
        id: id.clone(),
        person_key: ada.to_string(),
        from_time: Some(to_wire("2026-06-05T00:00:00Z".parse().unwrap())),
        until_time: Some(to_wire("2026-06-15T00:00:00Z".parse().unwrap())),
        class: class("external"),
        reason: "was a guest then".to_owned(),
        ..Default::default()
    };
    let ask = |correction: pb::Correction| {
        let message = pb::RecordCorrectionRequest { correction: Some(correction) };
        let request = acme.request_of("ann", message);
        async { billing.corrections().record_correction(request).await }
    };
    let approve = |name: &str| {
        let request = acme.request_of(name, pb::ApproveCorrectionRequest { id: id.clone() });
        async { billing.corrections().approve_correction(request).await }
    };

    ask(correction.clone()).await.unwrap();
    ask(correction.clone()).await.unwrap();
    let other = pb::Correction { class: 0, ..correction.clone() };
    assert_eq!(ask(other).await.unwrap_err().code(), tonic::Code::AlreadyExists);
    let waiting =
        billing.corrections().list_corrections(acme.request(pb::ListCorrectionsRequest {})).await.unwrap();
    assert_eq!(waiting.into_inner().corrections.len(), 1);
    assert_eq!(lines(&acme.invoice("2026-06-01").await.unwrap()), [("seat", "regular", "2026-06-01", 1200)]);
    assert_eq!(approve("ann").await.unwrap_err().code(), tonic::Code::PermissionDenied);

    approve("bea").await.unwrap();

    assert_eq!(approve("bea").await.unwrap_err().code(), tonic::Code::AlreadyExists);
    let invoice = acme.invoice("2026-06-01").await.unwrap();
    assert_eq!(
        lines(&invoice),
        [("seat", "regular", "2026-06-01", 800), ("seat", "external", "2026-06-01", 267)]
    );
    let status = |at: &str| {
        let message = pb::GetSeatStatusRequest {
            person_key: ada.to_string(),
            at_time: Some(to_wire(at.parse().unwrap())),
            known_time: None,
        };
        let request = acme.request(message);
        async { billing.usage().get_seat_status(request).await.unwrap().into_inner() }
    };
    let (then, later) = (status("2026-06-10T00:00:00Z").await, status("2026-06-02T00:00:00Z").await);
    assert_eq!((class_name(then.class), then.cause.as_str()), ("external", "billing.correction"));
    assert_eq!((class_name(later.class), later.cause.as_str()), ("regular", "scim.create"));
    let audit = billing.audit().list_audit(acme.request(pb::ListAuditRequest::default())).await.unwrap();
    let actions: Vec<String> = audit.into_inner().entries.into_iter().map(|entry| entry.action).collect();
    assert!(
        actions.contains(&"correction.request".to_owned())
            && actions.contains(&"correction.approve".to_owned())
    );
}

#[tokio::test]
async fn b19_a_correction_before_the_first_period_is_refused() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;

    let refused = acme.correct(ada, "2026-05-31T23:59:59Z", "2026-06-02T00:00:00Z", "").await.unwrap_err();

    assert_eq!(refused.reason, Reason::InvalidArgument);
    for (from, until) in
        [("2026-06-05T00:00:00Z", "2026-06-05T00:00:00Z"), ("2026-07-09T00:00:00Z", "2026-07-12T00:00:00Z")]
    {
        assert_eq!(acme.correct(ada, from, until, "").await.unwrap_err().reason, Reason::InvalidArgument);
    }
}

#[tokio::test]
async fn linked_keys_are_one_person_also_in_closed_periods() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    let twin = acme.person();
    let event = acme.event("2026-06-16T00:00:00Z", twin, Some("Regular"));
    acme.apply(vec![event]).await;
    acme.prove("2026-07-09T00:00:00Z").await;
    assert_eq!(acme.close("2026-06-01").await.unwrap().total_minor, 1800);

    let message = || pb::LinkPersonsRequest {
        person_key: ada.to_string(),
        other_person_key: twin.to_string(),
        reason: "two accounts of one person".to_owned(),
    };
    let linked =
        billing.corrections().link_persons(acme.request(message())).await.unwrap().into_inner().sequence;
    let again =
        billing.corrections().link_persons(acme.request(message())).await.unwrap().into_inner().sequence;

    assert_eq!((linked, again), (3, 3));
    let july = acme.invoice("2026-07-01").await.unwrap();
    assert_eq!(
        lines(&july),
        [("seat", "regular", "2026-07-01", 1200), ("adjustment", "regular", "2026-06-01", -600)]
    );
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_watermark_returns_missing_links_and_billing_counts_by_them_too() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let (mut acme, ada) = one_seat(&billing).await;
    let twin = acme.person();
    let event = acme.event("2026-06-16T00:00:00Z", twin, Some("External"));
    acme.apply(vec![event]).await;
    let in_use = async || {
        let message = pb::CheckCapacityRequest { pool: pool("paid"), delta: 0 };
        billing.limits().check_capacity(acme.request(message)).await.unwrap().into_inner().in_use
    };
    let told = async |version: &str| {
        let watermark = pb::Watermark {
            workspace_id: acme.id.to_string(),
            epoch: 1,
            as_of_time: Some(to_wire("2026-07-01T00:00:00Z".parse().unwrap())),
            last_sequence: 2,
            links_version: version.to_owned(),
            ..Default::default()
        };
        let message = pb::AdvanceWatermarksRequest { watermarks: vec![watermark] };
        billing.ledger().advance_watermarks(acme.produced(message)).await.unwrap().into_inner().links
    };
    assert_eq!((in_use().await, told("").await.len()), (2, 0));

    let message = pb::LinkPersonsRequest {
        person_key: ada.to_string(),
        other_person_key: twin.to_string(),
        reason: "two accounts of one person".to_owned(),
    };
    billing.corrections().link_persons(acme.request(message)).await.unwrap();

    let links = told("").await.pop().unwrap();
    let pairs: Vec<_> =
        links.links.iter().map(|it| (it.person_key.clone(), it.stands_for_person_key.clone())).collect();
    let (first, second) = (ada.min(twin).to_string(), ada.max(twin).to_string());
    assert_eq!(pairs, [(first.clone(), first.clone()), (second, first)]);
    assert!(told(&links.version).await.is_empty());
    assert_eq!(told("another ledger's").await, [links]);
    assert_eq!(in_use().await, 1);
}

#[tokio::test]
async fn a_correction_to_a_class_without_a_price_in_a_closed_period_is_refused() {
    let billing = Billing::at("2026-07-10T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    acme.price("external", "8.00", "2026-07-01").await.unwrap();
    let ada = acme.person();
    let event = acme.event("2026-06-01T00:00:00Z", ada, Some("Regular"));
    acme.apply(vec![event]).await;
    // The correction is requested while June is open: a price can still be added then.
    let (from, until) = ("2026-06-20T00:00:00Z", "2026-07-02T00:00:00Z");
    let correction = pb::Correction {
        person_key: ada.to_string(),
        from_time: Some(to_wire(from.parse().unwrap())),
        until_time: Some(to_wire(until.parse().unwrap())),
        class: class("external"),
        reason: "was a guest then".to_owned(),
        ..Default::default()
    };
    let message = pb::RecordCorrectionRequest { correction: Some(correction) };
    let recorded = billing.corrections().record_correction(acme.request_of("ann", message)).await.unwrap();
    let id = recorded.into_inner().correction.unwrap().id;
    acme.prove("2026-07-09T00:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();

    let refused = acme.correct(ada, from, until, "external").await.unwrap_err();
    let message = pb::ApproveCorrectionRequest { id };
    let late = billing.corrections().approve_correction(acme.request_of("bea", message)).await.unwrap_err();

    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert!(refused.message.contains("no price of a external seat on 2026-06-20"), "{}", refused.message);
    assert_eq!(late.code(), tonic::Code::FailedPrecondition);
    acme.correct(ada, "2026-07-01T00:00:00Z", until, "external").await.unwrap();
    acme.invoice("2026-07-01").await.unwrap();
}
