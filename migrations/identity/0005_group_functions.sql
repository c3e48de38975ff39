-- Writes of groups: each function is one statement, one transaction and one round trip, as those of
-- users. Locks are taken in one order: groups by id, then users, the head row last. Functions only.

-- Groups by something that names them, oldest first, at most 201: by 'id', 'display_name' or 'external_id'.
CREATE FUNCTION find_groups(p_tenant uuid, p_by text, p_key text) RETURNS SETOF groups LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  CASE p_by
    WHEN 'id' THEN RETURN QUERY SELECT * FROM groups WHERE tenant_id = p_tenant AND group_id = p_key::uuid;
    WHEN 'display_name' THEN
      RETURN QUERY SELECT * FROM groups WHERE tenant_id = p_tenant AND display_name_key = p_key;
    WHEN 'external_id' THEN
      RETURN QUERY SELECT * FROM groups WHERE tenant_id = p_tenant AND external_id = p_key ORDER BY group_id LIMIT 201;
  END CASE;
END $$;

-- The members of groups, in the order they came in.
CREATE FUNCTION members_of(p_tenant uuid, p_groups uuid[]) RETURNS TABLE (
  group_id uuid, member_id uuid, display text, kind text
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT m.group_id, m.member_id,
    coalesce(m.display, u.resource ->> 'displayName', u.user_name, s.display_name),
    CASE WHEN m.user_id IS NULL THEN 'Group' ELSE 'User' END
  FROM group_members m
  LEFT JOIN users u ON u.tenant_id = p_tenant AND u.user_id = m.user_id
  LEFT JOIN groups s ON s.tenant_id = p_tenant AND s.group_id = m.subgroup_id
  WHERE m.tenant_id = p_tenant AND m.group_id = ANY (p_groups)
  ORDER BY m.group_id, m.added_at, m.member_id;
END $$;

-- Writes the log entry of a group: the last act of every write of one.
CREATE FUNCTION append_group_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_group uuid, p_version bigint, p_attributes text[],
  p_added uuid[], p_removed uuid[], p_actor text, p_request text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_head heads;
BEGIN
  LOOP
    UPDATE heads SET change_sequence = change_sequence + 1,
      last_effective_at = greatest(p_now, last_effective_at + interval '1 microsecond')
    WHERE tenant_id = p_tenant RETURNING * INTO v_head;
    EXIT WHEN FOUND;
    INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator)
    VALUES (p_tenant, 0, 0, p_now - interval '1 microsecond', 0, 0, 0)
    ON CONFLICT (tenant_id) DO NOTHING;
  END LOOP;
  INSERT INTO changes (tenant_id, sequence, kind, resource_id, version, effective_at, attributes, members_added,
                       members_removed, actor, request_id, seat_sequence)
  VALUES (p_tenant, v_head.change_sequence, p_kind, p_group, p_version, v_head.last_effective_at, p_attributes,
          coalesce(p_added, '{}'), coalesce(p_removed, '{}'), p_actor, p_request, 0);
END $$;

-- Puts members into a group that is locked, each with what the client calls it or NULL, and gives those
-- who were not in it. Raises US002 with the
-- ids that are neither a user nor a group, and US003 with those whose group has this one in it: both
-- undo the write.
CREATE FUNCTION add_members(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_add uuid[], p_display text[]
) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  v_new uuid[];
  v_users uuid[];
  v_groups uuid[];
  v_wrong uuid[];
BEGIN
  SELECT array_agg(DISTINCT a.id) INTO v_new FROM unnest(p_add) a(id) WHERE NOT EXISTS (
    SELECT 1 FROM group_members m WHERE m.tenant_id = p_tenant AND m.group_id = p_group AND m.member_id = a.id);
  IF v_new IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(u.user_id) INTO v_users FROM unnest(v_new) a(id)
  JOIN users u ON u.tenant_id = p_tenant AND u.user_id = a.id;
  IF cardinality(v_users) IS DISTINCT FROM cardinality(v_new) THEN
    SELECT array_agg(g.group_id) INTO v_groups FROM unnest(v_new) a(id)
    JOIN groups g ON g.tenant_id = p_tenant AND g.group_id = a.id;
    SELECT array_agg(w.id) INTO v_wrong FROM (
      SELECT a.id FROM unnest(v_new) a(id) EXCEPT SELECT unnest(v_users) EXCEPT SELECT unnest(v_groups) LIMIT 10) w(id);
    IF v_wrong IS NOT NULL THEN
      RAISE EXCEPTION 'unknown members' USING ERRCODE = 'US002', DETAIL = array_to_string(v_wrong, ', ');
    END IF;
    WITH RECURSIVE down (top, id) AS (
      SELECT g.id, g.id FROM unnest(v_groups) g(id)
      UNION
      SELECT down.top, m.subgroup_id FROM down
      JOIN group_members m ON m.tenant_id = p_tenant AND m.group_id = down.id AND m.subgroup_id IS NOT NULL
    ) SELECT array_agg(down.top) INTO v_wrong FROM down WHERE down.id = p_group;
    IF v_wrong IS NOT NULL THEN
      RAISE EXCEPTION 'a circle of groups' USING ERRCODE = 'US003', DETAIL = array_to_string(v_wrong, ', ');
    END IF;
  END IF;
  INSERT INTO group_members (tenant_id, group_id, member_id, user_id, subgroup_id, display, added_at)
  SELECT p_tenant, p_group, a.id, u.id, g.id, a.display, p_now FROM unnest(p_add, p_display) a(id, display)
  LEFT JOIN unnest(v_users) u(id) ON u.id = a.id
  LEFT JOIN unnest(v_groups) g(id) ON g.id = a.id
  WHERE u.id IS NOT NULL OR g.id IS NOT NULL
  ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING;
  RETURN v_new;
END $$;

-- Creates a group: 'created' or 'display_name_taken'.
CREATE FUNCTION create_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_display_name text, p_display_name_key text, p_external_id text,
  p_attributes text[], p_add uuid[], p_display text[], p_actor text, p_request text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_added uuid[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, external_id, version, created_at, updated_at)
  VALUES (p_tenant, p_group, p_display_name, p_display_name_key, p_external_id, 1, p_now, p_now)
  ON CONFLICT (tenant_id, display_name_key) DO NOTHING;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'display_name_taken';
    RETURN;
  END IF;
  v_added := add_members(p_tenant, p_group, p_now, p_add, p_display);
  PERFORM append_group_change(p_tenant, p_now, 6::smallint, p_group, 1, p_attributes, v_added, NULL, p_actor, p_request);
  RETURN QUERY SELECT 'created';
END $$;

-- Writes a group, if it has one of the versions where any are given: its attributes where p_rewrite,
-- and who is in it: with p_clear just p_add, else p_add and not p_remove. 'updated', 'unchanged',
-- 'stale' or 'not_found', with the group after it. The cost is that of the members named.
CREATE FUNCTION write_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_versions bigint[], p_rewrite boolean, p_display_name text,
  p_display_name_key text, p_external_id text, p_attributes text[], p_clear boolean, p_add uuid[], p_display text[],
  p_remove uuid[], p_actor text, p_request text
) RETURNS TABLE (
  outcome text, group_id uuid, display_name text, external_id text, version bigint, created_at timestamptz,
  updated_at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_group groups;
  v_added uuid[];
  v_removed uuid[];
  v_outcome text := 'unchanged';
BEGIN
  PERFORM app_set_tenant(p_tenant);
  SELECT * INTO v_group FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = p_group FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    v_outcome := 'not_found';
  ELSIF cardinality(p_versions) > 0 AND NOT v_group.version = ANY (p_versions) THEN
    v_outcome := 'stale';
  ELSE
    IF p_clear THEN
      WITH gone AS (
        DELETE FROM group_members m WHERE m.tenant_id = p_tenant AND m.group_id = p_group
          AND NOT EXISTS (SELECT 1 FROM unnest(p_add) a(id) WHERE a.id = m.member_id)
        RETURNING m.member_id
      ) SELECT array_agg(member_id) INTO v_removed FROM gone;
    ELSIF cardinality(p_remove) > 0 THEN
      WITH gone AS (
        DELETE FROM group_members m USING unnest(p_remove) r(id)
        WHERE m.tenant_id = p_tenant AND m.group_id = p_group AND m.member_id = r.id
        RETURNING m.member_id
      ) SELECT array_agg(member_id) INTO v_removed FROM gone;
    END IF;
    IF cardinality(p_add) > 0 THEN
      v_added := add_members(p_tenant, p_group, p_now, p_add, p_display);
    END IF;
    IF p_rewrite OR v_added IS NOT NULL OR v_removed IS NOT NULL THEN
      v_outcome := 'updated';
      IF p_rewrite THEN
        UPDATE groups g SET display_name = p_display_name, display_name_key = p_display_name_key,
          external_id = p_external_id, version = v_group.version + 1, updated_at = p_now
        WHERE g.tenant_id = p_tenant AND g.group_id = p_group RETURNING * INTO v_group;
      ELSE
        UPDATE groups g SET version = v_group.version + 1, updated_at = p_now
        WHERE g.tenant_id = p_tenant AND g.group_id = p_group RETURNING * INTO v_group;
      END IF;
      PERFORM append_group_change(p_tenant, p_now, 7::smallint, p_group, v_group.version,
        p_attributes || CASE WHEN v_added IS NULL AND v_removed IS NULL THEN '{}' ELSE '{members}'::text[] END,
        v_added, v_removed, p_actor, p_request);
    END IF;
  END IF;
  RETURN QUERY SELECT v_outcome, v_group.group_id, v_group.display_name, v_group.external_id, v_group.version,
    v_group.created_at, v_group.updated_at;
END $$;

-- Deletes a group, if it has one of the versions where any are given: 'deleted', 'stale' or 'not_found'.
CREATE FUNCTION delete_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_versions bigint[], p_actor text, p_request text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_version bigint;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  PERFORM 1 FROM groups g WHERE g.tenant_id = p_tenant AND (g.group_id = p_group OR g.group_id IN (
    SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = p_group
  )) ORDER BY g.group_id FOR UPDATE;
  SELECT g.version INTO v_version FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = p_group FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found';
    RETURN;
  ELSIF cardinality(p_versions) > 0 AND NOT v_version = ANY (p_versions) THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  UPDATE groups SET version = version + 1, updated_at = p_now WHERE tenant_id = p_tenant AND group_id IN (
    SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = p_group
  );
  DELETE FROM group_members WHERE tenant_id = p_tenant AND subgroup_id = p_group;
  DELETE FROM groups WHERE tenant_id = p_tenant AND group_id = p_group;
  PERFORM append_group_change(p_tenant, p_now, 8::smallint, p_group, v_version + 1, '{}', NULL, NULL, p_actor, p_request);
  RETURN QUERY SELECT 'deleted';
END $$;
