//! Accounts that change their currency.

use usher_base::Reason;
use usher_base::id::EventId;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::closing::{lines, one_seat};
use crate::commitments;
use crate::harness::Billing;
use crate::workspace::Workspace;

/// Changes the currency of the account from a date on.
async fn change(acme: &Workspace<'_>, currency: &str, effective: &str) -> Result<(), Failure> {
    let account = pb::Account {
        currency: currency.to_owned(),
        exponent: 2,
        time_zone: "UTC".to_owned(),
        effective_date: effective.to_owned(),
        ..Default::default()
    };
    let message = pb::UpsertAccountRequest { account: Some(account) };
    acme.billing.accounts().upsert_account(acme.request(message)).await?;
    Ok(())
}

fn settlement(currency: &str, total_minor: i64, credit_minor: i64) -> pb::Settlement {
    pb::Settlement { currency: currency.to_owned(), exponent: 2, total_minor, credit_minor }
}

#[tokio::test]
async fn a_price_has_the_currency_in_force_at_its_start() {
    let billing = Billing::at("2026-06-10T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    commitments::set(&acme, 5, "12.00", "2026-07-01", "2026-09-01").await.unwrap();
    acme.price("external", "9.00", "2026-09-15").await.unwrap();

    let refused = change(&acme, "USD", "2026-08-01").await.unwrap_err();
    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert!(refused.message.contains("up to 2026-09-15"), "{}", refused.message);
    change(&acme, "USD", "2026-10-01").await.unwrap();
    let spanning = commitments::set(&acme, 5, "12.00", "2026-09-01", "2026-11-01").await.unwrap_err();
    assert_eq!(spanning.metadata["field"], "end_date");
    commitments::set(&acme, 5, "14.00", "2026-10-01", "2026-11-01").await.unwrap();

    assert_eq!(acme.invoice("2026-09-01").await.unwrap().total_minor, 1_200);
    let unpriced = acme.invoice("2026-10-01").await.unwrap_err();
    assert_eq!((unpriced.reason, unpriced.metadata["class"].as_str()), (Reason::PriceMissing, "regular"));
    acme.price("regular", "15.00", "2026-10-01").await.unwrap();
    let october = acme.invoice("2026-10-01").await.unwrap();
    assert_eq!((october.currency.as_str(), october.total_minor), ("USD", 1_500));
    assert_eq!(acme.statement("2026-10-01", "2026-11-01").await.unwrap().total_minor, 1_500);
    // The account returns to euros: the earlier prices in euros no longer hold.
    change(&acme, "EUR", "2026-12-01").await.unwrap();
    assert_eq!(acme.invoice("2026-12-01").await.unwrap_err().reason, Reason::PriceMissing);
}

#[tokio::test]
async fn late_facts_and_credits_of_another_currency_are_settled_in_it() {
    let billing = Billing::at("2026-06-10T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    change(&acme, "USD", "2026-07-01").await.unwrap();
    acme.price("regular", "15.00", "2026-07-01").await.unwrap();
    billing.advance_to("2026-07-02T00:00:00Z");
    acme.prove("2026-07-01T12:00:00Z").await;
    assert_eq!(acme.close("2026-06-01").await.unwrap().total_minor, 1_200);

    // Twenty dates of June in place of thirty: 4.00 euros too much were billed.
    acme.correct(ada, "2026-06-20T12:00:00Z", "2026-07-01T00:00:00Z", "").await.unwrap();
    billing.advance_to("2026-08-02T00:00:00Z");
    acme.prove("2026-08-01T12:00:00Z").await;
    let july = acme.close("2026-07-01").await.unwrap();
    assert_eq!(
        lines(&july),
        [
            ("seat", "regular", "2026-07-01", 1_500),
            ("adjustment", "regular", "2026-06-01", -400),
            ("credit", "", "2026-06-01", 400),
        ]
    );
    let currencies: Vec<&str> = july.lines.iter().map(|line| line.currency.as_str()).collect();
    assert_eq!(currencies, ["USD", "EUR", "EUR"]);
    assert_eq!((july.total_minor, july.credit_minor), (1_500, 0));
    assert_eq!(july.other_currencies, [settlement("EUR", 0, 400)]);
    let (statement, _) = acme.report("statement", "csv", "2026-07-01", None).await.unwrap();
    assert!(statement.contains(",-4.00,EUR") && statement.contains(",15.00,USD"), "{statement}");

    // Twenty-six dates: 2.40 euros of the credit are used. A note credits one dollar.
    acme.correct(ada, "2026-06-25T00:00:00Z", "2026-07-01T00:00:00Z", "regular").await.unwrap();
    let message = |lines: Vec<pb::CreditNoteLine>| pb::IssueCreditNoteRequest {
        id: EventId::new(&billing.clock).to_string(),
        start_date: "2026-07-01".to_owned(),
        lines,
        reason: "an outage".to_owned(),
    };
    let line = |line_no, amount_minor| pb::CreditNoteLine { line_no, amount_minor, ..Default::default() };
    let issued = billing.credit_notes().issue_credit_note(acme.request(message(vec![line(1, 100)]))).await;
    assert_eq!(issued.unwrap().into_inner().credit_note.unwrap().currency, "USD");
    billing.advance_to("2026-09-02T00:00:00Z");
    acme.prove("2026-09-01T12:00:00Z").await;
    let august = acme.close("2026-08-01").await.unwrap();
    assert_eq!((august.total_minor, august.credit_minor), (1_400, 0));
    assert_eq!(august.other_currencies, [settlement("EUR", 0, 160)]);
    assert_eq!(acme.invoice("2026-07-01").await.unwrap().other_currencies, [settlement("EUR", 0, 400)]);

    // A note can't name lines of two currencies.
    let mixed = pb::IssueCreditNoteRequest {
        start_date: "2026-08-01".to_owned(),
        ..message(vec![line(1, 1), line(2, 1)])
    };
    let refused = billing.credit_notes().issue_credit_note(acme.request(mixed)).await.unwrap_err();
    assert!(refused.message().contains("several currencies"), "{}", refused.message());

    // In euros again, the rest of the credit pays for them.
    change(&acme, "EUR", "2026-10-01").await.unwrap();
    acme.price("regular", "12.00", "2026-10-01").await.unwrap();
    billing.advance_to("2026-11-02T00:00:00Z");
    acme.prove("2026-11-01T12:00:00Z").await;
    acme.close("2026-09-01").await.unwrap();
    let october = acme.close("2026-10-01").await.unwrap();
    assert_eq!((october.total_minor, october.credit_minor), (1_040, 0));
    assert_eq!(october.other_currencies, []);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}
