-- Functions only.

-- All keys that are one person with this one, itself included.
CREATE FUNCTION same_person(p_tenant uuid, p_person uuid) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  v_stands_for uuid;
BEGIN
  SELECT l.stands_for INTO v_stands_for FROM person_links l WHERE l.tenant_id = p_tenant AND l.person_key = p_person;
  IF NOT FOUND THEN
    RETURN ARRAY[p_person];
  END IF;
  RETURN ARRAY(SELECT l.person_key FROM person_links l WHERE l.tenant_id = p_tenant AND l.stands_for = v_stands_for);
END $$;

-- The highest seat of the active users of these keys, but for one user; NULL where there is none. One probe a key,
-- however many there are.
CREATE FUNCTION seat_of_persons(p_tenant uuid, p_persons uuid[], p_but uuid) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT higher_seat(max(u.user_type) FILTER (WHERE u.user_type <> 'External'),
                             max(u.user_type) FILTER (WHERE u.user_type = 'External'))
    FROM unnest(p_persons) p (key) CROSS JOIN LATERAL (
      SELECT u.user_type FROM users u
      WHERE u.tenant_id = p_tenant AND u.person_key = p.key AND u.active AND u.user_id <> p_but OFFSET 0) u);
END $$;

-- Takes all of a workspace's links over, in the place of those before, and counts the seats of whom they concern
-- anew. The head row is locked first, so that no write that takes or frees a seat comes in between.
CREATE FUNCTION take_person_links(p_tenant uuid, p_version text, p_persons uuid[], p_stands_for uuid[])
RETURNS TABLE (taken boolean) LANGUAGE plpgsql AS $$
DECLARE
  v_concerned uuid[];
  v_seats bigint[];
  v_sign int := -1;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  PERFORM 1 FROM heads h WHERE h.tenant_id = p_tenant FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false;
    RETURN;
  END IF;
  v_concerned := p_persons || ARRAY(SELECT l.person_key FROM person_links l
    WHERE l.tenant_id = p_tenant AND l.linked_at > '-infinity');
  -- Once as they were, and once as they are.
  LOOP
    v_seats := (
      SELECT ARRAY[count(*) FILTER (WHERE s.seat = 'Regular'), count(*) FILTER (WHERE s.seat = 'External'),
                   count(*) FILTER (WHERE s.seat = 'Collaborator')]
      FROM (
        SELECT seat_of_persons(p_tenant, array_agg(c.key), '00000000-0000-0000-0000-000000000000') AS seat
        FROM (SELECT DISTINCT key FROM unnest(v_concerned) u (key)) c
        LEFT JOIN LATERAL (
          SELECT l.stands_for FROM person_links l WHERE l.tenant_id = p_tenant AND l.person_key = c.key OFFSET 0) l ON true
        GROUP BY coalesce(l.stands_for, c.key)) s);
    UPDATE heads SET regular = regular + v_sign * v_seats[1], external = external + v_sign * v_seats[2],
      collaborator = collaborator + v_sign * v_seats[3], links_version = p_version
    WHERE tenant_id = p_tenant;
    EXIT WHEN v_sign = 1;
    v_sign := 1;
    DELETE FROM person_links WHERE tenant_id = p_tenant AND linked_at > '-infinity';
    INSERT INTO person_links (tenant_id, person_key, stands_for, linked_at)
    SELECT p_tenant, l.person, l.stands_for, clock_timestamp() FROM unnest(p_persons, p_stands_for) l (person, stands_for);
  END LOOP;
  RETURN QUERY SELECT true;
END $$;

-- As advance_watermark, with the version of the links that were taken over.
CREATE FUNCTION advance_watermark_with_links(p_tenant uuid, p_now timestamptz)
RETURNS TABLE (epoch bigint, as_of timestamptz, last_sequence bigint, plan_limits jsonb, refusals jsonb, links_version text)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT w.epoch, w.as_of, w.last_sequence, w.plan_limits, w.refusals,
      (SELECT h.links_version FROM heads h WHERE h.tenant_id = p_tenant)
    FROM advance_watermark(p_tenant, p_now) w;
END $$;

-- Writes the log and moves the counters: the last act of every write, as before; but persons whose keys are linked are
-- one person.
CREATE OR REPLACE FUNCTION append_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_user uuid, p_version bigint, p_attributes text[],
  p_actor text, p_request text, p_before text, p_after text, p_user_type text, p_cause text,
  p_event uuid, p_person uuid, p_first boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_seat boolean := p_before IS DISTINCT FROM p_after;
  -- The person's seat before and after.
  v_before text := p_before;
  v_after text := p_after;
  v_other text;
  v_pool text;
  v_quantity bigint;
  v_policy text;
  v_used bigint;
  v_head heads;
BEGIN
  PERFORM refuse_time_ahead(p_now);
  IF v_seat AND NOT p_first THEN
    -- The head row first: what others committed of the same person is seen from here on.
    PERFORM 1 FROM heads h WHERE h.tenant_id = p_tenant FOR NO KEY UPDATE;
    v_other := seat_of_persons(p_tenant, same_person(p_tenant, p_person), p_user);
    v_before := higher_seat(p_before, v_other);
    v_after := higher_seat(p_after, v_other);
  END IF;
  v_pool := CASE
    WHEN coalesce(v_after IN ('Regular', 'External'), false) AND NOT coalesce(v_before IN ('Regular', 'External'), false)
      THEN 'paid'
    WHEN v_after = 'Collaborator' AND v_before IS NULL THEN 'collaborator' END;
  IF v_pool IS NOT NULL THEN
    SELECT l.quantity, l.policy INTO v_quantity, v_policy FROM seat_limits l
    WHERE l.tenant_id = p_tenant AND l.pool = v_pool AND l.holds ORDER BY l.source LIMIT 1;
  END IF;
  LOOP
    UPDATE heads SET
      change_sequence = change_sequence + 1,
      seat_sequence = seat_sequence + v_seat::int,
      last_effective_at = greatest(p_now, last_effective_at + interval '1 microsecond'),
      regular = regular + (v_after IS NOT DISTINCT FROM 'Regular')::int - (v_before IS NOT DISTINCT FROM 'Regular')::int,
      external = external + (v_after IS NOT DISTINCT FROM 'External')::int - (v_before IS NOT DISTINCT FROM 'External')::int,
      collaborator = collaborator + (v_after IS NOT DISTINCT FROM 'Collaborator')::int - (v_before IS NOT DISTINCT FROM 'Collaborator')::int
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
