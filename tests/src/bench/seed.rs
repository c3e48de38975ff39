//! People who exist before the measurements.

use anyhow::Context as _;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use usher_base::id::WorkspaceId;
use usher_store::OWNER_ROLE;

use super::Place;
use super::connection::{Connection, request};
use crate::scim::encode;
use crate::stack::Processes;

const INSERT: &str = r#"
    INSERT INTO users (
      tenant_id, user_id, user_name, user_name_key, external_id, active, user_type,
      display_name_key, work_email_key, several_work_emails, other_emails, connection, resource, provenance, version, person_key, created_at, updated_at)
    SELECT $1, gen_random_uuid(), 'p' || n || '@bench.example', 'p' || n || '@bench.example', 'x' || n,
      true, 'Regular', 'person ' || n, 'p' || n || '@bench.example', false, false, '',
      jsonb_build_object(
        'displayName', 'Person ' || n,
        'name', jsonb_build_object('givenName', 'Person', 'familyName', n::text),
        'title', 'Engineer',
        'emails', jsonb_build_array(
          jsonb_build_object('type', 'work', 'primary', true, 'value', 'p' || n || '@bench.example'))),
      '{"userName": "idp", "emails": "idp", "name": "idp"}', 1, gen_random_uuid(), now(), now()
    FROM generate_series(1, $2) AS n"#;

/// Adds the people `p1@bench.example` and so on to a workspace, as if the service had written them.
pub(super) async fn people(processes: &Processes, workspace: WorkspaceId, count: u64) -> anyhow::Result<()> {
    let mut owner = PgConnection::connect(&processes.database_url("identity", OWNER_ROLE)).await?;
    let count = i64::try_from(count)?;
    let tenant = workspace.as_uuid();
    sqlx::query(INSERT).bind(tenant).bind(count).execute(&mut owner).await.context("seeding people")?;
    sqlx::query(
        "INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator) \
         VALUES ($1, 0, 0, now(), $2, 0, 0)",
    )
    .bind(tenant)
    .bind(count)
    .execute(&mut owner)
    .await
    .context("seeding the counters")?;
    sqlx::query("VACUUM (ANALYZE) users").execute(&mut owner).await?;
    Ok(owner.close().await?)
}

/// The id of the seeded person with this number.
pub(super) async fn id(connection: &mut Connection, place: &Place, number: u64) -> anyhow::Result<String> {
    let filter = encode(&format!("userName eq \"p{number}@bench.example\""));
    let answer = connection
        .send(&request(place, "GET", &format!("/Users?filter={filter}&attributes=id"), None))
        .await?;
    let body: Value = serde_json::from_slice(answer.body)?;
    let id = body["Resources"][0]["id"].as_str().with_context(|| format!("person {number}: {body}"))?;
    Ok(id.to_owned())
}
