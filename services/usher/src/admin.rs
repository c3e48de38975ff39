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
    /// How results are printed.
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
    /// The domains whose people may be provisioned.
    #[command(subcommand)]
    Domain(domain::DomainCommand),
    /// A workspace's admins.
    #[command(subcommand)]
    Admin(workspace_admin::WorkspaceAdminCommand),
    /// API apps.
    #[command(subcommand)]
    App(app::AppCommand),
    /// A workspace's own attributes of users, published in /Schemas.
    #[command(subcommand)]
    Attribute(attribute::AttributeCommand),
    /// The apps' SCIM tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// What identity providers tried, and what came of it: the provisioning log, newest first.
    Log(log::LogArgs),
    /// What admins and operators did, newest first.
    Audit(audit::AuditArgs),
    /// Plans: what workspaces have bought.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// Currency, time zone and periods of a workspace's account.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// What a seat costs.
    #[command(subcommand)]
    Price(price::PriceCommand),
    /// What a period costs at least.
    #[command(subcommand)]
    Minimum(minimum::MinimumCommand),
    /// Billing periods: list, invoice, close, forecast, preview, credit.
    #[command(subcommand)]
    Period(period::PeriodCommand),
    /// Corrections of what was billed, and links between persons.
    #[command(subcommand)]
    Correction(correction::CorrectionCommand),
    /// How many seats there may be, and what happens beyond.
    #[command(subcommand)]
    Limit(limit::LimitCommand),
    /// What is bought for a term.
    #[command(subcommand)]
    Commitment(commitment::CommitmentCommand),
    /// The ledger of seats: verify, reconcile, audit.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// A report of billing as a CSV or JSON lines file.
    Report(export::ExportArgs),
    /// The keys of services, operators and integrations: make one with chosen scopes, list, revoke.
    #[command(subcommand)]
    ServiceKey(service_key::ServiceKeyCommand),
    /// Seats in use now, per user type.
    Seats(seats::SeatsArgs),
    /// Seat-days per local day and class.
    Usage(usage::UsageArgs),
    /// What seats cost on any dates, a period or not: a calculation by what is known, and nothing is billed by
    /// it. `period invoice` shows what is billed, `period forecast` what is expected.
    Statement(statement::StatementArgs),
}

/// Runs a command and prints its result.
///
/// # Errors
/// What the service says, or why it can't be reached.
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
