-- The hot paths: each function is one statement, one transaction and one round trip. Its first act
-- is to set the tenant; every statement names it as well. Functions only.

-- The groups that users are in, as an object: user id -> list of {"value", "display", "type"}. A
-- group is direct where the user is a member of it, else indirect, through groups in it.
CREATE FUNCTION groups_of(p_tenant uuid, p_users uuid[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_groups jsonb;
BEGIN
  WITH RECURSIVE up (user_id, group_id, direct) AS (
    SELECT m.user_id, m.group_id, true FROM group_members m
    WHERE m.tenant_id = p_tenant AND m.user_id = ANY (p_users)
    UNION
    SELECT up.user_id, m.group_id, false FROM up
    JOIN group_members m ON m.tenant_id = p_tenant AND m.subgroup_id = up.group_id
  ), known AS (
    SELECT up.user_id, up.group_id, bool_or(up.direct) AS direct FROM up GROUP BY 1, 2
  ), listed AS (
    SELECT k.user_id, jsonb_agg(jsonb_build_object(
      'value', g.group_id, 'display', g.display_name, 'type', CASE WHEN k.direct THEN 'direct' ELSE 'indirect' END
    ) ORDER BY g.group_id) AS groups
    FROM known k JOIN groups g ON g.tenant_id = p_tenant AND g.group_id = k.group_id GROUP BY 1
  )
  SELECT jsonb_object_agg(user_id, groups) INTO v_groups FROM listed;
  RETURN v_groups;
END $$;

-- The groups of one user, as groups_of has them. Most people ask about somebody in none, which one probe tells.
CREATE FUNCTION groups_of_one(p_tenant uuid, p_user uuid) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user) THEN
    RETURN groups_of(p_tenant, ARRAY[p_user]) -> p_user::text;
  END IF;
  RETURN NULL;
END $$;

-- Users by something that names them, oldest first, at most 201: by 'id', 'user_name', 'external_id',
-- 'display_name', 'work_email' or 'email'. The last two also give users with several such addresses. A query
-- a case: one that fits all would cost three times as much.
CREATE FUNCTION find_users(p_tenant uuid, p_by text, p_key text, p_groups boolean)
RETURNS TABLE (found users, groups jsonb) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  CASE p_by
    WHEN 'id' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN groups_of_one(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_id = p_key::uuid;
    WHEN 'user_name' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN groups_of_one(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_name_key = p_key;
    WHEN 'external_id' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN groups_of_one(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.external_id = p_key ORDER BY u.user_id LIMIT 201;
    WHEN 'display_name' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN groups_of_one(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND u.display_name_key = p_key ORDER BY u.user_id LIMIT 201;
    WHEN 'work_email' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN groups_of_one(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND (u.work_email_key = p_key OR u.several_work_emails)
      ORDER BY u.user_id LIMIT 201;
    WHEN 'email' THEN
      RETURN QUERY SELECT u, CASE WHEN p_groups THEN groups_of_one(p_tenant, u.user_id) END FROM users u
      WHERE u.tenant_id = p_tenant AND (u.work_email_key = p_key OR u.other_emails) ORDER BY u.user_id LIMIT 201;
  END CASE;
END $$;

-- Writes the log and moves the counters: the last act of every write. The head row is locked here
-- and nothing waits from here to the commit. p_before and p_after are the user types of the seat
-- before and after, NULL where the user takes none. Beyond the pool's limit, which is billing's where
-- it has set one and else the plan's, it raises US001, or US002 where the policy is to give a free seat
-- instead; both undo the write, and their detail is the pool, its seats in use and the limit. A write
-- that frees seats, or changes a paid one for a free one, is never refused.
CREATE FUNCTION append_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_user uuid, p_version bigint, p_attributes text[],
  p_actor text, p_request text, p_before text, p_after text, p_user_type text, p_cause text,
  p_event uuid, p_person uuid
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_seat boolean := p_before IS DISTINCT FROM p_after;
  v_pool text := CASE
    WHEN coalesce(p_after IN ('Regular', 'External'), false) AND NOT coalesce(p_before IN ('Regular', 'External'), false)
      THEN 'paid'
    WHEN p_after = 'Collaborator' AND p_before IS NULL THEN 'collaborator' END;
  v_quantity bigint;
  v_policy text;
  v_used bigint;
  v_head heads;
BEGIN
  -- Before the head row is locked: nothing waits for this.
  IF v_pool IS NOT NULL THEN
    SELECT l.quantity, l.policy INTO v_quantity, v_policy FROM seat_limits l
    WHERE l.tenant_id = p_tenant AND l.pool = v_pool AND l.holds ORDER BY l.source LIMIT 1;
  END IF;
  LOOP
    UPDATE heads SET
      change_sequence = change_sequence + 1,
      seat_sequence = seat_sequence + v_seat::int,
      last_effective_at = greatest(p_now, last_effective_at + interval '1 microsecond'),
      regular = regular + (p_after IS NOT DISTINCT FROM 'Regular')::int - (p_before IS NOT DISTINCT FROM 'Regular')::int,
      external = external + (p_after IS NOT DISTINCT FROM 'External')::int - (p_before IS NOT DISTINCT FROM 'External')::int,
      collaborator = collaborator + (p_after IS NOT DISTINCT FROM 'Collaborator')::int - (p_before IS NOT DISTINCT FROM 'Collaborator')::int
    WHERE tenant_id = p_tenant
    RETURNING * INTO v_head;
    EXIT WHEN FOUND;
    INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator)
    VALUES (p_tenant, 0, 0, p_now - interval '1 microsecond', 0, 0, 0)
    ON CONFLICT (tenant_id) DO NOTHING;
  END LOOP;
  v_used := CASE v_pool WHEN 'paid' THEN v_head.regular + v_head.external WHEN 'collaborator' THEN v_head.collaborator END;
  IF v_used > v_quantity AND v_policy IN ('BLOCK', 'DEGRADE') THEN
    RAISE EXCEPTION 'no seat is free' USING DETAIL = format('%s %s %s', v_pool, v_used - 1, v_quantity),
      ERRCODE = CASE WHEN v_pool = 'paid' AND v_policy = 'DEGRADE' THEN 'US002' ELSE 'US001' END;
  END IF;
  INSERT INTO changes (tenant_id, sequence, kind, resource_id, version, effective_at, attributes, members_added,
                       members_removed, actor, request_id, seat_sequence)
  VALUES (p_tenant, v_head.change_sequence, p_kind, p_user, p_version, v_head.last_effective_at, p_attributes, '{}',
          '{}', p_actor, p_request, CASE WHEN v_seat THEN v_head.seat_sequence ELSE 0 END);
  IF v_seat THEN
    INSERT INTO seat_events (tenant_id, sequence, event_id, person_key, user_id, active, user_type, effective_at, cause, actor, request_id)
    VALUES (p_tenant, v_head.seat_sequence, p_event, p_person, p_user, p_after IS NOT NULL, p_user_type,
            v_head.last_effective_at, p_cause, p_actor, p_request);
  END IF;
END $$;

-- Creates a user: 'created', 'user_name_taken', or, with p_revive, 'inactive' with the id of an inactive user who is
-- meant: by the client's id at the same connection, else by the name unless both have a client's id
-- and these differ.
CREATE FUNCTION create_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_several_work_emails boolean,
  p_other_emails boolean, p_resource jsonb, p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid,
  p_new_person uuid, p_connection text, p_revive boolean
) RETURNS TABLE (outcome text, match uuid) LANGUAGE plpgsql AS $$
DECLARE
  v_person uuid;
  v_match uuid;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  IF p_external_id IS NOT NULL THEN
    SELECT u.user_id INTO v_match FROM users u
    WHERE u.tenant_id = p_tenant AND u.external_id = p_external_id AND u.connection = p_connection AND NOT u.active AND p_revive
    ORDER BY u.user_name_key = p_user_name_key DESC, u.user_id LIMIT 1;
    IF FOUND THEN
      RETURN QUERY SELECT 'inactive', v_match;
      RETURN;
    END IF;
    -- The same person as another user, or one who was deleted: by the client's id at the same connection,
    -- else by the name where one side has no client's id.
    SELECT u.person_key INTO v_person FROM users u
    WHERE u.tenant_id = p_tenant AND u.external_id = p_external_id AND u.connection = p_connection
    ORDER BY u.user_id LIMIT 1;
    IF NOT FOUND THEN
      SELECT d.person_key INTO v_person FROM deleted_users d
      WHERE d.tenant_id = p_tenant AND d.external_id = p_external_id AND d.connection = p_connection
      ORDER BY d.deleted_at DESC LIMIT 1;
    END IF;
  END IF;
  IF v_person IS NULL THEN
    SELECT d.person_key INTO v_person FROM deleted_users d
    WHERE d.tenant_id = p_tenant AND d.user_name_key = p_user_name_key
      AND (p_external_id IS NULL OR d.external_id IS NULL)
    ORDER BY d.deleted_at DESC LIMIT 1;
  END IF;
  v_person := coalesce(v_person, p_new_person);
  INSERT INTO users (tenant_id, user_id, user_name, user_name_key, external_id, active, user_type, display_name_key,
                     work_email_key, several_work_emails, other_emails, connection, resource, provenance, version, person_key,
                     created_at, updated_at)
  VALUES (p_tenant, p_user, p_user_name, p_user_name_key, p_external_id, p_active, p_user_type, p_display_name_key,
          p_work_email_key, p_several_work_emails, p_other_emails, p_connection, p_resource, p_provenance, 1, v_person, p_now, p_now)
  ON CONFLICT (tenant_id, user_name_key) DO NOTHING;
  IF NOT FOUND THEN
    SELECT u.user_id INTO v_match FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_name_key = p_user_name_key AND NOT u.active AND p_revive
      AND (p_external_id IS NULL OR u.external_id IS NULL OR u.external_id = p_external_id);
    RETURN QUERY SELECT CASE WHEN v_match IS NULL THEN 'user_name_taken' ELSE 'inactive' END, v_match;
    RETURN;
  END IF;
  PERFORM append_change(p_tenant, p_now, 1::smallint, p_user, 1, p_attributes, p_actor, p_request,
    NULL, CASE WHEN p_active THEN p_user_type END, p_user_type, 'scim.create', p_event, v_person);
  RETURN QUERY SELECT 'created', p_user;
END $$;

-- Writes a user over the version it was read at: 'updated' or 'stale'.
CREATE FUNCTION update_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_several_work_emails boolean,
  p_other_emails boolean, p_resource jsonb, p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid, p_person uuid,
  p_connection text, p_version bigint, p_was text, p_kind smallint, p_cause text
) RETURNS TABLE (outcome text, match uuid) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  UPDATE users SET user_name = p_user_name, user_name_key = p_user_name_key, external_id = p_external_id,
    active = p_active, user_type = p_user_type, display_name_key = p_display_name_key,
    work_email_key = p_work_email_key, several_work_emails = p_several_work_emails,
    other_emails = p_other_emails, connection = p_connection, resource = p_resource, provenance = p_provenance, version = p_version + 1, updated_at = p_now
  WHERE tenant_id = p_tenant AND user_id = p_user AND version = p_version;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'stale', NULL::uuid;
    RETURN;
  END IF;
  PERFORM append_change(p_tenant, p_now, p_kind, p_user, p_version + 1, p_attributes, p_actor, p_request,
    p_was, CASE WHEN p_active THEN p_user_type END, p_user_type, p_cause, p_event, p_person);
  RETURN QUERY SELECT 'updated', p_user;
END $$;

-- Deletes a user, if it has one of the versions where any are given: 'deleted', 'stale' or
-- 'not_found'. The user leaves every group; groups are locked before users, here as everywhere.
CREATE FUNCTION delete_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_versions bigint[], p_actor text, p_request text, p_event uuid
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_user users;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  PERFORM 1 FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id IN (
    SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user
  ) ORDER BY g.group_id FOR NO KEY UPDATE;
  SELECT * INTO v_user FROM users WHERE tenant_id = p_tenant AND user_id = p_user FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found';
    RETURN;
  ELSIF cardinality(p_versions) > 0 AND NOT v_user.version = ANY (p_versions) THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  UPDATE groups SET version = version + 1, updated_at = p_now WHERE tenant_id = p_tenant AND group_id IN (
    SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user
  );
  DELETE FROM group_members WHERE tenant_id = p_tenant AND user_id = p_user;
  DELETE FROM users WHERE tenant_id = p_tenant AND user_id = p_user;
  INSERT INTO deleted_users (tenant_id, user_id, person_key, external_id, connection, user_name_key, deleted_at)
  VALUES (p_tenant, p_user, v_user.person_key, v_user.external_id, v_user.connection, v_user.user_name_key, p_now);
  PERFORM append_change(p_tenant, p_now, 5::smallint, p_user, v_user.version + 1, '{}', p_actor, p_request,
    CASE WHEN v_user.active THEN v_user.user_type END, NULL, v_user.user_type, 'scim.delete', p_event, v_user.person_key);
  RETURN QUERY SELECT 'deleted';
END $$;

-- Workspaces whose seat events billing has not acknowledged. It sees all workspaces, as its owner
-- does, and tells nothing but ids.
CREATE FUNCTION workspaces_to_relay(p_most int) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public AS $$
  SELECT h.tenant_id FROM heads h LEFT JOIN relays r ON r.tenant_id = h.tenant_id
  WHERE h.seat_sequence > coalesce(r.acknowledged_sequence, 0) AND NOT coalesce(r.halted, false)
  ORDER BY h.tenant_id LIMIT p_most
$$;
