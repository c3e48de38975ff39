//! The stored form of tokens and service keys: the columns `hash`, `mac` and `mac_key`.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};

use crate::keyring::KeyedMac;
use crate::secrets::Protected;

impl<'r> FromRow<'r, PgRow> for Protected {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        let mac: Option<Vec<u8>> = row.try_get("mac")?;
        let key: Option<String> = row.try_get("mac_key")?;
        let mac = mac.zip(key).map(|(mac, key)| KeyedMac { key, mac });
        Ok(Self { hash: row.try_get("hash")?, mac })
    }
}
