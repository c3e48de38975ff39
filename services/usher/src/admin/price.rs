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
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum PriceCommand {
    /// Add a price that holds from a date on. Prices are never changed; one that has billed nothing can be
    /// withdrawn.
    #[command(after_long_help = MODES)]
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The seat class.
        #[arg(long, value_enum)]
        class: SeatClass,
        /// Price of a seat for a whole period, in the account's currency, such as 12.00.
        #[arg(long)]
        unit_price: String,
        /// First local date on which it holds.
        #[arg(long, value_parser = argument::date)]
        valid_from: Date,
        /// How seats are counted; --help explains the eight modes. It can only change at a period's boundary.
        #[arg(long, default_value = "DAILY_TOUCH")]
        mode: CountingMode,
        /// Seats that cost nothing.
        #[arg(long, default_value_t = 0)]
        included: u32,
        /// Committed seats: paid for in any case.
        #[arg(long, default_value_t = 0)]
        floor: u32,
    },
    /// Take back a price that holds in no closed period. From then on the one before it holds.
    Withdraw {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The price's id, as `price list` shows it.
        #[arg(long, value_parser = argument::id)]
        id: Uuid,
    },
    /// List the prices by class and date.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

/// What each mode makes of one example, which is that of `usher billing simulate --example`.
const MODES: &str = "\
Modes, with what each makes of this example: June at 12.00 a seat. 10 persons are there, 2 more
come on 11 June at 09:00, 3 leave on 15 June at 12:00, 2 others come on 20 June at 09:00.

  DAILY_TOUCH              One unit for each person and local date on which the seat was open at
                           any time; the dates of coming and of leaving count whole.
                           Amount: 126.80 (317 x 12.00 / 30)
  DAILY_CLOSE              Seats open when each date ends; the day of leaving is free.
                           Amount: 125.60 (314 x 12.00 / 30)
  DAILY_PEAK               The most seats open at once within each date. A seat that passes from
                           one person to another on a date is paid once.
                           Amount: 126.80 (317 x 12.00 / 30)
  SECOND                   The time that seats were open, to the microsecond.
                           Amount: 125.60 (314 times 24 hours in all)
  PERIOD_CLOSE             Seats open when the period ends, each for the whole period.
                           Amount: 132.00 (11 x 12.00)
  PERIOD_PEAK              The most seats open at once in the period, each for the whole period.
                           Amount: 144.00 (12 x 12.00)
  OPENING_PLUS_INCREMENTS  Seats open when the period begins, and each rise above the highest
                           number so far for the dates that are left. Who leaves gives nothing
                           back.
                           Amount: 136.00 (10 x 12.00 + 2 x 12.00 x 20 / 30)
  DISTINCT                 All persons who were there at any time, each once for the whole period.
                           Amount: 168.00 (14 x 12.00)

The four modes from PERIOD_CLOSE on take the price of the period's first date, so the first price
in such a mode begins with a period. --included seats are taken off each count before it is
priced; --floor is what is paid for at least, counted the same way.

  usher admin price create -w acme --class regular --unit-price 12.00 --valid-from 2026-07-01 \\
    --mode PERIOD_PEAK --floor 10

`usher billing simulate --example` prints a case that tries a mode out without a workspace.";

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
                let answer =
                    client.create_price_version(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(answer.into_inner().price_version.unwrap_or_default())))
            }
            Self::Withdraw { of, id } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::WithdrawPriceVersionRequest { id: id.to_string() };
                let answer =
                    client.withdraw_price_version(session.scoped(workspace, message)).await.map_err(told)?;
                let withdrawn = row(answer.into_inner().price_version.unwrap_or_default());
                Ok(Report::one(&COLUMNS, withdrawn).note("withdrawn; the price before it holds"))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListPriceVersionsRequest {};
                let answer =
                    client.list_price_versions(session.scoped(workspace, message)).await.map_err(told)?;
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
