//! Accounts and prices.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::harness::Billing;
use crate::words::class_name;
use crate::workspace::Workspace;

#[tokio::test]
async fn an_account_can_be_changed_until_there_are_prices_and_not_afterwards() {
    let billing = Billing::start().await;
    let acme = billing.workspace();
    acme.account("USD", 2, "America/New_York").await.unwrap();
    acme.account("JPY", 0, "Asia/Tokyo").await.unwrap();
    acme.price("regular", "1000", "2026-01-01").await.unwrap();

    acme.account("JPY", 0, "Asia/Tokyo").await.unwrap();
    let refused = acme.account("JPY", 0, "Asia/Seoul").await.unwrap_err();

    assert_eq!(refused.reason, Reason::FailedPrecondition);
    let account = billing.accounts().get_account(acme.request(pb::GetAccountRequest {})).await.unwrap();
    let account = account.into_inner().account.unwrap();
    assert_eq!((account.currency.as_str(), account.time_zone.as_str()), ("JPY", "Asia/Tokyo"));
}

#[tokio::test]
async fn invalid_accounts_and_prices_are_refused_with_the_field() {
    let billing = Billing::start().await;
    let acme = billing.workspace();
    for (account, field) in [
        (("eur", 2, "UTC"), "currency"),
        (("QQQ", 2, "UTC"), "currency"),
        (("XAU", 0, "UTC"), "currency"),
        (("EUR", 4, "UTC"), "exponent"),
        (("EUR", -1, "UTC"), "exponent"),
        (("JPY", 2, "UTC"), "exponent"),
        (("EUR", 2, "Mars/Olympus"), "time_zone"),
        (("EUR", 2, "Factory"), "time_zone"),
    ] {
        let refused = acme.account(account.0, account.1, account.2).await.unwrap_err();
        assert_eq!((refused.reason, refused.metadata["field"].as_str()), (Reason::InvalidArgument, field));
    }
    for (price, field) in [
        (("guest", "12", "2026-01-01"), "class"),
        (("regular", "-12", "2026-01-01"), "unit_price"),
        (("regular", "1.0000001", "2026-01-01"), "unit_price"),
        (("regular", "100000000.01", "2026-01-01"), "unit_price"),
        (("regular", "12", "-000400-01-01"), "valid_from"),
        (("regular", "12", "2200-01-01"), "valid_from"),
        (("collaborator", "1", "2026-01-01"), "unit_price"),
        (("regular", "12", "2026-02-30"), "valid_from"),
    ] {
        let refused = acme.price(price.0, price.1, price.2).await.unwrap_err();
        assert_eq!((refused.reason, refused.metadata["field"].as_str()), (Reason::InvalidArgument, field));
    }
}

#[tokio::test]
async fn prices_are_listed_by_rank_and_date_and_never_replaced() {
    let billing = Billing::start().await;
    let acme = billing.workspace();
    for (class, price, from) in [
        ("collaborator", "0", "2026-01-01"),
        ("external", "8.00", "2026-01-01"),
        ("regular", "15.00", "2026-06-16"),
        ("regular", "12.00", "2026-01-01"),
    ] {
        acme.price(class, price, from).await.unwrap();
    }

    let taken = acme.price("regular", "13.00", "2026-06-16").await.unwrap_err();

    assert_eq!(taken.reason, Reason::AlreadyExists);
    acme.price("regular", "15.00", "2026-06-16").await.expect("the same price again is that price");
    let listed = billing.prices().list_price_versions(acme.request(pb::ListPriceVersionsRequest {})).await;
    let listed: Vec<(&str, String)> = listed
        .unwrap()
        .into_inner()
        .price_versions
        .into_iter()
        .map(|version| (class_name(version.class), version.unit_price))
        .collect();
    let pair = |class: &'static str, price: &str| (class, price.to_owned());
    assert_eq!(
        listed,
        [
            pair("regular", "12.00"),
            pair("regular", "15.00"),
            pair("external", "8.00"),
            pair("collaborator", "0.00")
        ]
    );
}

#[tokio::test]
async fn a_minimum_can_be_repeated_and_is_never_replaced() {
    let billing = Billing::start().await;
    let acme = billing.workspace();
    let set = async |amount_minor| {
        let message = pb::SetMinimumSpendRequest { valid_from: "2026-08-01".to_owned(), amount_minor };
        billing.minimums().set_minimum_spend(acme.request(message)).await.map_err(Failure::from)
    };
    set(5_000).await.unwrap();
    set(5_000).await.unwrap();

    let taken = set(6_000).await.unwrap_err();

    assert_eq!(taken.reason, Reason::AlreadyExists);
    assert!(taken.message.contains("from 2026-08-01 on"), "{}", taken.message);
    let audit = billing.audit().list_audit(acme.request(pb::ListAuditRequest::default())).await.unwrap();
    let entries = audit.into_inner().entries;
    assert_eq!(entries.iter().filter(|entry| entry.action == "minimum_spend.set").count(), 1);
}

/// Changes the account: currency, zone, anchor and effective date.
async fn set(acme: &Workspace<'_>, named: [&str; 4]) -> Result<(pb::Account, Vec<pb::Account>), Failure> {
    let [currency, time_zone, anchor_date, effective_date] = named.map(str::to_owned);
    let account = pb::Account { currency, exponent: 0, time_zone, anchor_date, effective_date };
    let message = pb::UpsertAccountRequest { account: Some(account) };
    let answer = acme.billing.accounts().upsert_account(acme.request(message)).await?.into_inner();
    Ok((answer.account.unwrap(), answer.coming))
}

/// Returns the current account and its planned changes: effective date, currency and zone.
async fn told(acme: &Workspace<'_>) -> Vec<String> {
    let message = acme.request(pb::GetAccountRequest {});
    let found = acme.billing.accounts().get_account(message).await.unwrap().into_inner();
    let terms = found.account.into_iter().chain(found.coming);
    terms.map(|terms| format!("{} {} {}", terms.effective_date, terms.currency, terms.time_zone)).collect()
}

#[tokio::test]
async fn fields_of_an_account_that_are_not_named_stay_as_they_are() {
    let billing = Billing::at("2026-06-10T00:00:00Z").await;
    let acme = billing.workspace();
    set(&acme, ["KWD", "asia/kuwait", "2026-01-15", ""]).await.unwrap();

    let (zone, _) = set(&acme, ["", "Asia/Tokyo", "", ""]).await.unwrap();
    assert_eq!((zone.currency.as_str(), zone.exponent, zone.anchor_date.as_str()), ("KWD", 3, "2026-01-15"));
    let (currency, _) = set(&acme, ["JPY", "", "", ""]).await.unwrap();
    assert_eq!((currency.exponent, currency.time_zone.as_str()), (0, "Asia/Tokyo"));
    assert_eq!(currency.anchor_date, "2026-01-15");
    let (months, _) = set(&acme, ["", "", "1970-01-01", ""]).await.unwrap();
    assert_eq!((months.currency.as_str(), months.anchor_date.as_str()), ("JPY", ""));

    // The account is in use: from a boundary on, the named fields change and the others stay.
    acme.price("regular", "1000", "2026-01-01").await.unwrap();
    let (seoul, _) = set(&acme, ["", "Asia/Seoul", "", "2026-08-01"]).await.unwrap();
    assert_eq!((seoul.currency.as_str(), seoul.time_zone.as_str()), ("JPY", "Asia/Seoul"));
    // If the named fields have these values already, nothing changes, and the answer has the planned changes.
    let (now, coming) = set(&acme, ["JPY", "asia/tokyo", "", ""]).await.unwrap();
    assert_eq!((now.time_zone.as_str(), coming), ("Asia/Tokyo", vec![seoul]));
    // A value that is only planned is a change of today's, which is refused.
    let refused = set(&acme, ["", "Asia/Seoul", "", ""]).await.unwrap_err();
    assert_eq!(refused.reason, Reason::FailedPrecondition);
    assert_eq!(told(&acme).await, [" JPY Asia/Tokyo", "2026-08-01 JPY Asia/Seoul"]);
    let far = set(&acme, ["", "", "2190-01-01", ""]).await.unwrap_err();
    assert_eq!(far.reason, Reason::FailedPrecondition);
}

#[tokio::test]
async fn an_earlier_change_continues_through_one_that_is_planned_for_later() {
    let billing = Billing::at("2026-11-10T00:00:00Z").await;
    let acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    set(&acme, ["", "Asia/Tokyo", "", "2027-02-01"]).await.unwrap();

    let (december, coming) = set(&acme, ["USD", "", "", "2026-12-01"]).await.unwrap();

    assert_eq!((december.currency.as_str(), december.time_zone.as_str()), ("USD", "UTC"));
    assert_eq!((coming[0].currency.as_str(), coming[0].time_zone.as_str()), ("USD", "Asia/Tokyo"));
    assert_eq!(told(&acme).await, [" EUR UTC", "2026-12-01 USD UTC", "2027-02-01 USD Asia/Tokyo"]);
    acme.price("regular", "15.00", "2026-12-01").await.unwrap();
    acme.price("regular", "16.00", "2027-02-01").await.unwrap();
    let message = acme.request(pb::ListPriceVersionsRequest {});
    let listed = billing.prices().list_price_versions(message).await.unwrap().into_inner().price_versions;
    let currencies: Vec<&str> = listed.iter().map(|version| version.currency.as_str()).collect();
    assert_eq!(currencies, ["EUR", "USD", "USD"]);

    // A later change of the same field stays, and can be withdrawn.
    set(&acme, ["", "Europe/Berlin", "", "2026-12-01"]).await.unwrap();
    assert_eq!(told(&acme).await[1..], ["2026-12-01 USD Europe/Berlin", "2027-02-01 USD Asia/Tokyo"]);
    let (back, coming) = set(&acme, ["", "Europe/Berlin", "", "2027-02-01"]).await.unwrap();
    assert_eq!((back.effective_date.as_str(), coming.len()), ("2026-12-01", 0));
    assert_eq!(told(&acme).await, [" EUR UTC", "2026-12-01 USD Europe/Berlin"]);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_change_from_the_beginning_keeps_planned_changes_and_other_fields() {
    let billing = Billing::at("2026-11-10T00:00:00Z").await;
    let acme = billing.workspace();
    set(&acme, ["", "Asia/Tokyo", "", "2027-02-01"]).await.unwrap();

    let (now, coming) = set(&acme, ["USD", "", "", ""]).await.unwrap();
    assert_eq!((now.currency.as_str(), now.time_zone.as_str(), coming.len()), ("USD", "UTC", 1));
    assert_eq!(told(&acme).await, [" USD UTC", "2027-02-01 USD Asia/Tokyo"]);
    // A planned zone stays planned, and the answer says so.
    let (now, coming) = set(&acme, ["", "Europe/Berlin", "", ""]).await.unwrap();
    assert_eq!((now.time_zone.as_str(), coming[0].time_zone.as_str()), ("Europe/Berlin", "Asia/Tokyo"));
    // An anchor is refused if the planned change of the zone would then be within a period.
    for effective in ["", "2026-12-01"] {
        let refused = set(&acme, ["", "", "2026-10-15", effective]).await.unwrap_err();
        assert_eq!(refused.metadata["field"], "anchor_date");
        assert!(refused.message.contains("changes on 2027-02-01 too"), "{}", refused.message);
    }
    assert_eq!(told(&acme).await, [" USD Europe/Berlin", "2027-02-01 USD Asia/Tokyo"]);
    // Once a change is in force, it is no longer a separate change: the account has its values.
    billing.advance_to("2027-02-10T00:00:00Z");
    set(&acme, ["", "Asia/Seoul", "", ""]).await.unwrap();
    assert_eq!(told(&acme).await, [" USD Asia/Seoul"]);
    assert_eq!(acme.verify().await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn prices_are_shown_with_the_decimal_places_of_their_currency() {
    let billing = Billing::start().await;
    for (currency, price, told) in [("JPY", "1000", "1000"), ("KWD", "4.5", "4.500"), ("EUR", "12", "12.00")]
    {
        let acme = billing.workspace();
        acme.account(currency, 0, "UTC").await.unwrap();
        acme.price("regular", price, "2026-01-01").await.unwrap();
        let listed =
            billing.prices().list_price_versions(acme.request(pb::ListPriceVersionsRequest {})).await;
        let version = listed.unwrap().into_inner().price_versions.remove(0);
        assert_eq!((version.unit_price.as_str(), version.currency.as_str()), (told, currency));
    }
}
