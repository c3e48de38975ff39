//! The lines of closed periods, and their postings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero as _;
use sqlx::FromRow;
use usher_base::id::{CommitmentId, PriceId};
use usher_seats::{CountingMode, LineKind, SeatClass};
use usher_store::{TenantTx, Time};

use crate::error::BillingError;
use crate::invoicing::model::charge::{BilledFor, Charge, SeatCharge, UsedPrice};
use crate::invoicing::model::line::InvoiceLine;
use crate::invoicing::model::posting::Posting;
use crate::sql::{LATEST, corrupt, currency};
use crate::terms::model::currency::Currency;

/// Inserts the lines, and the postings that book them.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    ordinal: i64,
    lines: &[InvoiceLine],
    postings: &[Posting],
) -> Result<(), BillingError> {
    for (number, line) in (1_i32..).zip(lines) {
        sqlx::query(
            "INSERT INTO close_lines (tenant_id, ordinal, line_no, kind, class, origin_ordinal, mode, price_versions,
               unit_prices, seat_days, exact_num, exact_den, amount_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(tx.tenant())
        .bind(ordinal)
        .bind(number)
        .bind(line.charge.kind())
        .bind(line.charge.class())
        .bind(line.origin)
        .bind(line.charge.mode())
        .bind(line.charge.price_versions().join(" "))
        .bind(line.charge.unit_prices().join(" "))
        .bind(line.charge.seat_days())
        .bind(line.exact.numer().to_string())
        .bind(line.exact.denom().to_string())
        .bind(line.amount_minor)
        .execute(tx.conn())
        .await?;
    }
    sqlx::query(
        "INSERT INTO postings (tenant_id, ordinal, posting_no, account, amount_minor)
         SELECT $1, $2, p.number, p.account, p.amount
         FROM unnest($3::int[], $4::text[], $5::bigint[]) AS p (number, account, amount)",
    )
    .bind(tx.tenant())
    .bind(ordinal)
    .bind((1_i32..).zip(postings).map(|(number, _)| number).collect::<Vec<_>>())
    .bind(postings.iter().map(|(account, _)| account.to_string()).collect::<Vec<_>>())
    .bind(postings.iter().map(|(_, amount)| *amount).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct LineRow {
    kind: LineKind,
    class: Option<SeatClass>,
    origin_ordinal: i64,
    mode: Option<CountingMode>,
    price_versions: String,
    unit_prices: String,
    seat_days: i64,
    exact_num: String,
    exact_den: String,
    amount_minor: i64,
}

impl LineRow {
    /// Returns the prices of the row, each with its version.
    fn prices(&self) -> Result<Vec<UsedPrice>, BillingError> {
        let (ids, prices) = (self.price_versions.split_whitespace(), self.unit_prices.split_whitespace());
        if ids.clone().count() != prices.clone().count() {
            return Err(corrupt("close_lines", "unit_prices"));
        }
        let price = |(id, unit_price): (&str, &str)| {
            let version: PriceId = id.parse().map_err(|_| corrupt("close_lines", "price_versions"))?;
            Ok(UsedPrice { version, unit_price: unit_price.to_owned() })
        };
        ids.zip(prices).map(price).collect()
    }

    /// Returns the commitment, which a true-up row stores instead of price versions.
    fn commitment(&self) -> Result<Option<CommitmentId>, BillingError> {
        let id = Some(self.price_versions.as_str()).filter(|id| !id.is_empty());
        id.map(|id| id.parse().map_err(|_| corrupt("close_lines", "price_versions"))).transpose()
    }

    fn seats(&self) -> Result<SeatCharge, BillingError> {
        Ok(SeatCharge {
            class: self.class.ok_or_else(|| corrupt("close_lines", "class"))?,
            mode: self.mode.ok_or_else(|| corrupt("close_lines", "mode"))?,
            prices: self.prices()?,
            seat_days: self.seat_days,
        })
    }

    fn charge(&self) -> Result<Charge, BillingError> {
        Ok(match self.kind {
            LineKind::Seat => Charge::Seats(self.seats()?),
            LineKind::Floor => Charge::Floor(self.seats()?),
            LineKind::MinimumSpend => Charge::MinimumSpend,
            LineKind::TrueUp => Charge::TrueUp {
                commitment: self.commitment()?.ok_or_else(|| corrupt("close_lines", "price_versions"))?,
                unit_price: self.unit_prices.clone(),
            },
            LineKind::Adjustment => Charge::Adjustment(match (self.class, self.commitment()?) {
                (Some(class), _) => BilledFor::Seats(class),
                (None, Some(commitment)) => BilledFor::Commitment(commitment),
                (None, None) => BilledFor::Minimum,
            }),
            LineKind::CreditNote => Charge::CreditNote(self.class),
            LineKind::Credit => Charge::Credit,
        })
    }
}

impl TryFrom<LineRow> for InvoiceLine {
    type Error = BillingError;

    fn try_from(row: LineRow) -> Result<Self, BillingError> {
        let number = |text: &str, column| text.parse::<BigInt>().map_err(|_| corrupt("close_lines", column));
        let (numerator, denominator) =
            (number(&row.exact_num, "exact_num")?, number(&row.exact_den, "exact_den")?);
        if denominator.is_zero() {
            return Err(corrupt("close_lines", "exact_den"));
        }
        Ok(Self {
            charge: row.charge()?,
            origin: row.origin_ordinal,
            exact: BigRational::new(numerator, denominator),
            amount_minor: row.amount_minor,
        })
    }
}

/// Returns the lines of a closed period, in order.
pub(crate) async fn of_period(tx: &mut TenantTx, ordinal: i64) -> Result<Vec<InvoiceLine>, BillingError> {
    let rows: Vec<LineRow> =
        sqlx::query_as("SELECT * FROM close_lines WHERE tenant_id = $1 AND ordinal = $2 ORDER BY line_no")
            .bind(tx.tenant())
            .bind(ordinal)
            .fetch_all(tx.conn())
            .await?;
    rows.into_iter().map(InvoiceLine::try_from).collect()
}

/// Returns everything that was billed about a period by a time, and booked before a given period.
pub(crate) async fn about(
    tx: &mut TenantTx,
    origin: i64,
    before: i64,
    known_at: Timestamp,
) -> Result<Vec<InvoiceLine>, BillingError> {
    let rows: Vec<LineRow> = sqlx::query_as(
        "SELECT l.* FROM close_lines l JOIN closes c ON c.tenant_id = l.tenant_id AND c.ordinal = l.ordinal
         WHERE l.tenant_id = $1 AND c.tenant_id = $1 AND l.origin_ordinal = $2 AND l.ordinal < $3 AND c.closed_at <= $4
         ORDER BY l.ordinal, l.line_no",
    )
    .bind(tx.tenant())
    .bind(origin)
    .bind(before)
    .bind(Time(known_at))
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(InvoiceLine::try_from).collect()
}

/// Returns what the invoices of all periods before one carried forward, by currency, as of a time: the sum of their
/// credit lines.
pub(crate) async fn credits(
    tx: &mut TenantTx,
    before: i64,
    known_at: Timestamp,
) -> Result<BTreeMap<Currency, i64>, BillingError> {
    let rows: Vec<(String, i16, i64)> = sqlx::query_as(
        "SELECT o.currency, o.exponent, sum(l.amount_minor)::bigint
         FROM close_lines l
         JOIN closes c ON c.tenant_id = l.tenant_id AND c.ordinal = l.ordinal
         JOIN closes o ON o.tenant_id = l.tenant_id AND o.ordinal = l.origin_ordinal
         WHERE l.tenant_id = $1 AND c.tenant_id = $1 AND o.tenant_id = $1 AND l.kind = 'credit' AND l.ordinal < $2
           AND c.closed_at <= $3
         GROUP BY o.currency, o.exponent",
    )
    .bind(tx.tenant())
    .bind(before)
    .bind(Time(known_at.min(LATEST)))
    .fetch_all(tx.conn())
    .await?;
    let credit =
        |(code, exponent, minor): (String, i16, i64)| Ok((currency("closes", code, exponent)?, minor));
    rows.into_iter().map(credit).collect()
}

/// Same as [`credits`], for the invoice of each period.
pub(crate) async fn credits_by_period(
    tx: &mut TenantTx,
    known_at: Timestamp,
) -> Result<Vec<(i64, Currency, i64)>, BillingError> {
    let rows: Vec<(i64, String, i16, i64)> = sqlx::query_as(
        "SELECT l.ordinal, o.currency, o.exponent, sum(l.amount_minor)::bigint
         FROM close_lines l
         JOIN closes c ON c.tenant_id = l.tenant_id AND c.ordinal = l.ordinal
         JOIN closes o ON o.tenant_id = l.tenant_id AND o.ordinal = l.origin_ordinal
         WHERE l.tenant_id = $1 AND c.tenant_id = $1 AND o.tenant_id = $1 AND l.kind = 'credit' AND c.closed_at <= $2
         GROUP BY l.ordinal, o.currency, o.exponent",
    )
    .bind(tx.tenant())
    .bind(Time(known_at.min(LATEST)))
    .fetch_all(tx.conn())
    .await?;
    let credit = |(ordinal, code, exponent, minor): (i64, String, i16, i64)| {
        Ok((ordinal, currency("closes", code, exponent)?, minor))
    };
    rows.into_iter().map(credit).collect()
}
