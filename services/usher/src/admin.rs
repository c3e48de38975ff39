//! `usher admin`: the operator's commands, over gRPC.

mod account;
mod app;
mod argument;
mod attribute;
mod audit;
mod commitment;
mod correction;
mod domain;
mod export;
pub mod key;
mod ledger;
mod limit;
mod log;
mod minimum;
mod period;
mod plan;
mod price;
mod report;
mod seats;
mod service_key;
mod session;
mod statement;
mod token;
mod usage;
mod workspace;
mod workspace_admin;

use clap::{Args, Subcommand};

use report::{Format, Report};
use session::{ConnectionArgs, Session};

/// `usher admin`
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// The format of the results.
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Format,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Workspaces: create, show, list, update, delete.
    #[command(subcommand)]
    Workspace(workspace::WorkspaceCommand),
    /// Approved domains, whose people may be provisioned.
    #[command(subcommand)]
    Domain(domain::DomainCommand),
    /// Admins of a workspace.
    #[command(subcommand)]
    Admin(workspace_admin::WorkspaceAdminCommand),
    /// API apps: the identity providers of a workspace.
    #[command(subcommand)]
    App(app::AppCommand),
    /// Custom attributes of users, which /Schemas publishes.
    #[command(subcommand)]
    Attribute(attribute::AttributeCommand),
    /// SCIM tokens of the apps.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// The provisioning log: requests of identity providers and their outcomes, newest first.
    Log(log::LogArgs),
    /// The audit log: actions of admins and operators, newest first.
    Audit(audit::AuditArgs),
    /// Plans that workspaces can buy.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// Currency, time zone and periods of a workspace's account.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Prices of seats.
    #[command(subcommand)]
    Price(price::PriceCommand),
    /// Minimum spend per period.
    #[command(subcommand)]
    Minimum(minimum::MinimumCommand),
    /// Billing periods: list, invoice, close, forecast, preview, credit.
    #[command(subcommand)]
    Period(period::PeriodCommand),
    /// Corrections of past seats, and links between persons.
    #[command(subcommand)]
    Correction(correction::CorrectionCommand),
    /// Seat limits, and what happens at the limit.
    #[command(subcommand)]
    Limit(limit::LimitCommand),
    /// Commitments: seats that are bought for a term.
    #[command(subcommand)]
    Commitment(commitment::CommitmentCommand),
    /// The seat ledger: verify, reconcile, audit.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Billing reports as CSV or JSON Lines files.
    Report(export::ExportArgs),
    /// Keys of services, operators and integrations: create with chosen scopes, list, revoke.
    #[command(subcommand)]
    ServiceKey(service_key::ServiceKeyCommand),
    /// Seats in use now, per user type.
    Seats(seats::SeatsArgs),
    /// Seat-days per local date and class.
    Usage(usage::UsageArgs),
    /// The cost of seats on any dates, whether these are a period or not. It is only a calculation: `period invoice`
    /// shows what is billed, and `period forecast` what is expected.
    Statement(statement::StatementArgs),
}

/// Runs a command and prints its result.
///
/// # Errors
/// The error of the service, or why it can't be reached.
pub async fn run(args: AdminArgs) -> anyhow::Result<()> {
    let session = Session::open(&args.connection).await?;
    args.command.run(&session, args.output).await?.print(args.output)
}

impl AdminCommand {
    async fn run(self, session: &Session, format: Format) -> anyhow::Result<Report> {
        match self {
            Self::Workspace(command) => command.run(session).await,
            Self::Domain(command) => command.run(session).await,
            Self::Admin(command) => command.run(session).await,
            Self::App(command) => command.run(session).await,
            Self::Attribute(command) => command.run(session).await,
            Self::Token(command) => command.run(session).await,
            Self::Log(args) => args.run(session, format).await,
            Self::Audit(args) => args.run(session).await,
            Self::Plan(command) => command.run(session).await,
            Self::Account(command) => command.run(session).await,
            Self::Price(command) => command.run(session).await,
            Self::Minimum(command) => command.run(session).await,
            Self::Period(command) => command.run(session).await,
            Self::Correction(command) => command.run(session).await,
            Self::Limit(command) => command.run(session).await,
            Self::Commitment(command) => command.run(session).await,
            Self::Ledger(command) => command.run(session).await,
            Self::Report(args) => args.run(session).await,
            Self::ServiceKey(command) => command.run(session).await,
            Self::Seats(args) => args.run(session).await,
            Self::Usage(args) => args.run(session).await,
            Self::Statement(args) => args.run(session).await,
        }
    }
}
