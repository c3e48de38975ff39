//! `usher admin price`

use clap::Subcommand;
use jiff::civil::Date;
use serde_json::Value;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::price_service_client::PriceServiceClient;
use usher_rpc::{WireEnum as _, enum_name};
use usher_seats::{CountingMode, SeatClass};
use uuid::Uuid;

use super::argument;
use super::report::Report;
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum PriceCommand {
    /// Add a price that applies from a date on. Prices can't be changed; one that has not been billed can be
    /// withdrawn.
    #[command(after_long_help = MODES)]
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Seat class that the price is for.
        #[arg(long, value_enum)]
        class: SeatClass,
        /// Price of a seat for a whole period, in the account's currency, such as 12.00.
        #[arg(long)]
        unit_price: String,
        /// First local date on which it applies.
        #[arg(long, value_parser = argument::date)]
        valid_from: Date,
        /// Counting mode; --help explains all eight. It can change only at the start of a period.
        #[arg(long, default_value = "DAILY_TOUCH")]
        mode: CountingMode,
        /// Seats that cost nothing.
        #[arg(long, default_value_t = 0)]
        included: u32,
        /// Number of seats that are always charged.
        #[arg(long, default_value_t = 0)]
        floor: u32,
    },
    /// Withdraw a price that does not apply to any closed period. The one before it applies again.
    Withdraw {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Id of the price, as `price list` shows it.
        #[arg(long, value_parser = argument::id)]
        id: Uuid,
    },
    /// List the prices by class and date.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

/// The result of each mode for one example, the same as in `usher billing simulate --example`.
const MODES: &str = "\
The counting modes, with the result of each for this example: June at 12.00 per seat, 10 persons
at the start, 2 more from 11 June at 09:00, 3 fewer from 15 June at 12:00, and 2 others from
20 June at 09:00.

  DAILY_TOUCH              One unit per person and local date on which the seat was in use at any
                           time; the first and the last date count in full.
                           Amount: 126.80 (317 x 12.00 / 30)
  DAILY_CLOSE              Seats in use at the end of each date; the last date is free.
                           Amount: 125.60 (314 x 12.00 / 30)
  DAILY_PEAK               The maximum number of seats in use at once within each date. A seat
                           that one person leaves to another on a date is counted once.
                           Amount: 126.80 (317 x 12.00 / 30)
  SECOND                   The time during which seats were in use, to the microsecond.
                           Amount: 125.60 (314 times 24 hours in total)
  PERIOD_CLOSE             Seats in use at the end of the period, each for the whole period.
                           Amount: 132.00 (11 x 12.00)
  PERIOD_PEAK              The maximum number of seats in use at once in the period, each for the
                           whole period.
                           Amount: 144.00 (12 x 12.00)
  OPENING_PLUS_INCREMENTS  Seats in use at the start of the period, and each increase above the
                           highest number so far for the remaining dates. Nothing is credited
                           when somebody leaves.
                           Amount: 136.00 (10 x 12.00 + 2 x 12.00 x 20 / 30)
  DISTINCT                 All persons with a seat at any time, each once for the whole period.
                           Amount: 168.00 (14 x 12.00)

The four modes from PERIOD_CLOSE on use the price of the period's first date, so the first price
in such a mode must begin with a period. --included seats are subtracted from each count before it
is priced; --floor is the minimum that is charged, counted in the same way.

  usher admin price create -w acme --class regular --unit-price 12.00 --valid-from 2026-07-01 \\
    --mode PERIOD_PEAK --floor 10

`usher billing simulate --example` prints a case for trying a mode without a workspace.";

const COLUMNS: [&str; 8] =
    ["class", "unit_price", "currency", "valid_from", "mode", "included", "floor", "id"];

impl PriceCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = PriceServiceClient::new(session.billing.clone());
        match self {
            Self::Create { of, class, unit_price, valid_from, mode, included, floor } => {
                let workspace = session.workspace(&of).await?;
                let version = pb::PriceVersion {
                    class: class.to_wire(),
                    unit_price,
                    valid_from: valid_from.to_string(),
                    mode: mode.to_wire(),
                    included: included.into(),
                    floor: floor.into(),
                    ..Default::default()
                };
                let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
                let answer = client
                    .create_price_version(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().price_version.unwrap_or_default())))
            }
            Self::Withdraw { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::WithdrawPriceVersionRequest { id: id.to_string() };
                let answer = client
                    .withdraw_price_version(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                let withdrawn = row(answer.into_inner().price_version.unwrap_or_default());
                Ok(Report::single(&COLUMNS, withdrawn).note("withdrawn; the price before it applies"))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListPriceVersionsRequest {};
                let answer = client
                    .list_price_versions(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().price_versions.into_iter().map(row)))
            }
        }
    }
}

fn row(version: pb::PriceVersion) -> Vec<Value> {
    vec![
        Value::from(enum_name::<SeatClass>(version.class)),
        Value::from(version.unit_price),
        Value::from(version.currency),
        Value::from(version.valid_from),
        Value::from(enum_name::<CountingMode>(version.mode)),
        Value::from(version.included),
        Value::from(version.floor),
        Value::from(version.id),
    ]
}
