//! `usher admin attribute`: custom attributes of users.

use clap::{Subcommand, ValueEnum};
use serde_json::Value;
use usher_proto::identity::v1 as pb;
use usher_proto::identity::v1::attribute_service_client::AttributeServiceClient;

use super::report::{Report, text};
use super::session::{Session, WorkspaceArg, status_error};

#[derive(Debug, Subcommand)]
pub(super) enum AttributeCommand {
    /// Define an attribute. Identity providers set it as
    /// `urn:ietf:params:scim:schemas:extension:custom:2.0:User:<name>`.
    Define {
        #[command(flatten)]
        of: WorkspaceArg,
        /// A letter, then letters, digits, - and _. The name can't be changed.
        name: String,
        /// The data type. It can't be changed.
        #[arg(long = "type", value_enum, default_value_t = AttributeType::String)]
        kind: AttributeType,
        /// Description.
        #[arg(long, default_value = "")]
        description: String,
        /// Compare values with case.
        #[arg(long)]
        case_exact: bool,
        /// An expected value; can be repeated. Other values are accepted too.
        #[arg(long = "value")]
        canonical_values: Vec<String>,
    },
    /// List the attributes, ordered by name.
    List {
        #[command(flatten)]
        of: WorkspaceArg,
    },
    /// Delete an attribute that no user has a value of.
    Delete {
        #[command(flatten)]
        of: WorkspaceArg,
        /// Name of the attribute.
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum AttributeType {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// An RFC 3339 time.
    DateTime,
    /// A URI.
    Reference,
}

impl From<AttributeType> for pb::AttributeType {
    fn from(kind: AttributeType) -> Self {
        match kind {
            AttributeType::String => Self::String,
            AttributeType::Boolean => Self::Boolean,
            AttributeType::Integer => Self::Integer,
            AttributeType::Decimal => Self::Decimal,
            AttributeType::DateTime => Self::DateTime,
            AttributeType::Reference => Self::Reference,
        }
    }
}

const COLUMNS: [&str; 5] = ["name", "type", "case_exact", "values", "description"];

impl AttributeCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<Report> {
        let mut client = AttributeServiceClient::new(session.identity.clone());
        match self {
            Self::Define { of, name, kind, description, case_exact, canonical_values } => {
                let workspace = session.workspace(&of).await?;
                let kind = pb::AttributeType::from(kind).into();
                let attribute =
                    pb::Attribute { name, r#type: kind, description, case_exact, canonical_values };
                let message = pb::DefineAttributeRequest { attribute: Some(attribute) };
                let answer = client
                    .define_attribute(session.scoped(workspace, message))
                    .await
                    .map_err(status_error)?;
                Ok(Report::single(&COLUMNS, row(answer.into_inner().attribute.unwrap_or_default())))
            }
            Self::List { of } => {
                let workspace = session.workspace(&of).await?;
                let message = pb::ListAttributesRequest {};
                let answer =
                    client.list_attributes(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::list(&COLUMNS, answer.into_inner().attributes.into_iter().map(row)))
            }
            Self::Delete { of, name } => {
                let workspace = session.workspace(&of).await?;
                let done = format!("{name} is deleted");
                let message = pb::DeleteAttributeRequest { name };
                client.delete_attribute(session.scoped(workspace, message)).await.map_err(status_error)?;
                Ok(Report::done(done))
            }
        }
    }
}

fn row(attribute: pb::Attribute) -> Vec<Value> {
    let kind = match attribute.r#type() {
        pb::AttributeType::Boolean => "boolean",
        pb::AttributeType::Integer => "integer",
        pb::AttributeType::Decimal => "decimal",
        pb::AttributeType::DateTime => "dateTime",
        pb::AttributeType::Reference => "reference",
        pb::AttributeType::String | pb::AttributeType::Unspecified => "string",
    };
    vec![
        Value::from(attribute.name),
        Value::from(kind),
        Value::from(attribute.case_exact),
        Value::from(attribute.canonical_values),
        text(attribute.description),
    ]
}
