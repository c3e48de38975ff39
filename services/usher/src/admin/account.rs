//! `usher admin account`

use clap::Subcommand;
use jiff::civil::Date;
use serde_json::Value;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::billing_admin_client::BillingAdminClient;

use super::report::{Report, text};
use super::session::{Session, WorkspaceArg, told};

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Show currency and time zone.
    Show {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Set currency and time zone. Once there are prices, from a coming period on.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// ISO 4217, such as EUR.
        #[arg(long)]
        currency: String,
        /// Decimal places of the currency.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(i32).range(0..=3))]
        exponent: i32,
        /// IANA name of the zone in which days are counted, such as Europe/Berlin.
        #[arg(long, default_value = "UTC")]
        time_zone: String,
        /// The date from which periods are counted, month by month. Without it, calendar months.
        #[arg(long)]
        anchor_date: Option<Date>,
        /// A coming period's first date, from which this holds. Without it, from the beginning.
        #[arg(long)]
        effective_date: Option<Date>,
    },
}

const COLUMNS: [&str; 5] = ["currency", "exponent", "time_zone", "anchor_date", "effective_date"];

impl AccountCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = BillingAdminClient::new(session.billing.clone());
        let account = match self {
            Self::Show { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::GetAccountRequest {};
                let answer = client.get_account(session.scoped(workspace, message)).await.map_err(told)?;
                answer.into_inner().account
            }
            Self::Set { of, currency, exponent, time_zone, anchor_date, effective_date } => {
                let workspace = session.workspace(&of).await?;
                let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
                let (anchor_date, effective_date) = (date(anchor_date), date(effective_date));
                let account = pb::Account { currency, exponent, time_zone, anchor_date, effective_date };
                let message = pb::UpsertAccountRequest { account: Some(account) };
                let answer = client.upsert_account(session.scoped(workspace, message)).await.map_err(told)?;
                answer.into_inner().account
            }
        };
        Ok(Report::one(&COLUMNS, row(account.unwrap_or_default())))
    }
}

fn row(account: pb::Account) -> Vec<Value> {
    vec![
        Value::from(account.currency),
        Value::from(account.exponent),
        Value::from(account.time_zone),
        text(account.anchor_date),
        text(account.effective_date),
    ]
}
