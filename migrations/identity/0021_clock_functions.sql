-- Times come from the programs' clocks, and one clock that leaps ahead must not move what everybody writes
-- afterwards: a time that is more than five seconds ahead of this database's own clock is refused (US004), and
-- a person's leaving takes this clock's time instead, because it is never refused. Functions only.

-- The time at which somebody leaves.
CREATE FUNCTION time_of_leaving(p_now timestamptz) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_clock timestamptz := clock_timestamp();
BEGIN
  RETURN CASE WHEN p_now > v_clock + interval '5 seconds' THEN v_clock ELSE p_now END;
END $$;

-- Raises US004 for a time that is ahead.
CREATE FUNCTION refuse_time_ahead(p_now timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_clock timestamptz := clock_timestamp();
BEGIN
  IF p_now > v_clock + interval '5 seconds' THEN
    RAISE EXCEPTION 'the time of the write is % ahead of the database''s clock', p_now - v_clock USING ERRCODE = 'US004';
  END IF;
END $$;

-- Writes the log and moves the counters: the last act of every write. The head row is locked here
-- and nothing waits from here to the commit. p_before and p_after are the user types of the seat
-- before and after, NULL where the user takes none. Beyond the pool's limit, which is billing's where
-- it has set one and else the plan's, it raises US001, or US002 where the policy is to give a free seat
-- instead; both undo the write, and their detail is the pool, its seats in use and the limit. A write
-- that frees seats, or changes a paid one for a free one, is never refused.
CREATE OR REPLACE FUNCTION append_change(
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
  PERFORM refuse_time_ahead(p_now);
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

-- Writes a user over the version it was read at: 'updated' or 'stale'.
CREATE OR REPLACE FUNCTION update_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_several_work_emails boolean,
  p_other_emails boolean, p_resource jsonb, p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid, p_person uuid,
  p_connection text, p_version bigint, p_was text, p_kind smallint, p_cause text
) RETURNS TABLE (outcome text, match uuid) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  IF p_was IS NOT NULL AND NOT p_active THEN
    p_now := time_of_leaving(p_now);
  END IF;
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
CREATE OR REPLACE FUNCTION delete_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_versions bigint[], p_actor text, p_request text, p_event uuid
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_user users;
  v_groups uuid[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  p_now := time_of_leaving(p_now);
  v_groups := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user);
  IF v_groups <> '{}' THEN
    PERFORM 1 FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_groups)
    ORDER BY g.group_id FOR NO KEY UPDATE;
  END IF;
  SELECT * INTO v_user FROM users WHERE tenant_id = p_tenant AND user_id = p_user FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found';
    RETURN;
  ELSIF cardinality(p_versions) > 0 AND NOT v_user.version = ANY (p_versions) THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  -- Once more: a group may have taken the user in before the lock.
  v_groups := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user);
  IF v_groups <> '{}' THEN
    UPDATE groups SET version = version + 1, updated_at = p_now WHERE tenant_id = p_tenant AND group_id = ANY (v_groups);
  END IF;
  DELETE FROM group_members WHERE tenant_id = p_tenant AND user_id = p_user;
  DELETE FROM users WHERE tenant_id = p_tenant AND user_id = p_user;
  INSERT INTO deleted_users (tenant_id, user_id, person_key, external_id, connection, user_name_key, deleted_at)
  VALUES (p_tenant, p_user, v_user.person_key, v_user.external_id, v_user.connection, v_user.user_name_key, p_now);
  PERFORM append_change(p_tenant, p_now, 5::smallint, p_user, v_user.version + 1, '{}', p_actor, p_request,
    CASE WHEN v_user.active THEN v_user.user_type END, NULL, v_user.user_type, 'scim.delete', p_event, v_user.person_key);
  RETURN QUERY SELECT 'deleted';
END $$;

-- Writes the log entry of a group: the last act of every write of one.
CREATE OR REPLACE FUNCTION append_group_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_group uuid, p_version bigint, p_attributes text[],
  p_added uuid[], p_removed uuid[], p_actor text, p_request text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_head heads;
BEGIN
  PERFORM refuse_time_ahead(p_now);
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

-- Says up to when everything has been recorded: whatever comes later is effective later, because the
-- head row has the time and no writer holds it. Beside it, what the workspace's plan gives, and how
-- often seats were refused.
CREATE OR REPLACE FUNCTION advance_watermark(p_tenant uuid, p_now timestamptz)
RETURNS TABLE (epoch bigint, as_of timestamptz, last_sequence bigint, plan_limits jsonb, refusals jsonb) LANGUAGE plpgsql AS $$
DECLARE
  v_limits jsonb;
  v_refusals jsonb;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  PERFORM refuse_time_ahead(p_now);
  SELECT coalesce(jsonb_agg(to_jsonb(l)), '[]') INTO v_limits FROM seat_limits l
  WHERE l.tenant_id = p_tenant AND l.source = 'plan';
  SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') INTO v_refusals FROM seat_refusals r WHERE r.tenant_id = p_tenant;
  RETURN QUERY UPDATE heads h SET last_effective_at = greatest(p_now, h.last_effective_at)
    WHERE h.tenant_id = p_tenant RETURNING h.epoch, h.last_effective_at, h.seat_sequence, v_limits, v_refusals;
END $$;

-- Workspaces whose seat events billing has not acknowledged, without those that rest. It sees all workspaces, as
-- its owner does, and tells nothing but ids.
CREATE OR REPLACE FUNCTION workspaces_to_relay(p_most int) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT h.tenant_id FROM heads h LEFT JOIN relays r ON r.tenant_id = h.tenant_id
  WHERE h.seat_sequence > coalesce(r.acknowledged_sequence, 0) AND NOT coalesce(r.halted, false)
    AND coalesce(r.rest_until, '-infinity') <= now()
  ORDER BY h.tenant_id LIMIT p_most
$$;
