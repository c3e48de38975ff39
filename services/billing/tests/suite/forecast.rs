//! The expected cost of a period.

use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::scheduled_change::About;
use usher_rpc::convert::to_wire;
use usher_seats::ScheduledChangeKind;

use crate::closing::one_seat;
use crate::commitments;
use crate::harness::Billing;
use crate::words::{self, class, class_name, name, pool_name};
use crate::workspace::Workspace;

async fn forecast(acme: &Workspace<'_>, known: Option<&str>) -> pb::GetForecastResponse {
    let message = pb::GetForecastRequest {
        start_date: "2026-06-01".to_owned(),
        known_time: known.map(|known| to_wire(known.parse().unwrap())),
    };
    acme.billing.forecasts().get_forecast(acme.request(message)).await.unwrap().into_inner()
}

#[tokio::test]
async fn the_forecast_of_a_coming_period_prices_the_seats_that_it_names() {
    let billing = Billing::at("2026-05-20T00:00:00Z").await;
    let mut acme = billing.workspace();
    acme.price("regular", "12.00", "2026-01-01").await.unwrap();
    let events = [acme.person(), acme.person()].map(|person| {
        acme.event(&format!("2026-05-0{}T00:00:00Z", acme.sent.len() + 1), person, Some("Regular"))
    });
    acme.apply(events.to_vec()).await;

    let told = forecast(&acme, None).await;

    assert_eq!((told.accrued_minor, told.remainder_minor, told.expected_minor), (0, 2_400, 2_400));
    assert!(told.basis.starts_with("2 seats are open at 2026-06-01T00:00:00Z and"), "{}", told.basis);
    let dates = (told.start_date.as_str(), told.end_date.as_str(), told.time_zone.as_str());
    assert_eq!(dates, ("2026-06-01", "2026-07-01", "UTC"));
}

#[tokio::test]
async fn the_dates_of_a_forecast_add_up_to_what_is_expected_in_every_mode() {
    for mode in ["DAILY_TOUCH", "SECOND", "PERIOD_PEAK", "OPENING_PLUS_INCREMENTS", "DISTINCT"] {
        let billing = Billing::at("2026-06-16T12:00:00Z").await;
        let mut acme = billing.workspace();
        let version = pb::PriceVersion {
            class: class("regular"),
            unit_price: "9.99".to_owned(),
            valid_from: "2026-01-01".to_owned(),
            mode: words::mode(mode),
            floor: 5,
            ..Default::default()
        };
        let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
        billing.prices().create_price_version(acme.request(message)).await.unwrap();
        let message = pb::SetMinimumSpendRequest { valid_from: "2026-06-01".to_owned(), amount_minor: 7_777 };
        billing.minimums().set_minimum_spend(acme.request(message)).await.unwrap();
        for at in ["2026-06-01T00:00:00Z", "2026-06-07T10:00:00Z", "2026-06-11T00:00:01Z"] {
            let person = acme.person();
            let event = acme.event(at, person, Some("Regular"));
            acme.apply(vec![event]).await;
        }

        let (report, _) = acme.report("forecast", "csv", "2026-06-01", None).await.unwrap();

        let cents = |amount: &str| amount.replace('.', "").parse::<i64>().unwrap();
        let sum: i64 = report.lines().skip(1).map(|row| cents(row.split(',').nth(3).unwrap())).sum();
        assert_eq!(sum, forecast(&acme, None).await.expected_minor, "{mode}: {report}");
        assert_eq!(sum, 7_777);
    }
}

#[tokio::test]
async fn a_forecast_assumes_that_open_seats_stay() {
    let billing = Billing::at("2026-06-16T00:00:00Z").await;
    let (acme, _) = one_seat(&billing).await;

    let forecast = forecast(&acme, None).await;

    assert_eq!((forecast.accrued_minor, forecast.remainder_minor), (600, 600));
    assert_eq!((forecast.expected_minor, forecast.floor_minor, forecast.other_minor), (1_200, 0, 0));
    assert!(forecast.basis.starts_with("1 seats are open at 2026-06-16T00:00:00Z"), "{}", forecast.basis);
    assert_eq!(forecast.scheduled_changes, []);
}

#[tokio::test]
async fn a_forecast_includes_planned_changes_and_everything_else_that_will_be_billed() {
    let billing = Billing::at("2026-04-01T00:00:00Z").await;
    let (acme, ada) = one_seat(&billing).await;
    billing.advance_to("2026-06-02T00:00:00Z");
    acme.prove("2026-06-01T00:00:00Z").await;
    crate::limits::set(&acme, crate::limits::limit("paid", "ALLOW_TRUE_UP")).await.unwrap();
    commitments::set(&acme, 1, "12.00", "2026-06-20", "2026-09-01").await.unwrap();
    acme.price("regular", "15.00", "2026-06-16").await.unwrap();
    let message = pb::SetMinimumSpendRequest { valid_from: "2026-06-01".to_owned(), amount_minor: 2_000 };
    billing.minimums().set_minimum_spend(acme.request(message)).await.unwrap();
    billing.advance_to("2026-06-11T00:00:00Z");

    let told = forecast(&acme, None).await;

    // Ten dates at 12.00, five more, then fifteen at 15.00; the minimum adds 6.50.
    assert_eq!((told.accrued_minor, told.remainder_minor, told.floor_minor), (400, 950, 650));
    assert_eq!(told.expected_minor, 2_000);
    let changes: Vec<(&str, &str, &str, &str)> = told
        .scheduled_changes
        .iter()
        .map(|change| {
            let about = match change.about {
                Some(About::Class(class)) => class_name(class),
                Some(About::Pool(pool)) => pool_name(pool),
                None => "",
            };
            (change.date.as_str(), name::<ScheduledChangeKind>(change.kind), about, change.detail.as_str())
        })
        .collect();
    assert_eq!(
        changes,
        [
            ("2026-06-16", "price", "regular", "15.00 in mode DAILY_TOUCH"),
            ("2026-06-20", "commitment", "paid", "1 seats at 12.00"),
        ]
    );

    // First as of a time before the price, the minimum and the commitment; then as of a time after all of
    // them.
    let before = forecast(&acme, Some("2026-06-01T12:00:00Z")).await;
    assert_eq!((before.accrued_minor, before.expected_minor), (40, 1_200));
    assert_eq!(before.scheduled_changes, []);
    billing.advance_to("2026-07-02T00:00:00Z");
    acme.correct(ada, "2026-06-01T00:00:00Z", "2026-06-16T00:00:00Z", "").await.unwrap();
    let after = forecast(&acme, None).await;
    assert_eq!((after.accrued_minor, after.remainder_minor, after.floor_minor), (750, 0, 1_250));
    assert_eq!(forecast(&acme, Some("2026-06-11T00:00:00Z")).await, told);
}
