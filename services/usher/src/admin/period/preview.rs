//! `usher admin period preview`

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::invoice_service_client::InvoiceServiceClient;
use usher_rpc::WireEnum as _;
use usher_rpc::convert::to_wire;
use usher_seats::{CountingMode, SeatClass};

use super::super::argument;
use super::super::report::Report;
use super::super::session::{Session, WorkspaceArg, status_error};

/// `usher admin period preview`
#[derive(Debug, Args)]
pub(in crate::admin) struct PreviewArgs {
    #[command(flatten)]
    of: WorkspaceArg,
    /// First local date of the period, such as 2026-06-01.
    #[arg(long, value_parser = argument::date)]
    start: Date,
    /// Show the invoice as of this time, such as 2026-06-16T09:00:00Z. If left out, now.
    #[arg(long, value_parser = argument::time)]
    known_at: Option<Timestamp>,
    /// Another price of a class: regular=10.00. This and the following options can be repeated for other classes.
    #[arg(long, value_name = "CLASS=PRICE", value_parser = pair::<SeatClass, String>)]
    price: Vec<(SeatClass, String)>,
    /// Another counting mode of a class: `regular=DAILY_PEAK`.
    #[arg(long, value_name = "CLASS=MODE", value_parser = pair::<SeatClass, CountingMode>)]
    mode: Vec<(SeatClass, CountingMode)>,
    /// Another number of free seats of a class: regular=5.
    #[arg(long, value_name = "CLASS=SEATS", value_parser = pair::<SeatClass, i64>)]
    included: Vec<(SeatClass, i64)>,
    /// Another floor of a class: regular=10.
    #[arg(long, value_name = "CLASS=SEATS", value_parser = pair::<SeatClass, i64>)]
    floor: Vec<(SeatClass, i64)>,
    /// Number of seats of a class for the whole period, instead of the recorded ones: regular=200.
    #[arg(long, value_name = "CLASS=SEATS", value_parser = pair::<SeatClass, i64>)]
    count: Vec<(SeatClass, i64)>,
}

/// Reads `name=value`.
pub(super) fn pair<N, T>(text: &str) -> anyhow::Result<(N, T)>
where
    N: FromStr<Err: Display>,
    T: FromStr<Err: Display>,
{
    let (name, value) = text.split_once('=').context("write it as name=value")?;
    Ok((part(name)?, part(value)?))
}

fn part<T: FromStr<Err: Display>>(text: &str) -> anyhow::Result<T> {
    text.parse().map_err(|error| anyhow::anyhow!("{text:?}: {error}"))
}

impl PreviewArgs {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let workspace = session.workspace(&self.of).await?;
        let mut client = InvoiceServiceClient::new(session.billing.clone());
        let message = self.message();
        let answer =
            client.preview_invoice(session.scoped(workspace, message)).await.map_err(status_error)?;
        Ok(super::invoice(answer.into_inner().invoice.unwrap_or_default()))
    }

    fn message(self) -> pb::PreviewInvoiceRequest {
        let mut prices: BTreeMap<SeatClass, pb::PriceIf> = BTreeMap::new();
        let mut of = |class: SeatClass, set: &dyn Fn(&mut pb::PriceIf)| {
            let unchanged = pb::PriceIf { class: class.to_wire(), ..Default::default() };
            set(prices.entry(class).or_insert(unchanged));
        };
        for (class, price) in self.price {
            of(class, &|to| to.unit_price.clone_from(&price));
        }
        for (class, mode) in self.mode {
            of(class, &|to| to.mode = mode.to_wire());
        }
        for (class, included) in self.included {
            of(class, &|to| to.included = Some(included));
        }
        for (class, floor) in self.floor {
            of(class, &|to| to.floor = Some(floor));
        }
        let seats =
            self.count.into_iter().map(|(class, count)| pb::SeatsIf { class: class.to_wire(), count });
        pb::PreviewInvoiceRequest {
            start_date: self.start.to_string(),
            known_time: self.known_at.map(to_wire),
            prices: prices.into_values().collect(),
            seats: seats.collect(),
        }
    }
}
