//! Lists whose elements are rows: schemas, groups of a user, members of a group.

use usher_scim::filter::{Order, Test, TextOp};
use usher_scim::schema::{Attribute, CORE_GROUP, CORE_USER, CUSTOM_USER, ENTERPRISE_USER, USHER_USER};

use super::source::{List, Source};
use super::{Condition, canonical_uuid};

/// What a member is, and is called; with `m`, and with `u` and `s` joined.
pub(crate) const MEMBER_TYPE: &str = "CASE WHEN m.user_id IS NULL THEN 'Group' ELSE 'User' END";
pub(crate) const MEMBER_DISPLAY: &str =
    "coalesce(m.display, u.resource ->> 'displayName', u.user_name, s.display_name)";

impl List {
    /// Where a part of an element is.
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
    /// Some element of a list fulfils a condition on its row.
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
                           JOIN group_members m ON m.subgroup_id = up.group_id AND m.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(
                        ") SELECT 1 FROM (SELECT up.group_id, bool_or(up.direct) AS direct FROM up GROUP BY 1) k
                         JOIN groups g ON g.group_id = k.group_id AND g.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(" WHERE ");
            }
            List::Members => {
                self.query.push("SELECT 1 FROM group_members m LEFT JOIN users u ON u.user_id = m.user_id AND u.tenant_id = ")
                    .push_bind(tenant)
                    .push(" LEFT JOIN groups s ON s.group_id = m.subgroup_id AND s.tenant_id = ")
                    .push_bind(tenant)
                    .push(" WHERE m.group_id = r.group_id AND m.tenant_id = ")
                    .push_bind(tenant)
                    .push(" AND ");
            }
        }
        condition(self);
        self.query.push(")");
    }

    /// Membership by id, answered by an index and once for all rows; false where the test is another.
    pub(super) fn membership(&mut self, list: List, sub: Option<&Attribute>, test: &Test) -> bool {
        let by_id = sub.is_none_or(|sub| sub.name == "value");
        let Test::Text(TextOp::Order(Order::Eq), literal, _) = test else { return false };
        let (true, Some(id)) = (by_id, canonical_uuid(literal)) else { return false };
        let tenant = self.tenant;
        match list {
            List::Members => {
                self.query
                    .push("r.group_id IN (SELECT m.group_id FROM group_members m WHERE ")
                    .push("(m.user_id = ")
                    .push_bind(id)
                    .push(" OR m.subgroup_id = ")
                    .push_bind(id)
                    .push(") AND m.tenant_id = ")
                    .push_bind(tenant)
                    .push(")");
                true
            }
            List::Groups => {
                self.query
                    .push("r.user_id IN (WITH RECURSIVE down (id) AS (SELECT ")
                    .push_bind(id)
                    .push(
                        " UNION SELECT m.subgroup_id FROM down
                           JOIN group_members m ON m.group_id = down.id AND m.subgroup_id IS NOT NULL AND m.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(
                        ") SELECT m.user_id FROM down
                           JOIN group_members m ON m.group_id = down.id AND m.user_id IS NOT NULL AND m.tenant_id = ",
                    )
                    .push_bind(tenant)
                    .push(")");
                true
            }
            List::UserSchemas | List::GroupSchemas => false,
        }
    }
}
