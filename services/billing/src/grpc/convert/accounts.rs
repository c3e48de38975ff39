use usher_proto::billing::v1 as pb;
use usher_rpc::convert::{InvalidArgument, invalid};

use crate::grpc::convert::field::optional_date;
use crate::terms::model::account::named_zone;
use crate::terms::model::account_change::AccountChange;
use crate::terms::model::currency::Currency;
use crate::terms::model::period::{CALENDAR, Terms};

impl TryFrom<pb::Account> for AccountChange {
    type Error = InvalidArgument;

    fn try_from(message: pb::Account) -> Result<Self, InvalidArgument> {
        let named = |text: String| Some(text).filter(|text| !text.is_empty());
        let currency = named(message.currency).map(|code| Currency::of(&code)).transpose()?;
        if let Some(currency) = &currency
            && message.exponent != 0
            && message.exponent != currency.places()
        {
            let fault = format_args!("{currency} has {} decimal places by ISO 4217", currency.places());
            return Err(invalid("exponent", fault));
        }
        Ok(Self {
            currency,
            zone: named(message.time_zone).map(|name| named_zone(&name)).transpose()?,
            anchor: optional_date("anchor_date", &message.anchor_date)?,
            effective: optional_date("effective_date", &message.effective_date)?,
        })
    }
}

impl From<Terms> for pb::Account {
    fn from(terms: Terms) -> Self {
        let account = terms.account;
        let unless_calendar =
            |date: jiff::civil::Date| if date == CALENDAR { String::new() } else { date.to_string() };
        Self {
            exponent: account.currency.places(),
            currency: account.currency.code,
            time_zone: account.zone_name,
            anchor_date: unless_calendar(terms.anchor),
            effective_date: unless_calendar(terms.valid_from),
        }
    }
}
