//! `usher admin account`

use clap::Subcommand;
use jiff::civil::Date;
use serde_json::Value;
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::account_service_client::AccountServiceClient;

use super::argument;
use super::report::{Report, text};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Show currency, time zone and periods, with scheduled changes.
    Show {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Set currency, time zone and periods; options that are left out keep their values. Once there are prices,
    /// changes apply from a future period on. Setting an earlier date does not affect a change that is scheduled for
    /// a later one; to cancel that, set the values in force before it, with its date.
    #[command(group = clap::ArgGroup::new("changed").required(true).multiple(true))]
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// ISO 4217 code, such as EUR. It determines the decimal places.
        #[arg(long, group = "changed")]
        currency: Option<String>,
        /// IANA name of the time zone in which days are counted, such as Europe/Berlin.
        #[arg(long, group = "changed")]
        time_zone: Option<String>,
        /// The date from which monthly periods are counted.
        #[arg(long, group = "changed", value_parser = argument::date)]
        anchor_date: Option<Date>,
        /// Use calendar months as periods, which is the default.
        #[arg(long, group = "changed", conflicts_with = "anchor_date")]
        calendar_months: bool,
        /// First date of the future period from which the change applies. If left out, it applies from the beginning.
        #[arg(long, value_parser = argument::date)]
        effective_date: Option<Date>,
    },
}

/// The anchor date of calendar months.
const CALENDAR: &str = "1970-01-01";

/// `coming` has the scheduled changes.
const COLUMNS: [&str; 6] = ["currency", "exponent", "time_zone", "anchor_date", "effective_date", "coming"];

impl AccountCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = AccountServiceClient::new(session.billing.clone());
        let (account, coming) = match self {
            Self::Show { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::GetAccountRequest {};
                let answer =
                    client.get_account(session.scoped(workspace, message)).await.map_err(status_error)?;
                let pb::GetAccountResponse { account, coming } = answer.into_inner();
                (account, coming)
            }
            Self::Set { of, currency, time_zone, anchor_date, calendar_months, effective_date } => {
                let workspace = session.workspace(&of).await?;
                let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
                let account = pb::Account {
                    currency: currency.unwrap_or_default(),
                    exponent: 0,
                    time_zone: time_zone.unwrap_or_default(),
                    anchor_date: if calendar_months { CALENDAR.to_owned() } else { date(anchor_date) },
                    effective_date: date(effective_date),
                };
                let message = pb::UpsertAccountRequest { account: Some(account) };
                let answer =
                    client.upsert_account(session.scoped(workspace, message)).await.map_err(status_error)?;
                let pb::UpsertAccountResponse { account, coming } = answer.into_inner();
                (account, coming)
            }
        };
        Ok(Report::single(&COLUMNS, row(account.unwrap_or_default(), coming)))
    }
}

fn row(account: pb::Account, coming: Vec<pb::Account>) -> Vec<Value> {
    vec![
        Value::from(account.currency),
        Value::from(account.exponent),
        Value::from(account.time_zone),
        text(account.anchor_date),
        text(account.effective_date),
        coming.into_iter().map(coming_terms).collect(),
    ]
}

/// A scheduled change, for people.
fn coming_terms(account: pb::Account) -> Value {
    let pb::Account { currency, time_zone, anchor_date, effective_date, .. } = account;
    let periods = if anchor_date.is_empty() {
        "calendar months".to_owned()
    } else {
        format!("months from {anchor_date}")
    };
    Value::from(format!("from {effective_date}: {currency}, {time_zone}, {periods}"))
}
