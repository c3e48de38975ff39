//! `usher admin minimum`

use anyhow::Context as _;
use clap::Subcommand;
use jiff::civil::Date;
use serde_json::{Value, json};
use usher_proto::billing::v1 as pb;
use usher_proto::billing::v1::account_service_client::AccountServiceClient;
use usher_proto::billing::v1::minimum_service_client::MinimumServiceClient;

use super::argument;
use super::report::Report;
use super::session::{Session, WorkspaceArg, status_error};
use super::statement::{major, minor};

#[derive(Debug, Subcommand)]
pub(super) enum MinimumCommand {
    /// Set the minimum spend, from the first period that begins on this date or later.
    Set {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Amount in the account's currency, such as 100.00.
        #[arg(long)]
        amount: String,
        /// The date from which it applies, such as 2026-06-01.
        #[arg(long, value_parser = argument::date)]
        valid_from: Date,
    },
    /// Withdraw a minimum that does not apply to any closed period. The one before it applies again.
    Withdraw {
        #[command(flatten)]
        of: WorkspaceArg,
        /// The date from which it applies, as `minimum list` shows it.
        #[arg(long, value_parser = argument::date)]
        valid_from: Date,
    },
    /// List the minimums, ordered by date.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
}

const COLUMNS: [&str; 3] = ["valid_from", "amount", "currency"];

impl MinimumCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = MinimumServiceClient::new(session.billing.clone());
        match self {
            Self::Set { of, amount, valid_from } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::GetAccountRequest {};
                let mut accounts = AccountServiceClient::new(session.billing.clone());
                let answer =
                    accounts.get_account(session.scoped(workspace, message)).await.map_err(status_error)?;
                let account = answer.into_inner().account.unwrap_or_default();
                let amount_minor = minor(&amount, account.exponent).with_context(|| {
                    format!(
                        "{amount:?} is not an amount of {}, which has {} decimal places",
                        account.currency, account.exponent
                    )
                })?;
                let valid_from = valid_from.to_string();
                let message = pb::SetMinimumSpendRequest { valid_from: valid_from.clone(), amount_minor };
                client.set_minimum_spend(session.scoped(workspace, message)).await.map_err(status_error)?;
                let pb::Account { currency, exponent, .. } = account;
                Ok(Report::single(
                    &COLUMNS,
                    row(&pb::MinimumSpend { valid_from, amount_minor, currency, exponent }),
                ))
            }
            Self::Withdraw { of, valid_from } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::WithdrawMinimumSpendRequest { valid_from: valid_from.to_string() };
                let answer = client
                    .withdraw_minimum_spend(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                let withdrawn = row(&answer.into_inner().minimum_spend.unwrap_or_default());
                Ok(Report::single(&COLUMNS, withdrawn).note("withdrawn; the minimum before it applies"))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListMinimumSpendsRequest {};
                let answer = client
                    .list_minimum_spends(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().minimum_spends.iter().map(row)))
            }
        }
    }
}

fn row(minimum: &pb::MinimumSpend) -> Vec<Value> {
    vec![
        json!(minimum.valid_from),
        json!(major(minimum.amount_minor, minimum.exponent)),
        json!(minimum.currency),
    ]
}
