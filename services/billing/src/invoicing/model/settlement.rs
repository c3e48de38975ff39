//! Settlement of an invoice, currency by currency. A line is in the currency of the period that it is about, and a
//! credit in one currency never pays for an amount in another.

use std::collections::BTreeMap;

use usher_rating::RatingError;

use crate::invoicing::model::charge::Charge;
use crate::invoicing::model::line::{InvoiceLine, total};
use crate::terms::model::currency::Currency;

/// The amount to be paid in a currency, and the amount carried forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settlement {
    pub(crate) currency: Currency,
    /// The amount to be paid; never negative.
    pub(crate) total_minor: i64,
    /// The amount carried forward; never negative.
    pub(crate) credit_minor: i64,
}

/// The currencies of periods, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Currencies(BTreeMap<i64, Currency>);

impl Currencies {
    /// Collects the currencies of closed periods, and of one that may be open.
    pub(crate) fn new(periods: impl IntoIterator<Item = (i64, Currency)>) -> Self {
        Self(periods.into_iter().collect())
    }

    /// Returns the currency of a line.
    pub(crate) fn of(&self, line: &InvoiceLine) -> Option<&Currency> {
        self.0.get(&line.origin)
    }

    /// Returns the currencies other than a period's own, each with the last period in it.
    fn others(&self, ordinal: i64) -> BTreeMap<&Currency, i64> {
        let own = self.0.get(&ordinal);
        let others = self.0.iter().filter(|(_, currency)| Some(*currency) != own);
        others.map(|(ordinal, currency)| (currency, *ordinal)).collect()
    }
}

/// The settlement of an invoice in the currency of its period, and in those of earlier periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settlements {
    pub(crate) own: Settlement,
    /// Only currencies with an amount, ordered by currency.
    pub(crate) others: Vec<Settlement>,
}

/// Settles a period's invoice. In each currency a negative sum is carried forward, and an earlier credit is used up
/// by a credit line.
pub(crate) fn settle(
    own: (i64, &Currency),
    lines: &mut Vec<InvoiceLine>,
    currencies: &Currencies,
    carried: &BTreeMap<Currency, i64>,
) -> Result<Settlements, RatingError> {
    let (ordinal, currency) = own;
    let mut others = Vec::new();
    let own = settle_in(currency, ordinal, lines, currencies, carried)?;
    for (currency, last) in currencies.others(ordinal) {
        let settlement = settle_in(currency, last, lines, currencies, carried)?;
        if settlement.total_minor != 0 || settlement.credit_minor != 0 {
            others.push(settlement);
        }
    }
    Ok(Settlements { own, others })
}

fn settle_in(
    currency: &Currency,
    last: i64,
    lines: &mut Vec<InvoiceLine>,
    currencies: &Currencies,
    carried: &BTreeMap<Currency, i64>,
) -> Result<Settlement, RatingError> {
    let net = total(lines.iter().filter(|line| currencies.of(line) == Some(currency)))?;
    let before = carried.get(currency).copied().unwrap_or_default();
    let credit = if net < 0 { -net } else { -before.min(net) };
    if credit != 0 {
        lines.push(InvoiceLine::new(Charge::Credit, last, credit));
    }
    Ok(Settlement { currency: currency.clone(), total_minor: net + credit, credit_minor: before + credit })
}

/// Returns the settlements of a closed period in other currencies than its own; `carried` is what its invoice carried
/// forward.
pub(crate) fn settled(
    ordinal: i64,
    lines: &[InvoiceLine],
    currencies: &Currencies,
    carried: &BTreeMap<Currency, i64>,
) -> Result<Vec<Settlement>, RatingError> {
    let mut found = Vec::new();
    for (currency, _) in currencies.others(ordinal) {
        let total_minor = total(lines.iter().filter(|line| currencies.of(line) == Some(currency)))?;
        let credit_minor = carried.get(currency).copied().unwrap_or_default();
        if total_minor != 0 || credit_minor != 0 {
            found.push(Settlement { currency: currency.clone(), total_minor, credit_minor });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_seats::SeatClass;

    use crate::invoicing::model::charge::BilledFor;

    fn currency(code: &str) -> Currency {
        Currency::of(code).unwrap()
    }

    fn line(origin: i64, amount_minor: i64) -> InvoiceLine {
        InvoiceLine::new(Charge::Adjustment(BilledFor::Seats(SeatClass::Regular)), origin, amount_minor)
    }

    /// Settles a period in euros; returns the total, the carried amount, and the credit line.
    fn euros(amount: i64, carried: i64) -> (i64, i64, Option<i64>) {
        let (euro, mut lines) = (currency("EUR"), vec![line(1, amount)]);
        let currencies = Currencies::new([(1, euro.clone())]);
        let carried = BTreeMap::from([(euro.clone(), carried)]);
        let settled = settle((1, &euro), &mut lines, &currencies, &carried).unwrap();
        assert_eq!(settled.others, []);
        (settled.own.total_minor, settled.own.credit_minor, lines.get(1).map(|line| line.amount_minor))
    }

    #[test]
    fn a_negative_net_is_carried_and_used_up_by_what_comes() {
        assert_eq!(euros(-300, 0), (0, 300, Some(300)));
        assert_eq!(euros(250, 300), (0, 50, Some(-250)));
        assert_eq!(euros(250, 50), (200, 0, Some(-50)));
        assert_eq!(euros(250, 0), (250, 0, None));
    }

    #[test]
    fn what_is_owed_in_one_currency_never_pays_for_another() {
        let (euro, dollar) = (currency("EUR"), currency("USD"));
        let currencies = Currencies::new([(1, euro.clone()), (2, euro.clone()), (3, dollar.clone())]);
        let carried = BTreeMap::from([(euro.clone(), 100)]);
        let mut lines = vec![line(3, 500), line(1, 30), line(2, 20)];

        let settled = settle((3, &dollar), &mut lines, &currencies, &carried).unwrap();

        assert_eq!(settled.own, Settlement { currency: dollar, total_minor: 500, credit_minor: 0 });
        assert_eq!(settled.others, [Settlement { currency: euro, total_minor: 0, credit_minor: 50 }]);
        assert_eq!((lines[3].origin, lines[3].amount_minor), (2, -50));
    }
}
