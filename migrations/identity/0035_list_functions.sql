-- Functions only.

-- Counts a resource that came into a list (1) or left it (-1), as the last act of its write: the head row is locked, so
-- nothing waits here. Up to the last milestone, one of them changes, and of 1,000 it is made two. After it nothing
-- changes, but that those there are counted after 500 changes of the workspace, and make a milestone if they are enough.
CREATE FUNCTION count_resource(p_tenant uuid, p_list smallint, p_id uuid, p_by bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_changes bigint;
  v_until uuid;
  v_last uuid;
  v_resources bigint;
BEGIN
  SELECT h.change_sequence - CASE p_list WHEN 1 THEN h.users_counted_at ELSE h.groups_counted_at END,
    CASE p_list WHEN 1 THEN h.users_until ELSE h.groups_until END
  INTO v_changes, v_until FROM heads h WHERE h.tenant_id = p_tenant;
  IF p_id > v_until THEN
    IF p_by > 0 AND v_changes >= 500 THEN
      PERFORM end_milestone(p_tenant, p_list, v_until);
    END IF;
    RETURN;
  END IF;
  UPDATE milestones SET resources = greatest(resources + p_by, 0)
  WHERE tenant_id = p_tenant AND list = p_list AND last_id = (
    SELECT m.last_id FROM milestones m
    WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id >= p_id ORDER BY m.last_id LIMIT 1)
  RETURNING last_id, resources INTO v_last, v_resources;
  IF v_resources = 0 AND v_last < v_until THEN
    DELETE FROM milestones WHERE tenant_id = p_tenant AND list = p_list AND last_id = v_last;
  ELSIF v_resources >= 1000 AND p_by > 0 THEN
    PERFORM split_milestone(p_tenant, p_list, v_last);
  END IF;
END $$;

-- Counts those after the last milestone. Without bitmaps, here as below: these read all that is behind an id, and
-- sort it.
CREATE FUNCTION end_milestone(p_tenant uuid, p_list smallint, p_after uuid) RETURNS void LANGUAGE plpgsql
SET enable_bitmapscan = off AS $$
DECLARE
  v_ids uuid[];
  v_until uuid := p_after;
BEGIN
  IF p_list = 1 THEN
    v_ids := ARRAY(SELECT u.user_id FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_id > p_after AND u.created_at > '-infinity' ORDER BY u.user_id);
  ELSE
    v_ids := ARRAY(SELECT g.group_id FROM groups g
      WHERE g.tenant_id = p_tenant AND g.group_id > p_after AND g.created_at > '-infinity' ORDER BY g.group_id);
  END IF;
  IF cardinality(v_ids) >= 250 THEN
    v_until := v_ids[cardinality(v_ids)];
    INSERT INTO milestones (tenant_id, list, last_id, resources) VALUES (p_tenant, p_list, v_until, cardinality(v_ids));
  END IF;
  IF p_list = 1 THEN
    UPDATE heads SET users_until = v_until, users_counted_at = change_sequence WHERE tenant_id = p_tenant;
  ELSE
    UPDATE heads SET groups_until = v_until, groups_counted_at = change_sequence WHERE tenant_id = p_tenant;
  END IF;
END $$;

-- Makes two milestones of one.
CREATE FUNCTION split_milestone(p_tenant uuid, p_list smallint, p_last uuid) RETURNS void LANGUAGE plpgsql
SET enable_bitmapscan = off AS $$
DECLARE
  v_middle uuid;
  v_after uuid;
BEGIN
  v_after := milestone_before(p_tenant, p_list, p_last);
  IF p_list = 1 THEN
    SELECT u.user_id INTO v_middle FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_id > v_after AND u.created_at > '-infinity'
    ORDER BY u.user_id OFFSET 499 LIMIT 1;
  ELSE
    SELECT g.group_id INTO v_middle FROM groups g
    WHERE g.tenant_id = p_tenant AND g.group_id > v_after AND g.created_at > '-infinity'
    ORDER BY g.group_id OFFSET 499 LIMIT 1;
  END IF;
  IF v_middle < p_last THEN
    INSERT INTO milestones (tenant_id, list, last_id, resources) VALUES (p_tenant, p_list, v_middle, 500);
    UPDATE milestones SET resources = resources - 500
    WHERE tenant_id = p_tenant AND list = p_list AND last_id = p_last;
  END IF;
END $$;

-- The milestone before an id; the nil id where there is none.
CREATE FUNCTION milestone_before(p_tenant uuid, p_list smallint, p_id uuid) RETURNS uuid LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce((
    SELECT m.last_id FROM milestones m WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id < p_id
    ORDER BY m.last_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000');
END $$;

-- Where a page of a whole list begins, in a transaction that has set the tenant. With p_after, behind that id, where
-- the page before it ended, and p_offset resources were shown before; else behind p_offset resources. `total` is that
-- of all, and of those who were shown and are gone, so that indexes go on to the end. The cost is that of the
-- milestones, and of the resources of one of them.
CREATE FUNCTION list_start(p_tenant uuid, p_list smallint, p_offset bigint, p_after uuid)
RETURNS TABLE (after uuid, total bigint) LANGUAGE plpgsql SET enable_bitmapscan = off AS $$
DECLARE
  v_behind bigint;
  v_all bigint;
  v_before bigint;
  v_milestone uuid;
  v_skip bigint;
BEGIN
  v_milestone := milestone_before(p_tenant, p_list, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  IF p_list = 1 THEN
    SELECT count(*) INTO v_behind FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_id > v_milestone AND u.created_at > '-infinity';
  ELSE
    SELECT count(*) INTO v_behind FROM groups g
    WHERE g.tenant_id = p_tenant AND g.group_id > v_milestone AND g.created_at > '-infinity';
  END IF;
  IF p_after IS NOT NULL THEN
    SELECT coalesce(sum(m.resources), 0) + v_behind, coalesce(sum(m.resources) FILTER (WHERE m.last_id < p_after), 0)
    INTO v_all, v_before FROM milestones m WHERE m.tenant_id = p_tenant AND m.list = p_list;
    v_milestone := milestone_before(p_tenant, p_list, p_after);
    IF p_list = 1 THEN
      v_before := v_before + (SELECT count(*) FROM users u WHERE u.tenant_id = p_tenant
        AND u.user_id > v_milestone AND u.user_id <= p_after AND u.created_at > '-infinity');
    ELSE
      v_before := v_before + (SELECT count(*) FROM groups g WHERE g.tenant_id = p_tenant
        AND g.group_id > v_milestone AND g.group_id <= p_after AND g.created_at > '-infinity');
    END IF;
    RETURN QUERY SELECT p_after, p_offset + v_all - v_before;
    RETURN;
  END IF;
  SELECT coalesce(max(m.up_to), 0)::bigint + v_behind, coalesce(max(m.up_to) FILTER (WHERE m.up_to < p_offset), 0)::bigint,
    coalesce(max(m.last_id::text) FILTER (WHERE m.up_to < p_offset), '00000000-0000-0000-0000-000000000000')::uuid
  INTO v_all, v_before, v_milestone
  FROM (SELECT l.last_id, sum(l.resources) OVER (ORDER BY l.last_id) AS up_to FROM milestones l
        WHERE l.tenant_id = p_tenant AND l.list = p_list) m;
  IF p_offset = 0 OR p_offset >= v_all THEN
    RETURN QUERY SELECT NULL::uuid, v_all;
    RETURN;
  END IF;
  v_skip := p_offset - v_before - 1;
  IF p_list = 1 THEN
    RETURN QUERY SELECT u.user_id, v_all FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_id > v_milestone AND u.created_at > '-infinity'
      ORDER BY u.user_id OFFSET v_skip LIMIT 1;
  ELSE
    RETURN QUERY SELECT g.group_id, v_all FROM groups g
      WHERE g.tenant_id = p_tenant AND g.group_id > v_milestone AND g.created_at > '-infinity'
      ORDER BY g.group_id OFFSET v_skip LIMIT 1;
  END IF;
END $$;

-- The cursor of a listing at an index: that of the page which last ended before it.
CREATE FUNCTION recall_position(p_tenant uuid, p_listing bytea, p_index bigint) RETURNS TABLE (sealed text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT l.cursors[array_position(l.indexes, p_index)] FROM list_positions l
    WHERE l.tenant_id = p_tenant AND l.listing = p_listing AND p_index = ANY (l.indexes);
END $$;

-- Keeps the cursor of a listing at an index, and the 15 before it; of a workspace the 100 listings used last. Nobody
-- waits until it is on disk: a page without a position is found by counting.
CREATE FUNCTION remember_position(p_tenant uuid, p_listing bytea, p_index bigint, p_cursor text, p_now timestamptz)
RETURNS TABLE (remembered boolean) LANGUAGE plpgsql AS $$
DECLARE
  v_gone bytea[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  SET LOCAL synchronous_commit = off;
  UPDATE list_positions l SET indexes = (p_index || l.indexes)[1:16], cursors = (p_cursor || l.cursors)[1:16],
    remembered_at = p_now
  WHERE l.tenant_id = p_tenant AND l.listing = p_listing;
  IF NOT FOUND THEN
    INSERT INTO list_positions AS l (tenant_id, listing, indexes, cursors, remembered_at)
    VALUES (p_tenant, p_listing, ARRAY[p_index], ARRAY[p_cursor], p_now)
    ON CONFLICT (tenant_id, listing) DO NOTHING;
    v_gone := ARRAY(SELECT l.listing FROM list_positions l WHERE l.tenant_id = p_tenant
      ORDER BY l.remembered_at DESC OFFSET 100);
    DELETE FROM list_positions l WHERE l.tenant_id = p_tenant AND l.listing = ANY (v_gone);
  END IF;
  RETURN QUERY SELECT true;
END $$;
