//! Lists whose elements are rows: schemas, groups of a user, members of a group.

use usher_scim::filter::{Order, Test, TextOp};
use usher_scim::schema::{Attribute, CORE_GROUP, CORE_USER, CUSTOM_USER, ENTERPRISE_USER, USHER_USER};
use uuid::Uuid;

use super::source::{List, Source};
use super::{Condition, canonical_uuid};

/// The type and the name of a member `m`.
const MEMBER_TYPE: &str = "CASE WHEN m.user_id IS NULL THEN 'Group' ELSE 'User' END";
const MEMBER_DISPLAY: &str = "coalesce(m.display,
    (SELECT coalesce(u.resource ->> 'displayName', u.user_name) FROM users u
     WHERE u.tenant_id = m.tenant_id AND u.user_id = m.user_id),
    (SELECT s.display_name FROM groups s WHERE s.tenant_id = m.tenant_id AND s.group_id = m.subgroup_id))";

impl List {
    /// Where a part of an element is stored.
    pub(super) fn part(self, sub: Option<&Attribute>) -> Source {
        match (self, sub.map_or("value", |sub| sub.name.as_ref())) {
            (Self::UserSchemas | Self::GroupSchemas, _) => Source::Text("l.urn"),
            (Self::Groups, "value") => Source::Id("g.group_id"),
            (Self::Groups, "display") => Source::Text("g.display_name"),
            (Self::Groups, "type") => Source::Text("CASE WHEN k.direct THEN 'direct' ELSE 'indirect' END"),
            (Self::Groups, _) => Source::Address("'/Groups/' || g.group_id"),
            (Self::Members, "value") => Source::Id("m.member_id"),
            (Self::Members, "display") => Source::Text(MEMBER_DISPLAY),
            (Self::Members, "type") => Source::Text(MEMBER_TYPE),
            (Self::Members, _) => Source::Address(
                "CASE WHEN m.user_id IS NULL THEN '/Groups/' ELSE '/Users/' END || m.member_id",
            ),
        }
    }
}

impl Condition<'_> {
    /// Pushes the condition that some element of a list meets a condition on its row.
    pub(super) fn listed(&mut self, list: List, condition: impl FnOnce(&mut Self)) {
        let tenant = self.tenant;
        self.query.push("EXISTS (");
        match list {
            List::GroupSchemas => {
                self.query.push("SELECT 1 FROM unnest(").push_bind(vec![CORE_GROUP]).push(") l(urn) WHERE ");
            }
            List::UserSchemas => {
                self.query
                    .push("SELECT 1 FROM unnest(")
                    .push_bind(vec![CORE_USER, USHER_USER])
                    .push(" || ARRAY(SELECT x FROM unnest(")
                    .push_bind(vec![ENTERPRISE_USER, CUSTOM_USER])
                    .push(") x WHERE r.resource ? x)) l(urn) WHERE ");
            }
            List::Groups => {
                self.query
                    .push(
                        "WITH RECURSIVE up (group_id, direct) AS (
                           SELECT m.group_id, true FROM group_members m WHERE m.user_id = r.user_id AND m.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(
                        " UNION SELECT m.group_id, false FROM up
                           CROSS JOIN LATERAL (SELECT m.group_id FROM group_members m
                             WHERE m.subgroup_id = up.group_id AND m.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(
                        " OFFSET 0) m) SELECT 1 FROM (SELECT up.group_id, bool_or(up.direct) AS direct FROM up GROUP BY 1) k
                         CROSS JOIN LATERAL (SELECT g.group_id, g.display_name FROM groups g
                           WHERE g.group_id = k.group_id AND g.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(" OFFSET 0) g WHERE ");
            }
            List::Members => {
                self.query
                    .push("SELECT 1 FROM group_members m WHERE m.group_id = r.group_id AND m.tenant_id = ")
                    .push_bind(tenant)
                    .push(" AND ");
            }
        }
        condition(self);
        // Evaluated per row, and never turned into a join that reads the members of all groups.
        self.query.push(" OFFSET 0)");
    }

    /// Pushes a membership test by id, which an index answers once for all rows. Returns `false` for other tests.
    pub(super) fn membership(&mut self, list: List, sub: Option<&Attribute>, test: &Test) -> bool {
        let Some(id) = by_id(list, sub, test) else { return false };
        self.query.push(self.table.id()).push(" IN (");
        self.push_membership(list, id);
        self.query.push(")");
        true
    }

    /// Pushes the query for the ids of the members of the group with this id, or of the groups that contain the
    /// member with this id.
    pub(super) fn push_membership(&mut self, list: List, id: Uuid) {
        let tenant = self.tenant;
        if list == List::Members {
            for (column, before) in [("m.user_id", ""), ("m.subgroup_id", " UNION ALL ")] {
                self.query
                    .push(before)
                    .push("SELECT m.group_id FROM group_members m WHERE m.tenant_id = ")
                    .push_bind(tenant)
                    .push(" AND ")
                    .push(column)
                    .push(" = ")
                    .push_bind(id);
            }
            return;
        }
        self.query
            .push("WITH RECURSIVE down (id) AS (SELECT ")
            .push_bind(id)
            .push(
                " UNION SELECT m.subgroup_id FROM down CROSS JOIN LATERAL (SELECT m.subgroup_id FROM group_members m
                   WHERE m.group_id = down.id AND m.subgroup_id > '00000000-0000-0000-0000-000000000000'
                     AND m.tenant_id = ",
            )
            .push_bind(tenant)
            .push(
                " OFFSET 0) m) SELECT m.user_id FROM down CROSS JOIN LATERAL (SELECT m.user_id FROM group_members m
                   WHERE m.group_id = down.id AND m.tenant_id = ",
            )
            .push_bind(tenant)
            .push(" OFFSET 0) m WHERE m.user_id IS NOT NULL");
    }
}

/// The id in a comparison of a member or group by its id.
pub(super) fn by_id(list: List, sub: Option<&Attribute>, test: &Test) -> Option<Uuid> {
    let by_id = sub.is_none_or(|sub| sub.name == "value");
    match (list, test) {
        (List::Members | List::Groups, Test::Text(TextOp::Order(Order::Eq), literal, _)) if by_id => {
            canonical_uuid(literal)
        }
        _ => None,
    }
}
