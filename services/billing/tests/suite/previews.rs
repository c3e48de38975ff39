//! What a period would cost with other prices or counts.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;
use usher_rpc::convert::to_wire;

use crate::closing::{lines, one_seat};
use crate::harness::Billing;
use crate::words;
use crate::workspace::Workspace;

fn june() -> pb::PreviewInvoiceRequest {
    pb::PreviewInvoiceRequest { start_date: "2026-06-01".to_owned(), ..Default::default() }
}

fn price(class: &str, unit_price: &str) -> pb::PriceIf {
    pb::PriceIf { class: words::class(class), unit_price: unit_price.to_owned(), ..Default::default() }
}

fn seats(class: &str, count: i64) -> pb::SeatsIf {
    pb::SeatsIf { class: words::class(class), count }
}

async fn preview(
    workspace: &Workspace<'_>,
    message: pb::PreviewInvoiceRequest,
) -> Result<pb::Invoice, Failure> {
    let answer = workspace.billing.invoices().preview_invoice(workspace.request(message)).await?;
    Ok(answer.into_inner().invoice.unwrap())
}

#[tokio::test]
async fn a_preview_without_assumptions_equals_the_invoice() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;

    assert_eq!(preview(&acme, june()).await.unwrap(), acme.invoice("2026-06-01").await.unwrap());
}

#[tokio::test]
async fn assumed_prices_and_counts_follow_the_same_rules() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let (mut acme, _) = one_seat(&billing).await;
    let (bob, eve) = (acme.person(), acme.person());
    let events = vec![
        acme.event("2026-06-21T00:00:00Z", bob, Some("External")),
        acme.event("2026-06-24T00:00:00Z", eve, Some("Regular")),
    ];
    acme.apply(events).await;

    let cheaper = pb::PreviewInvoiceRequest { prices: vec![price("regular", "10.00")], ..june() };
    let cheaper = preview(&acme, cheaper).await.unwrap();
    // Ada 30 days, Eve 7: 37 x 1000 / 30.
    assert_eq!(
        lines(&cheaper),
        [("seat", "regular", "2026-06-01", 1_233), ("seat", "external", "2026-06-01", 267)]
    );
    assert_eq!(cheaper.lines[0].exact, "3700/3");
    assert!(cheaper.provisional && cheaper.incomplete_reasons[0].contains("has not ended"));

    let other_mode =
        pb::PriceIf { mode: words::mode("PERIOD_PEAK"), included: Some(1), ..price("regular", "") };
    let other_mode =
        preview(&acme, pb::PreviewInvoiceRequest { prices: vec![other_mode], ..june() }).await.unwrap();
    assert_eq!(
        lines(&other_mode)[0],
        ("seat", "regular", "2026-06-01", 1_200),
        "a peak of 2, of which 1 is included"
    );

    let floor = pb::PriceIf { floor: Some(10), ..price("regular", "") };
    let message =
        pb::PreviewInvoiceRequest { prices: vec![floor], seats: vec![seats("regular", 8)], ..june() };
    let counted = preview(&acme, message).await.unwrap();
    assert_eq!(
        lines(&counted),
        [
            ("seat", "regular", "2026-06-01", 9_600),
            ("floor", "regular", "2026-06-01", 2_400),
            ("seat", "external", "2026-06-01", 267)
        ]
    );
    let none = pb::PreviewInvoiceRequest { seats: vec![seats("regular", 0), seats("external", 0)], ..june() };
    assert_eq!(lines(&preview(&acme, none).await.unwrap()), []);
    assert_eq!(acme.invoice("2026-06-01").await.unwrap().total_minor, 1_480 + 267, "nothing was changed");
}

#[tokio::test]
async fn a_preview_is_as_of_its_time_and_for_a_closed_period_as_of_its_close() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    let closed = acme.close("2026-06-01").await.unwrap();
    billing.advance_to("2026-07-05T00:00:00Z");
    acme.correct(ada, "2026-06-16T00:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();

    let again = preview(&acme, june()).await.unwrap();
    assert_eq!((lines(&again), again.sequence), (lines(&closed), closed.sequence));
    let dearer = pb::PreviewInvoiceRequest { prices: vec![price("regular", "20.00")], ..june() };
    assert_eq!(preview(&acme, dearer).await.unwrap().total_minor, 2_000);
    let july = pb::PreviewInvoiceRequest { start_date: "2026-07-01".to_owned(), ..Default::default() };
    let known = pb::PreviewInvoiceRequest {
        known_time: Some(to_wire("2026-07-04T00:00:00Z".parse().unwrap())),
        ..july.clone()
    };
    assert_eq!(preview(&acme, july).await.unwrap().total_minor, 600);
    assert_eq!(preview(&acme, known).await.unwrap().total_minor, 1_200, "the correction was not known");
}

#[tokio::test]
async fn nonsensical_assumptions_are_refused_by_name() {
    let billing = Billing::at("2026-06-20T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    let twice = vec![price("regular", "1"), price("regular", "2")];
    let negative = pb::PriceIf { floor: Some(-1), ..price("regular", "1") };
    for (message, field) in [
        (pb::PreviewInvoiceRequest { prices: twice, ..june() }, "prices"),
        (pb::PreviewInvoiceRequest { prices: vec![negative], ..june() }, "prices"),
        (pb::PreviewInvoiceRequest { prices: vec![price("collaborator", "")], ..june() }, "prices"),
        (pb::PreviewInvoiceRequest { prices: vec![price("regular", "-1")], ..june() }, "unit_price"),
        (pb::PreviewInvoiceRequest { prices: vec![price("collaborator", "5.00")], ..june() }, "unit_price"),
        (pb::PreviewInvoiceRequest { prices: vec![price("guest", "1")], ..june() }, "class"),
        (pb::PreviewInvoiceRequest { seats: vec![seats("regular", -1)], ..june() }, "count"),
        (pb::PreviewInvoiceRequest { start_date: "2026-06-02".to_owned(), ..june() }, "start_date"),
    ] {
        let refused = preview(&acme, message).await.unwrap_err();
        assert_eq!((refused.reason, refused.metadata["field"].as_str()), (Reason::InvalidArgument, field));
    }
}
