use super::*;

#[test]
fn every_fault_is_named_at_once() {
    let settings = Settings::load(
        None,
        &[
            "gateway.listen=nowhere".into(),
            "log.format=loud".into(),
            "billing.close_after=soon".into(),
            "tenant.close_after=1h".into(),
            "connections.per_address=0".into(),
        ],
    )
    .unwrap();

    let message = settings.validate(Purpose::Serve(Role::All)).unwrap_err().to_string();

    for part in [
        "gateway.listen",
        "gateway.public_url",
        "log.format",
        "tenant.database_url",
        "tenant.key_file",
        "identity.service_key_file",
        "billing.close_after",
        "tenant.close_after",
        "connections.per_address",
    ] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn durations_are_read_and_zero_is_off() {
    assert_eq!(duration("24h").unwrap(), Some(SignedDuration::from_hours(24)));
    assert_eq!(duration("1h 30m").unwrap(), Some(SignedDuration::from_mins(90)));
    assert_eq!(duration("0").unwrap(), None);
    assert!(duration("-1h").is_err() && duration("").is_err() && duration("24").is_err());
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let error = Settings::load(None, &["gateway.lisen=127.0.0.1:1".into()]).unwrap_err();

    assert!(format!("{error:#}").contains("lisen"), "{error:#}");
}

#[test]
fn secrets_never_show_in_debug_output() {
    let settings = Settings::load(None, &["tenant.database_url=postgres://u:hunter2@h/d".into()]).unwrap();

    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn the_example_of_every_setting_can_be_served_and_migrated_with() {
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/usher.toml"));
    let settings = Settings::load(Some(example), &[]).unwrap();

    for purpose in [Purpose::Serve(Role::All), Purpose::Migrate, Purpose::ServiceKey] {
        settings.validate(purpose).unwrap();
    }
}
