-- As before, by statements as in 0031, and with bounds for groups in groups. Functions only.

-- Deletes a group, if it has one of the versions where any are given: 'deleted', 'stale' or 'not_found'.
CREATE OR REPLACE FUNCTION delete_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_versions bigint[], p_actor text, p_request text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_version bigint;
  v_above uuid[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  v_above := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = p_group);
  PERFORM 1 FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_above || p_group)
  ORDER BY g.group_id FOR UPDATE;
  SELECT g.version INTO v_version FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = p_group FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found';
    RETURN;
  ELSIF cardinality(p_versions) > 0 AND NOT v_version = ANY (p_versions) THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  -- Once more: a group may have taken this one in before the lock.
  v_above := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = p_group);
  IF v_above <> '{}' THEN
    UPDATE groups SET version = version + 1, updated_at = p_now WHERE tenant_id = p_tenant AND group_id = ANY (v_above);
  END IF;
  DELETE FROM group_members WHERE tenant_id = p_tenant AND subgroup_id = p_group;
  DELETE FROM groups WHERE tenant_id = p_tenant AND group_id = p_group;
  PERFORM append_group_change(p_tenant, p_now, 8::smallint, p_group, v_version + 1, '{}', NULL, NULL, p_actor, p_request);
  PERFORM count_resource(p_tenant, 2::smallint, p_group, -1);
  RETURN QUERY SELECT 'deleted';
END $$;

-- Groups, and those above them (p_up), or in them, over all levels, with the number of levels; it stops when there are
-- more than p_most, or more levels.
CREATE FUNCTION nest(p_tenant uuid, p_groups uuid[], p_up boolean, p_levels int, p_most int, OUT ids uuid[], OUT levels int)
LANGUAGE plpgsql AS $$
DECLARE
  v_next uuid[] := p_groups;
BEGIN
  ids := p_groups;
  levels := 1;
  LOOP
    IF p_up THEN
      v_next := ARRAY(SELECT m.id FROM unnest(v_next) n (id) CROSS JOIN LATERAL (
        SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.subgroup_id = n.id OFFSET 0) m (id));
    ELSE
      v_next := ARRAY(SELECT m.id FROM unnest(v_next) n (id) CROSS JOIN LATERAL (
        SELECT m.subgroup_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.group_id = n.id
          AND m.subgroup_id > '00000000-0000-0000-0000-000000000000' OFFSET 0) m (id));
    END IF;
    v_next := ARRAY(SELECT DISTINCT n.id FROM unnest(v_next) n (id) WHERE n.id <> ALL (ids));
    EXIT WHEN v_next = '{}';
    ids := ids || v_next;
    levels := levels + 1;
    EXIT WHEN cardinality(ids) > p_most OR levels > p_levels;
  END LOOP;
END $$;

-- Puts members into a group that is locked, each with what the client calls it or NULL, and returns those
-- who were not in it. Raises US002 with the ids that are neither a user nor a group, US003 with those whose group
-- has this one in it, US011 where groups would be more than 8 levels deep, and US012 where more than 1,000 would
-- be above or below one: all undo the write. So a read of whoever is in groups within groups has a bound.
CREATE OR REPLACE FUNCTION add_members(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_add uuid[], p_display text[]
) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  v_new uuid[];
  v_users uuid[];
  v_groups uuid[];
  v_wrong uuid[];
BEGIN
  SELECT array_agg(DISTINCT a.id) INTO v_new FROM unnest(p_add) a (id) LEFT JOIN LATERAL (
    SELECT true AS there FROM group_members m
    WHERE m.tenant_id = p_tenant AND m.group_id = p_group AND m.member_id = a.id OFFSET 0) m ON true
  WHERE m.there IS NULL;
  IF v_new IS NULL THEN
    RETURN NULL;
  END IF;
  SELECT array_agg(u.user_id) INTO v_users FROM users u WHERE u.tenant_id = p_tenant AND u.user_id = ANY (v_new);
  IF cardinality(v_users) IS DISTINCT FROM cardinality(v_new) THEN
    SELECT array_agg(g.group_id) INTO v_groups FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_new);
    SELECT array_agg(w.id) INTO v_wrong FROM (
      SELECT a.id FROM unnest(v_new) a(id) EXCEPT SELECT unnest(v_users) EXCEPT SELECT unnest(v_groups) LIMIT 10) w(id);
    IF v_wrong IS NOT NULL THEN
      RAISE EXCEPTION 'unknown members' USING ERRCODE = 'US002', DETAIL = array_to_string(v_wrong, ', ');
    END IF;
    PERFORM check_nesting(p_tenant, p_group, v_groups);
  END IF;
  INSERT INTO group_members (tenant_id, group_id, member_id, user_id, subgroup_id, display, added_at)
  SELECT p_tenant, p_group, a.id, u.id, g.id, a.display, p_now FROM unnest(p_add, p_display) a(id, display)
  LEFT JOIN unnest(v_users) u(id) ON u.id = a.id
  LEFT JOIN unnest(v_groups) g(id) ON g.id = a.id
  WHERE u.id IS NOT NULL OR g.id IS NOT NULL
  ON CONFLICT (tenant_id, group_id, member_id) DO NOTHING;
  RETURN v_new;
END $$;

-- Judges groups that are to be put into a group, as add_members says. One such write a workspace at a time:
-- two at once could each be right and make a circle together.
CREATE FUNCTION check_nesting(p_tenant uuid, p_group uuid, p_groups uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_up record;
  v_down record;
  v_wrong uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('nesting ' || p_tenant, 0));
  v_up := nest(p_tenant, ARRAY[p_group], true, 8, 1000);
  v_down := nest(p_tenant, p_groups, false, 8, 1000);
  IF p_group = ANY (v_down.ids) THEN
    v_wrong := ARRAY(SELECT g.id FROM unnest(p_groups) g (id)
      WHERE g.id = ANY (v_up.ids) LIMIT 10);
    RAISE EXCEPTION 'a circle of groups' USING ERRCODE = 'US003', DETAIL = array_to_string(v_wrong, ', ');
  ELSIF v_up.levels + v_down.levels > 8 THEN
    RAISE EXCEPTION 'groups nested too deep' USING ERRCODE = 'US011';
  ELSIF cardinality((nest(p_tenant, v_up.ids || p_groups, false, 16, 1000)).ids) > 1000
    OR cardinality((nest(p_tenant, v_down.ids || p_group, true, 16, 1000)).ids) > 1000 THEN
    RAISE EXCEPTION 'too many groups in one nest' USING ERRCODE = 'US012';
  END IF;
END $$;

-- Creates a group: 'created' or 'display_name_taken'.
CREATE OR REPLACE FUNCTION create_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_display_name text, p_display_name_key text, p_external_id text,
  p_attributes text[], p_add uuid[], p_display text[], p_actor text, p_request text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_added uuid[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, external_id, version, created_at, updated_at)
  VALUES (p_tenant, p_group, p_display_name, p_display_name_key, p_external_id, 1, p_now, p_now)
  ON CONFLICT (tenant_id, display_name_key) WHERE display_name_key IS NOT NULL DO NOTHING;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'display_name_taken';
    RETURN;
  END IF;
  v_added := add_members(p_tenant, p_group, p_now, p_add, p_display);
  PERFORM append_group_change(p_tenant, p_now, 6::smallint, p_group, 1, p_attributes, v_added, NULL, p_actor, p_request);
  PERFORM count_resource(p_tenant, 2::smallint, p_group, 1);
  RETURN QUERY SELECT 'created';
END $$;
