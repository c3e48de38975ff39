//! The account of a workspace.

use jiff::tz::TimeZone;
use usher_rating::zone;
use usher_rating::zone::UnknownZone;
use usher_rpc::convert::{InvalidArgument, invalid};

use crate::terms::model::currency::Currency;

/// The currency in which a workspace pays, and the zone in which its days are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) currency: Currency,
    pub(crate) zone: TimeZone,
    /// The zone's name as IANA writes it.
    pub(crate) zone_name: String,
}

impl Account {
    /// Reads the account from the columns of a row.
    pub(crate) fn stored(currency: Currency, zone_name: String) -> Result<Self, UnknownZone> {
        let zone = zone::stored(&zone_name)?;
        let zone_name = zone::name(&zone).map_or(zone_name, str::to_owned);
        Ok(Self { currency, zone, zone_name })
    }

    /// Returns the default account of a workspace.
    pub(crate) fn unset() -> Self {
        let currency = Currency { code: "EUR".to_owned(), exponent: 2 };
        Self { currency, zone: TimeZone::UTC, zone_name: "UTC".to_owned() }
    }
}

/// Parses the name of a zone that a caller sent.
pub(crate) fn named_zone(name: &str) -> Result<(TimeZone, String), InvalidArgument> {
    let zone = zone::get(name).map_err(|error| invalid("time_zone", error))?;
    let name = zone::name(&zone).unwrap_or(name).to_owned();
    Ok((zone, name))
}
