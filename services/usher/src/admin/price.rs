//! `usher admin price`

use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;
use serde_json::Value;
use usher_billing::rating::Mode;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_client::BillingAdminClient;

use super::report::Report;
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum PriceCommand {
    /// Add a price that holds from a date on. Prices are never changed.
    Create {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The seat class.
        #[arg(long, value_enum)]
        class: Class,
        /// Price of a seat for a whole period, such as 12.00.
        #[arg(long)]
        unit_price: String,
        /// First local date on which it holds.
        #[arg(long)]
        valid_from: Date,
        /// How seats are counted; it can only change at a period's boundary.
        #[arg(long, default_value = "DAILY_TOUCH")]
        mode: Mode,
        /// Seats that cost nothing.
        #[arg(long, default_value_t = 0)]
        included: u32,
        /// Committed seats: paid for in any case.
        #[arg(long, default_value_t = 0)]
        floor: u32,
    },
    /// List the prices by class and date.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Class {
    /// Of the organization.
    Regular,
    /// From outside.
    External,
    /// Takes part.
    Collaborator,
}

impl Class {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::External => "external",
            Self::Collaborator => "collaborator",
        }
    }
}

const COLUMNS: [&str; 7] = ["class", "unit_price", "valid_from", "mode", "included", "floor", "id"];

impl PriceCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = BillingAdminClient::new(session.billing.clone());
        match self {
            Self::Create { of, class, unit_price, valid_from, mode, included, floor } => {
                let workspace = session.workspace(&of).await?;
                let version = pb::PriceVersion {
                    class: class.as_str().to_owned(),
                    unit_price,
                    valid_from: valid_from.to_string(),
                    mode: mode.to_string(),
                    included: included.into(),
                    floor: floor.into(),
                    ..Default::default()
                };
                let message = pb::CreatePriceVersionRequest { price_version: Some(version) };
                let answer =
                    client.create_price_version(session.scoped(workspace, message)).await.map_err(told)?;
                Ok(Report::one(&COLUMNS, row(answer.into_inner().price_version.unwrap_or_default())))
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
        Value::from(version.class),
        Value::from(version.unit_price),
        Value::from(version.valid_from),
        Value::from(version.mode),
        Value::from(version.included),
        Value::from(version.floor),
        Value::from(version.id),
    ]
}
