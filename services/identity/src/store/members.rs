//! Members of a group that match a filter.

use sqlx::QueryBuilder;
use usher_base::id::GroupId;
use usher_scim::filter::Bound;
use usher_store::{Error, ScopedDatabase};
use uuid::Uuid;

use super::MAX_LIST_TIME;
use super::filter::{Condition, Reader, Table};
use super::groups::Members;

/// Selects the members that match a filter, as if a pending change were already applied.
pub(crate) async fn select(
    database: &ScopedDatabase,
    group: GroupId,
    change: &Members,
    filter: &Bound<'_>,
) -> Result<Vec<Uuid>, Error> {
    let mut tx = database.scan(MAX_LIST_TIME).await?;
    let tenant = tx.tenant();
    let mut query = QueryBuilder::new("WITH joining (id, display) AS (SELECT * FROM unnest(");
    query.push_bind(change.add.ids.clone()).push(", ").push_bind(change.add.displays.clone());
    query.push(")), here AS (SELECT * FROM group_members WHERE tenant_id = ").push_bind(tenant);
    query.push(" AND group_id = ").push_bind(group.as_uuid());
    query.push(" AND NOT member_id = ANY (").push_bind(change.remove.clone());
    // Existing members keep their names.
    query.push(")), m (tenant_id, member_id, user_id, subgroup_id, display) AS (");
    query
        .push("SELECT tenant_id, member_id, user_id, subgroup_id, display FROM here WHERE NOT ")
        .push_bind(change.clear);
    query.push(" OR member_id IN (SELECT id FROM joining)");
    query.push(" UNION ALL SELECT ").push_bind(tenant);
    query.push(", j.id, a.user_id, b.group_id, j.display FROM joining j");
    query.push(" LEFT JOIN LATERAL (SELECT user_id FROM users WHERE user_id = j.id AND tenant_id = ");
    query.push_bind(tenant).push(" OFFSET 0) a ON true");
    query.push(" LEFT JOIN LATERAL (SELECT group_id FROM groups WHERE group_id = j.id AND tenant_id = ");
    query.push_bind(tenant).push(" OFFSET 0) b ON true");
    query.push(" WHERE j.id NOT IN (SELECT member_id FROM here))");
    query.push(" SELECT m.member_id FROM m WHERE ");
    Condition { query: &mut query, table: Table::Groups, tenant, reader: Reader::default() }
        .push_member(filter);
    let ids = query.build_query_scalar().fetch_all(tx.conn()).await?;
    tx.commit().await?;
    Ok(ids)
}
