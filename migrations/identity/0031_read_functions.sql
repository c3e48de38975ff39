-- Statements whose plans don't depend on statistics: ids are searched by `= ANY` in a primary key that begins with
-- them. Where another index is searched by several values, or a table by another's rows, LATERAL with OFFSET 0 makes
-- it a probe for each, and never a join that reads all of it. A list of no ids is not searched: of what can't be true
-- the planner concludes anything, also that all is to be read.
-- Functions only.

-- The groups that a user is in. A group is direct where the user is a member of it, else indirect, through
-- groups in it.
CREATE FUNCTION memberships(p_tenant uuid, p_user uuid) RETURNS membership[] LANGUAGE plpgsql AS $$
DECLARE
  v_direct uuid[] := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user);
  v_all uuid[] := v_direct;
  v_above uuid[] := v_direct;
BEGIN
  IF v_direct = '{}' THEN
    RETURN '{}';
  END IF;
  LOOP
    v_above := ARRAY(SELECT m.group_id FROM unnest(v_above) a (id) CROSS JOIN LATERAL (
      SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = a.id OFFSET 0) m);
    EXIT WHEN v_above = '{}';
    v_above := ARRAY(SELECT DISTINCT a.id FROM unnest(v_above) a (id) WHERE a.id <> ALL (v_all));
    EXIT WHEN v_above = '{}';
    v_all := v_all || v_above;
  END LOOP;
  RETURN ARRAY(
    SELECT ROW (g.group_id, g.display_name, g.group_id = ANY (v_direct))::membership
    FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_all));
END $$;

-- The same of several users.
CREATE FUNCTION memberships_of(p_tenant uuid, p_users uuid[])
RETURNS TABLE (user_id uuid, group_id uuid, display text, direct boolean) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY WITH RECURSIVE up (user_id, group_id, direct) AS (
    SELECT w.id, m.group_id, true FROM unnest(p_users) w (id) CROSS JOIN LATERAL (
      SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = w.id OFFSET 0) m
    UNION
    SELECT up.user_id, m.group_id, false FROM up CROSS JOIN LATERAL (
      SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = up.group_id OFFSET 0) m
  ), known AS (
    SELECT up.user_id, up.group_id, bool_or(up.direct) AS direct FROM up GROUP BY 1, 2
  )
  SELECT k.user_id, k.group_id, g.display_name, k.direct FROM known k CROSS JOIN LATERAL (
    SELECT g.display_name FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = k.group_id OFFSET 0) g;
END $$;

-- Users by something that names them, at most 201, or 402 of an address: by 'id', 'user_name', 'external_id',
-- 'display_name', 'work_email' or 'email'. The last two also give users with several such addresses. A query
-- a case: one that fits all would cost three times as much.
CREATE FUNCTION look_up_users(p_tenant uuid, p_by text, p_key text, p_groups boolean)
RETURNS TABLE (found users, groups membership[]) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  CASE p_by
    WHEN 'id' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_id = p_key::uuid;
    WHEN 'user_name' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_name_key = p_key;
    WHEN 'external_id' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.external_id = p_key LIMIT 201;
    WHEN 'display_name' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.display_name_key = p_key LIMIT 201;
    WHEN 'work_email', 'email' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.work_email_key = p_key LIMIT 201;
      IF p_by = 'work_email' THEN
        RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
        WHERE u.tenant_id = p_tenant AND u.several_work_emails AND u.work_email_key IS DISTINCT FROM p_key LIMIT 201;
      ELSE
        RETURN QUERY SELECT u, CASE WHEN p_groups THEN memberships(p_tenant, u.user_id) END FROM users u
        WHERE u.tenant_id = p_tenant AND u.other_emails AND u.work_email_key IS DISTINCT FROM p_key LIMIT 201;
      END IF;
  END CASE;
END $$;

-- The members of groups, in the order they came in.
CREATE OR REPLACE FUNCTION members_of(p_tenant uuid, p_groups uuid[]) RETURNS TABLE (
  group_id uuid, member_id uuid, display text, kind text
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT m.group_id, m.member_id, coalesce(
      m.display,
      (SELECT coalesce(u.resource ->> 'displayName', u.user_name) FROM users u
       WHERE u.tenant_id = p_tenant AND u.user_id = m.user_id),
      (SELECT s.display_name FROM groups s WHERE s.tenant_id = p_tenant AND s.group_id = m.subgroup_id)),
    CASE WHEN m.user_id IS NULL THEN 'Group' ELSE 'User' END
  FROM group_members m
  WHERE m.tenant_id = p_tenant AND m.group_id = ANY (p_groups)
  ORDER BY m.group_id, m.added_at, m.member_id;
END $$;

-- What persons are called, of each who has a user: of several an active one counts, then the one changed
-- last. No name is longer than a displayName can be, so that an answer has a bound.
CREATE OR REPLACE FUNCTION person_names(p_tenant uuid, p_persons uuid[])
RETURNS TABLE (person_key uuid, display text, user_name text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT DISTINCT ON (u.person_key) u.person_key, left(coalesce(
    nullif(btrim(u.resource ->> 'displayName'), ''),
    nullif(btrim(u.resource #>> '{name,formatted}'), ''),
    nullif(btrim(concat_ws(' ', u.resource #>> '{name,givenName}', u.resource #>> '{name,familyName}')), ''),
    u.user_name), 512), u.user_name
  FROM unnest(p_persons) p (key) CROSS JOIN LATERAL (
    SELECT * FROM users u WHERE u.tenant_id = p_tenant AND u.person_key = p.key OFFSET 0) u
  ORDER BY u.person_key, u.active DESC, u.updated_at DESC, u.user_id DESC;
END $$;
