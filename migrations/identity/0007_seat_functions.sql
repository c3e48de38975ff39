-- Functions only.

-- Writes the log and moves the counters: the last act of every write. The head row is locked here
-- and nothing waits from here to the commit. p_before and p_after are the user types of the seat
-- before and after, NULL where the user takes none. Beyond p_limit paid seats, or a pool's limit, it
-- raises US001, or US002 where the policy is to give a free seat instead; both undo the write, and
-- their detail is the pool, its seats in use and the limit. A write that frees seats, or changes a paid
-- one for a free one, is never refused.
CREATE OR REPLACE FUNCTION append_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_user uuid, p_version bigint, p_attributes text[],
  p_actor text, p_request text, p_before text, p_after text, p_user_type text, p_cause text,
  p_event uuid, p_person uuid, p_limit bigint
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
    WHERE l.tenant_id = p_tenant AND l.pool = v_pool AND l.policy IN ('BLOCK', 'DEGRADE');
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
  IF v_pool = 'paid' AND v_used > p_limit THEN
    RAISE EXCEPTION 'no seat is free' USING ERRCODE = 'US001', DETAIL = format('%s %s %s', v_pool, v_used - 1, p_limit);
  ELSIF v_used > v_quantity THEN
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

-- Says up to when everything has been recorded: whatever comes later is effective later, because the
-- head row has the time and no writer holds it.
CREATE FUNCTION advance_watermark(p_tenant uuid, p_now timestamptz)
RETURNS TABLE (epoch bigint, as_of timestamptz, last_sequence bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY UPDATE heads h SET last_effective_at = greatest(p_now, h.last_effective_at)
    WHERE h.tenant_id = p_tenant RETURNING h.epoch, h.last_effective_at, h.seat_sequence;
END $$;

-- Every workspace that ever had a write, page by page. It sees all workspaces, as its owner does, and
-- tells nothing but ids.
CREATE FUNCTION workspaces_with_seats(p_after uuid, p_most int) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public AS $$
  SELECT h.tenant_id FROM heads h WHERE h.tenant_id > p_after AND h.seat_sequence > 0 ORDER BY h.tenant_id LIMIT p_most
$$;
