-- The hot paths: each function is one statement, one transaction and one round trip. Its first act
-- is to set the tenant; every statement names it as well. Functions only.

CREATE FUNCTION find_user(p_tenant uuid, p_user uuid) RETURNS SETOF users LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT * FROM users WHERE tenant_id = p_tenant AND user_id = p_user;
END $$;

CREATE FUNCTION find_users_by_user_name(p_tenant uuid, p_key text) RETURNS SETOF users LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT * FROM users WHERE tenant_id = p_tenant AND user_name_key = p_key;
END $$;

CREATE FUNCTION find_users_by_external_id(p_tenant uuid, p_external_id text) RETURNS SETOF users LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT * FROM users WHERE tenant_id = p_tenant AND external_id = p_external_id ORDER BY user_id;
END $$;

CREATE FUNCTION find_users_by_work_email(p_tenant uuid, p_key text) RETURNS SETOF users LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT * FROM users WHERE tenant_id = p_tenant AND work_email_key = p_key ORDER BY user_id;
END $$;

CREATE FUNCTION find_users_by_display_name(p_tenant uuid, p_key text) RETURNS SETOF users LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT * FROM users WHERE tenant_id = p_tenant AND display_name_key = p_key ORDER BY user_id;
END $$;

-- Writes the log and moves the counters: the last act of every write. The head row is locked here
-- and nothing waits from here to the commit. p_before and p_after are the user types of the seat
-- before and after, NULL where the user takes none. Beyond p_limit paid seats it raises US001,
-- which undoes the write; a write that frees seats is never refused.
CREATE FUNCTION append_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_user uuid, p_version bigint, p_attributes text[],
  p_actor text, p_request text, p_before text, p_after text, p_user_type text, p_cause text,
  p_event uuid, p_person uuid, p_limit bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_seat boolean := p_before IS DISTINCT FROM p_after;
  v_paid_before boolean := coalesce(p_before IN ('Regular', 'External'), false);
  v_paid_after boolean := coalesce(p_after IN ('Regular', 'External'), false);
  v_head heads;
BEGIN
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
  IF v_paid_after AND NOT v_paid_before AND v_head.regular + v_head.external > p_limit THEN
    RAISE EXCEPTION 'no seat is free' USING ERRCODE = 'US001', DETAIL = (v_head.regular + v_head.external - 1)::text;
  END IF;
  INSERT INTO changes (tenant_id, sequence, kind, user_id, user_version, effective_at, attributes, actor, request_id, seat_sequence)
  VALUES (p_tenant, v_head.change_sequence, p_kind, p_user, p_version, v_head.last_effective_at, p_attributes, p_actor, p_request,
          CASE WHEN v_seat THEN v_head.seat_sequence ELSE 0 END);
  IF v_seat THEN
    INSERT INTO seat_events (tenant_id, sequence, event_id, person_key, user_id, active, user_type, effective_at, cause, actor, request_id)
    VALUES (p_tenant, v_head.seat_sequence, p_event, p_person, p_user, p_after IS NOT NULL, p_user_type,
            v_head.last_effective_at, p_cause, p_actor, p_request);
  END IF;
END $$;

-- Creates a user: 'created' or 'user_name_taken'.
CREATE FUNCTION create_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_resource jsonb,
  p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid, p_new_person uuid, p_limit bigint
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_person uuid;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  -- The same person again: by the client's id, else by the name where one side has no client's id.
  IF p_external_id IS NOT NULL THEN
    SELECT d.person_key INTO v_person FROM deleted_users d
    WHERE d.tenant_id = p_tenant AND d.external_id = p_external_id ORDER BY d.deleted_at DESC LIMIT 1;
  END IF;
  IF v_person IS NULL THEN
    SELECT d.person_key INTO v_person FROM deleted_users d
    WHERE d.tenant_id = p_tenant AND d.user_name_key = p_user_name_key
      AND (p_external_id IS NULL OR d.external_id IS NULL)
    ORDER BY d.deleted_at DESC LIMIT 1;
  END IF;
  v_person := coalesce(v_person, p_new_person);
  INSERT INTO users (tenant_id, user_id, user_name, user_name_key, external_id, active, user_type, display_name_key,
                     work_email_key, resource, provenance, version, person_key, created_at, updated_at)
  VALUES (p_tenant, p_user, p_user_name, p_user_name_key, p_external_id, p_active, p_user_type, p_display_name_key,
          p_work_email_key, p_resource, p_provenance, 1, v_person, p_now, p_now)
  ON CONFLICT (tenant_id, user_name_key) DO NOTHING;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'user_name_taken';
    RETURN;
  END IF;
  PERFORM append_change(p_tenant, p_now, 1::smallint, p_user, 1, p_attributes, p_actor, p_request,
    NULL, CASE WHEN p_active THEN p_user_type END, p_user_type, 'scim.create', p_event, v_person, p_limit);
  RETURN QUERY SELECT 'created';
END $$;

-- Writes a user over the version it was read at: 'updated' or 'stale'.
CREATE FUNCTION update_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_resource jsonb,
  p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid, p_person uuid, p_limit bigint,
  p_version bigint, p_was text, p_kind smallint, p_cause text
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  UPDATE users SET user_name = p_user_name, user_name_key = p_user_name_key, external_id = p_external_id,
    active = p_active, user_type = p_user_type, display_name_key = p_display_name_key,
    work_email_key = p_work_email_key, resource = p_resource, provenance = p_provenance,
    version = p_version + 1, updated_at = p_now
  WHERE tenant_id = p_tenant AND user_id = p_user AND version = p_version;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  PERFORM append_change(p_tenant, p_now, p_kind, p_user, p_version + 1, p_attributes, p_actor, p_request,
    p_was, CASE WHEN p_active THEN p_user_type END, p_user_type, p_cause, p_event, p_person, p_limit);
  RETURN QUERY SELECT 'updated';
END $$;

-- Deletes a user, if it has one of the versions where any are given: 'deleted', 'stale' or 'not_found'.
CREATE FUNCTION delete_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_versions bigint[], p_actor text, p_request text, p_event uuid
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_user users;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  SELECT * INTO v_user FROM users WHERE tenant_id = p_tenant AND user_id = p_user FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found';
    RETURN;
  ELSIF cardinality(p_versions) > 0 AND NOT v_user.version = ANY (p_versions) THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  DELETE FROM users WHERE tenant_id = p_tenant AND user_id = p_user;
  INSERT INTO deleted_users (tenant_id, user_id, person_key, external_id, user_name_key, deleted_at)
  VALUES (p_tenant, p_user, v_user.person_key, v_user.external_id, v_user.user_name_key, p_now);
  PERFORM append_change(p_tenant, p_now, 5::smallint, p_user, v_user.version + 1, '{}', p_actor, p_request,
    CASE WHEN v_user.active THEN v_user.user_type END, NULL, v_user.user_type, 'scim.delete', p_event, v_user.person_key, NULL);
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
