-- Functions only.

-- Creates a group, which is the API app's that the actor is: 'created' or 'display_name_taken'.
CREATE OR REPLACE FUNCTION create_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_display_name text, p_display_name_key text, p_external_id text,
  p_attributes text[], p_add uuid[], p_display text[], p_actor text, p_request text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_added uuid[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, external_id, connection, version, created_at, updated_at)
  VALUES (p_tenant, p_group, p_display_name, p_display_name_key, p_external_id,
          coalesce(substring(p_actor FROM '^scim:([^/]+)/'), ''), 1, p_now, p_now)
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

-- Writes a group as the function of the same name and one parameter less does, and says whose it is: that one is for
-- programs of the version before, and leaves the group whose it was.
CREATE FUNCTION write_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_versions bigint[], p_rewrite boolean, p_display_name text,
  p_display_name_key text, p_external_id text, p_connection text, p_attributes text[], p_clear boolean, p_add uuid[], p_display text[],
  p_remove uuid[], p_actor text, p_request text
) RETURNS TABLE (
  outcome text, group_id uuid, display_name text, external_id text, connection text, version bigint, created_at timestamptz,
  updated_at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_group groups;
  v_added uuid[];
  v_removed uuid[];
  v_member uuid;
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
    ELSE
      -- One by one: any other way may read all members for those named.
      FOREACH v_member IN ARRAY p_remove LOOP
        DELETE FROM group_members m WHERE m.tenant_id = p_tenant AND m.group_id = p_group AND m.member_id = v_member;
        IF FOUND THEN
          v_removed := v_removed || v_member;
        END IF;
      END LOOP;
    END IF;
    IF cardinality(p_add) > 0 THEN
      v_added := add_members(p_tenant, p_group, p_now, p_add, p_display);
    END IF;
    IF p_rewrite OR v_added IS NOT NULL OR v_removed IS NOT NULL THEN
      v_outcome := 'updated';
      IF p_rewrite THEN
        UPDATE groups g SET display_name = p_display_name, display_name_key = CASE WHEN g.display_name = p_display_name THEN g.display_name_key ELSE p_display_name_key END,
          external_id = p_external_id, connection = p_connection, version = v_group.version + 1, updated_at = p_now
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
  RETURN QUERY SELECT v_outcome, v_group.group_id, v_group.display_name, v_group.external_id, v_group.connection, v_group.version,
    v_group.created_at, v_group.updated_at;
END $$;

-- Some groups and users of an app become the other's, the oldest first, each with an entry of the change log; when none
-- is left, so do users who were deleted. Gives how many, and whether there are more.
CREATE FUNCTION take_over(
  p_tenant uuid, p_now timestamptz, p_from text, p_to text, p_most int, p_actor text, p_request text
) RETURNS TABLE (taken_users int, taken_groups int, more boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_groups uuid[];
  v_users uuid[];
  v_group record;
  v_user record;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  -- All groups before all users, and these before the head row, here as everywhere.
  v_groups := ARRAY(SELECT g.group_id FROM groups g
    WHERE g.tenant_id = p_tenant AND g.created_at > '-infinity' AND g.connection = p_from
    ORDER BY g.group_id LIMIT p_most FOR NO KEY UPDATE);
  v_users := ARRAY(SELECT u.user_id FROM users u
    WHERE u.tenant_id = p_tenant AND u.created_at > '-infinity' AND u.connection = p_from
    ORDER BY u.user_id LIMIT p_most - cardinality(v_groups) FOR UPDATE);
  FOR v_group IN
    SELECT g.group_id, g.version FROM groups g
    WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_groups) ORDER BY g.group_id
  LOOP
    UPDATE groups SET connection = p_to, version = version + 1, updated_at = p_now
    WHERE tenant_id = p_tenant AND group_id = v_group.group_id;
    PERFORM append_group_change(p_tenant, p_now, 7::smallint, v_group.group_id, v_group.version + 1, '{externalId}',
      NULL, NULL, p_actor, p_request);
  END LOOP;
  FOR v_user IN
    SELECT u.user_id, u.version, u.user_type, u.person_key, u.active FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_id = ANY (v_users) ORDER BY u.user_id
  LOOP
    UPDATE users SET connection = p_to, version = version + 1, updated_at = p_now
    WHERE tenant_id = p_tenant AND user_id = v_user.user_id;
    PERFORM append_change(p_tenant, p_now, 2::smallint, v_user.user_id, v_user.version + 1, '{externalId}', p_actor,
      p_request, CASE WHEN v_user.active THEN v_user.user_type END, CASE WHEN v_user.active THEN v_user.user_type END,
      v_user.user_type, 'scim.user_type', NULL, v_user.person_key, false);
  END LOOP;
  IF cardinality(v_groups) + cardinality(v_users) < p_most THEN
    UPDATE deleted_users SET connection = p_to
    WHERE tenant_id = p_tenant AND deleted_at > '-infinity' AND connection = p_from;
  END IF;
  RETURN QUERY SELECT cardinality(v_users), cardinality(v_groups), cardinality(v_groups) + cardinality(v_users) = p_most;
END $$;
