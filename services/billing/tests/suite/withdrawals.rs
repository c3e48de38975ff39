//! Prices, minimums and commitments that are refused because they could not be billed, or withdrawn.

use sqlx::{Connection as _, PgConnection};
use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::closing::one_seat;
use crate::commitments;
use crate::harness::Billing;
use crate::words::{self, class};
use crate::workspace::Workspace;

/// Adds a price of Regular, and returns its id.
async fn price(acme: &Workspace<'_>, amount: &str, from: &str, mode: &str) -> Result<String, Failure> {
    let version = pb::PriceVersion {
        class: class("regular"),
        unit_price: amount.to_owned(),
        valid_from: from.to_owned(),
        mode: words::mode(mode),
        ..Default::default()
    };
    let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
    let answer = acme.billing.prices().create_price_version(acme.request(message)).await?;
    Ok(answer.into_inner().price_version.unwrap().id)
}

async fn withdraw(acme: &Workspace<'_>, id: &str) -> Result<pb::PriceVersion, Failure> {
    let message = pb::WithdrawPriceVersionRequest { id: id.to_owned() };
    let answer = acme.billing.prices().withdraw_price_version(acme.request(message)).await?;
    Ok(answer.into_inner().price_version.unwrap())
}

async fn actions(acme: &Workspace<'_>) -> Vec<String> {
    let message = pb::ListAuditRequest::default();
    let audit = acme.billing.audit().list_audit(acme.request(message)).await.unwrap().into_inner();
    audit.entries.into_iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn a_mode_may_change_at_a_period_boundary_and_not_within_a_period() {
    let billing = Billing::at("2026-06-10T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;

    let refused = price(&acme, "12.00", "2026-06-15", "PERIOD_PEAK").await.unwrap_err();
    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert!(
        refused.message.contains("within the period from 2026-06-01 to 2026-07-01"),
        "{}",
        refused.message
    );
    price(&acme, "12.00", "2026-07-01", "PERIOD_PEAK").await.unwrap();
    // A price before the change must have the old mode, and one after it the new mode.
    let between = price(&acme, "13.00", "2026-07-15", "DAILY_TOUCH").await.unwrap_err();
    assert_eq!(between.reason, Reason::FailedPrecondition);
    price(&acme, "13.00", "2026-06-15", "DAILY_TOUCH").await.unwrap();
    price(&acme, "13.00", "2026-07-15", "PERIOD_PEAK").await.unwrap();

    // Periods can't be moved so that the mode would change within a period.
    let account = pb::Account {
        anchor_date: "2026-06-20".to_owned(),
        effective_date: "2026-07-01".to_owned(),
        ..Default::default()
    };
    let message = pb::UpsertAccountRequest { account: Some(account.clone()) };
    billing.accounts().upsert_account(acme.request(message)).await.unwrap();
    price(&acme, "14.00", "2026-08-20", "DISTINCT").await.unwrap();
    let account = pb::Account { anchor_date: "2026-06-05".to_owned(), ..account };
    let message = pb::UpsertAccountRequest { account: Some(account) };
    let moved = billing.accounts().upsert_account(acme.request(message)).await.unwrap_err();
    assert_eq!(moved.code(), tonic::Code::FailedPrecondition);
    assert!(moved.message().contains("2026-08-20"), "{}", moved.message());
}

#[tokio::test]
async fn the_first_price_in_a_mode_that_counts_periods_begins_with_a_period() {
    let billing = Billing::at("2026-06-10T00:00:00Z").await;
    let acme = billing.workspace();

    for mode in ["PERIOD_CLOSE", "PERIOD_PEAK", "OPENING_PLUS_INCREMENTS", "DISTINCT"] {
        let refused = price(&acme, "12.00", "2026-06-15", mode).await.unwrap_err();
        assert_eq!(refused.reason, Reason::FailedPrecondition, "{mode}");
        assert!(refused.message.contains("counts a whole period"), "{}", refused.message);
    }
    price(&acme, "12.00", "2026-06-15", "DAILY_TOUCH").await.unwrap();
}

#[tokio::test]
async fn a_price_that_billed_nothing_can_be_withdrawn_and_earlier_reports_keep_it() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    let wrong = price(&acme, "1200.00", "2026-07-01", "DAILY_TOUCH").await.unwrap();
    billing.advance_to("2026-07-03T00:00:00Z");
    assert_eq!(acme.invoice("2026-07-01").await.unwrap().total_minor, 120_000);
    let (before, _) =
        acme.report("statement", "csv", "2026-07-01", Some("2026-07-02T12:00:00Z")).await.unwrap();

    billing.advance_to("2026-07-04T00:00:00Z");
    assert_eq!(withdraw(&acme, &wrong).await.unwrap().unit_price, "1200.00");
    withdraw(&acme, &wrong).await.expect("a repeat finds it withdrawn");

    assert_eq!(acme.invoice("2026-07-01").await.unwrap().total_minor, 1_200);
    let (known, _) =
        acme.report("statement", "csv", "2026-07-01", Some("2026-07-02T12:00:00Z")).await.unwrap();
    assert_eq!(known, before, "by what was known then");
    price(&acme, "13.00", "2026-07-01", "DAILY_TOUCH").await.expect("the date is free again");
    assert_eq!(acme.invoice("2026-07-01").await.unwrap().total_minor, 1_300);
    assert_eq!(actions(&acme).await.iter().filter(|action| *action == "price.withdraw").count(), 1);

    // A price that has billed something can't be withdrawn.
    acme.prove("2026-07-03T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    let listed = billing.prices().list_price_versions(acme.request(pb::ListPriceVersionsRequest {})).await;
    let billed = listed.unwrap().into_inner().price_versions.remove(0);
    let refused = withdraw(&acme, &billed.id).await.unwrap_err();
    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert!(refused.message.contains("up to 2026-07-01, which is closed"), "{}", refused.message);
    let unknown = withdraw(&acme, "00000000-0000-4000-8000-000000000001").await.unwrap_err();
    assert_eq!(unknown.reason, Reason::NotFound);
}

#[tokio::test]
async fn an_old_price_that_prevents_a_close_is_named_with_the_remedy() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    // A price as an earlier version accepted it.
    let mut owner = PgConnection::connect(&billing.database.owner_url()).await.unwrap();
    let id: uuid::Uuid = sqlx::query_scalar(
        "INSERT INTO price_versions (tenant_id, class, valid_from, price_id, unit_price_micros, created_at, created_by, mode)
         SELECT tenant_id, class, '2026-06-15', gen_random_uuid(), unit_price_micros, created_at, created_by, 'DISTINCT'
         FROM price_versions WHERE class = 'regular' RETURNING price_id",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    acme.prove("2026-07-01T12:00:00Z").await;

    let refused = acme.close("2026-06-01").await.unwrap_err();

    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert!(
        refused.message.contains(&format!("usher admin price withdraw --id {id}")),
        "{}",
        refused.message
    );
    withdraw(&acme, &id.to_string()).await.unwrap();
    assert_eq!(acme.close("2026-06-01").await.unwrap().total_minor, 1_200);
}

#[tokio::test]
async fn a_minimum_of_no_closed_period_can_be_withdrawn() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;
    let set = async |from: &str, amount_minor| {
        let message = pb::SetMinimumSpendRequest { valid_from: from.to_owned(), amount_minor };
        billing.minimums().set_minimum_spend(acme.request(message)).await.map_err(Failure::from)
    };
    let withdraw = async |from: &str| {
        let message = pb::WithdrawMinimumSpendRequest { valid_from: from.to_owned() };
        let answer = billing.minimums().withdraw_minimum_spend(acme.request(message)).await;
        answer.map(|answer| answer.into_inner().minimum_spend.unwrap()).map_err(Failure::from)
    };
    assert_eq!(set("2026-06-01", i64::MAX).await.unwrap_err().reason, Reason::InvalidArgument);
    set("2026-06-01", 2_000).await.unwrap();
    set("2026-07-01", 9_000).await.unwrap();
    billing.advance_to("2026-07-03T00:00:00Z");

    let withdrawn = withdraw("2026-07-01").await.unwrap();

    assert_eq!((withdrawn.amount_minor, withdrawn.currency.as_str(), withdrawn.exponent), (9_000, "EUR", 2));
    withdraw("2026-07-01").await.expect("a repeat finds it withdrawn");
    assert_eq!(acme.invoice("2026-07-01").await.unwrap().total_minor, 2_000);
    assert_eq!(withdraw("2026-08-01").await.unwrap_err().reason, Reason::NotFound);
    let listed = billing.minimums().list_minimum_spends(acme.request(pb::ListMinimumSpendsRequest {})).await;
    let listed = listed.unwrap().into_inner().minimum_spends;
    assert_eq!(listed.iter().map(|minimum| minimum.amount_minor).collect::<Vec<_>>(), [2_000]);
    acme.prove("2026-07-02T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();
    assert_eq!(withdraw("2026-06-01").await.unwrap_err().reason, Reason::FailedPrecondition);
    set("2026-07-01", 3_000).await.expect("the date is free again");
    assert!(actions(&acme).await.contains(&"minimum_spend.withdraw".to_owned()));
}

#[tokio::test]
async fn a_commitment_can_be_withdrawn_until_its_true_up_was_billed() {
    let billing = Billing::at("2026-04-01T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    crate::limits::set(&acme, crate::limits::limit("paid", "ALLOW_TRUE_UP")).await.unwrap();
    let people = [acme.person(), acme.person()];
    let events = people.map(|person| {
        acme.event(&format!("2026-04-0{}T00:00:00Z", acme.sent.len() + 1), person, Some("Regular"))
    });
    acme.apply(events.to_vec()).await;
    commitments::set(&acme, 5, "10.00", "2026-04-01", "2027-04-01").await.unwrap();
    let list = async || {
        let message = pb::ListCommitmentsRequest {};
        let found = billing.commitments().list_commitments(acme.request(message)).await.unwrap().into_inner();
        found.commitments
    };
    let withdraw = async |id: &str| {
        let message = pb::WithdrawCommitmentRequest { id: id.to_owned() };
        billing.commitments().withdraw_commitment(acme.request(message)).await.map_err(Failure::from)
    };
    billing.advance_to("2026-04-04T00:00:00Z");

    let wrong = list().await.remove(0).id;
    withdraw(&wrong).await.unwrap();
    withdraw(&wrong).await.expect("a repeat finds it withdrawn");

    assert_eq!(list().await, []);
    commitments::set(&acme, 1, "10.00", "2026-04-01", "2027-04-01").await.expect("the term is free again");
    billing.advance_to("2026-07-02T00:00:00Z");
    acme.prove("2026-07-01T12:00:00Z").await;
    for month in ["2026-04-01", "2026-05-01", "2026-06-01"] {
        acme.close(month).await.unwrap();
    }
    let billed = list().await.remove(0).id;
    assert_eq!(withdraw(&billed).await.unwrap_err().reason, Reason::FailedPrecondition);
    assert_eq!(actions(&acme).await.iter().filter(|action| *action == "commitment.withdraw").count(), 1);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}
