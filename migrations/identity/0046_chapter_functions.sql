-- Functions only.

-- Counts a resource that came into a list (1) or left it (-1), as the last act of its write: the head row is locked, so
-- nothing waits here. Up to the last milestone, one of them changes, and its chapter, and of 256 it is made two. After
-- it nothing changes, but that those there are counted after 128 changes of the workspace, and make a milestone if they
-- are enough.
CREATE OR REPLACE FUNCTION count_resource(p_tenant uuid, p_list smallint, p_id uuid, p_by bigint) RETURNS void LANGUAGE plpgsql AS $$
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
    IF p_by > 0 AND v_changes >= 128 THEN
      PERFORM end_milestone(p_tenant, p_list, v_until);
    END IF;
    RETURN;
  END IF;
  UPDATE milestones SET resources = greatest(resources + p_by, 0)
  WHERE tenant_id = p_tenant AND list = p_list AND last_id = (
    SELECT m.last_id FROM milestones m
    WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id >= p_id ORDER BY m.last_id LIMIT 1)
  RETURNING last_id, resources INTO v_last, v_resources;
  UPDATE milestones SET resources = greatest(resources + p_by, 0)
  WHERE tenant_id = p_tenant AND list = p_list + 10 AND last_id = (
    SELECT m.last_id FROM milestones m
    WHERE m.tenant_id = p_tenant AND m.list = p_list + 10 AND m.last_id >= p_id ORDER BY m.last_id LIMIT 1);
  IF v_resources = 0 AND v_last < v_until THEN
    -- But for the one that a chapter ends with.
    DELETE FROM milestones m WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id = v_last AND NOT EXISTS (
      SELECT 1 FROM milestones c WHERE c.tenant_id = p_tenant AND c.list = p_list + 10 AND c.last_id = v_last);
  ELSIF v_resources >= 256 AND p_by > 0 THEN
    PERFORM split_milestone(p_tenant, p_list, v_last);
  END IF;
END $$;

-- Counts those after the last milestone, and the milestones after the last chapter. Without bitmaps, here as below:
-- these read all that is behind an id, and sort it.
CREATE OR REPLACE FUNCTION end_milestone(p_tenant uuid, p_list smallint, p_after uuid) RETURNS void LANGUAGE plpgsql
SET enable_bitmapscan = off AS $$
DECLARE
  v_ids uuid[];
  v_until uuid := p_after;
  v_milestones bigint;
  v_resources bigint;
BEGIN
  IF p_list = 1 THEN
    v_ids := ARRAY(SELECT u.user_id FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_id > p_after AND u.created_at > '-infinity' ORDER BY u.user_id);
  ELSE
    v_ids := ARRAY(SELECT g.group_id FROM groups g
      WHERE g.tenant_id = p_tenant AND g.group_id > p_after AND g.created_at > '-infinity' ORDER BY g.group_id);
  END IF;
  IF cardinality(v_ids) >= 64 THEN
    v_until := v_ids[cardinality(v_ids)];
    INSERT INTO milestones (tenant_id, list, last_id, resources) VALUES (p_tenant, p_list, v_until, cardinality(v_ids));
    SELECT count(*), sum(m.resources) INTO v_milestones, v_resources FROM milestones m
    WHERE m.tenant_id = p_tenant AND m.list = p_list
      AND m.last_id > milestone_before(p_tenant, (p_list + 10)::smallint, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    IF v_milestones >= 64 THEN
      INSERT INTO milestones (tenant_id, list, last_id, resources) VALUES (p_tenant, p_list + 10, v_until, v_resources);
    END IF;
  END IF;
  IF p_list = 1 THEN
    UPDATE heads SET users_until = v_until, users_counted_at = change_sequence WHERE tenant_id = p_tenant;
  ELSE
    UPDATE heads SET groups_until = v_until, groups_counted_at = change_sequence WHERE tenant_id = p_tenant;
  END IF;
END $$;

-- Makes two milestones of one.
CREATE OR REPLACE FUNCTION split_milestone(p_tenant uuid, p_list smallint, p_last uuid) RETURNS void LANGUAGE plpgsql
SET enable_bitmapscan = off AS $$
DECLARE
  v_middle uuid;
  v_after uuid;
BEGIN
  v_after := milestone_before(p_tenant, p_list, p_last);
  IF p_list = 1 THEN
    SELECT u.user_id INTO v_middle FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_id > v_after AND u.created_at > '-infinity'
    ORDER BY u.user_id OFFSET 127 LIMIT 1;
  ELSE
    SELECT g.group_id INTO v_middle FROM groups g
    WHERE g.tenant_id = p_tenant AND g.group_id > v_after AND g.created_at > '-infinity'
    ORDER BY g.group_id OFFSET 127 LIMIT 1;
  END IF;
  IF v_middle < p_last THEN
    INSERT INTO milestones (tenant_id, list, last_id, resources) VALUES (p_tenant, p_list, v_middle, 128);
    UPDATE milestones SET resources = resources - 128
    WHERE tenant_id = p_tenant AND list = p_list AND last_id = p_last;
  END IF;
END $$;

-- The milestone before an id; the nil id where there is none. STABLE, as all that only read are: they see what the
-- statement that calls them sees, and not between two of their own statements what another writer commits meanwhile.
CREATE OR REPLACE FUNCTION milestone_before(p_tenant uuid, p_list smallint, p_id uuid) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN coalesce((
    SELECT m.last_id FROM milestones m WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id < p_id
    ORDER BY m.last_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000');
END $$;

-- The last milestone before an id, and how many resources there are up to it; the nil id and 0 where there is none.
CREATE FUNCTION count_until(p_tenant uuid, p_list smallint, p_id uuid, OUT milestone uuid, OUT resources bigint)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_chapter uuid := milestone_before(p_tenant, (p_list + 10)::smallint, p_id);
BEGIN
  milestone := milestone_before(p_tenant, p_list, p_id);
  resources := (SELECT coalesce(sum(m.resources::int), 0) FROM milestones m
      WHERE m.tenant_id = p_tenant AND m.list = p_list + 10 AND m.last_id <= v_chapter)
    + (SELECT coalesce(sum(m.resources::int), 0) FROM milestones m
      WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id > v_chapter AND m.last_id < p_id);
END $$;

-- The last milestone after `p_after` and not after `p_until` that has fewer than `p_fewer_than` resources between
-- `p_after` and itself, and the number of these resources. Returns `p_after` and 0 if there is no such milestone.
CREATE FUNCTION milestone_within(
  p_tenant uuid, p_list smallint, p_after uuid, p_until uuid, p_fewer_than bigint, OUT milestone uuid, OUT resources bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT s.last_id, s.up_to INTO milestone, resources FROM (
    SELECT m.last_id, sum(m.resources::int) OVER (ORDER BY m.last_id ROWS UNBOUNDED PRECEDING) AS up_to FROM milestones m
    WHERE m.tenant_id = p_tenant AND m.list = p_list AND m.last_id > p_after AND m.last_id <= p_until) s
  WHERE s.up_to < p_fewer_than ORDER BY s.last_id DESC LIMIT 1;
  IF NOT FOUND THEN
    milestone := p_after;
    resources := 0;
  END IF;
END $$;

-- Where a page of a whole list begins, in a transaction that has set the tenant. With p_after, behind that id, where
-- the page before it ended, and p_offset resources were shown before; else behind p_offset resources. `total` is that
-- of all, and of those who were shown and are gone, so that indexes go on to the end. The cost is that of the chapters,
-- of the milestones of two of them, and of the resources of two milestones.
CREATE OR REPLACE FUNCTION list_start(p_tenant uuid, p_list smallint, p_offset bigint, p_after uuid)
RETURNS TABLE (after uuid, total bigint) LANGUAGE plpgsql STABLE SET enable_bitmapscan = off AS $$
DECLARE
  v_all bigint;
  v_before bigint;
  v_milestone uuid;
  v_resources bigint;
  v_skip bigint;
BEGIN
  SELECT c.milestone, c.resources INTO v_milestone, v_all
  FROM count_until(p_tenant, p_list, 'ffffffff-ffff-ffff-ffff-ffffffffffff') c;
  IF p_list = 1 THEN
    v_all := v_all + (SELECT count(*) FROM users u
      WHERE u.tenant_id = p_tenant AND u.user_id > v_milestone AND u.created_at > '-infinity');
  ELSE
    v_all := v_all + (SELECT count(*) FROM groups g
      WHERE g.tenant_id = p_tenant AND g.group_id > v_milestone AND g.created_at > '-infinity');
  END IF;
  IF p_after IS NOT NULL THEN
    SELECT c.milestone, c.resources INTO v_milestone, v_before FROM count_until(p_tenant, p_list, p_after) c;
    IF p_list = 1 THEN
      v_before := v_before + (SELECT count(*) FROM users u WHERE u.tenant_id = p_tenant
        AND u.user_id > v_milestone AND u.user_id <= p_after AND u.created_at > '-infinity');
    ELSE
      v_before := v_before + (SELECT count(*) FROM groups g WHERE g.tenant_id = p_tenant
        AND g.group_id > v_milestone AND g.group_id <= p_after AND g.created_at > '-infinity');
    END IF;
    RETURN QUERY SELECT p_after, p_offset + v_all - v_before;
    RETURN;
  ELSIF p_offset = 0 OR p_offset >= v_all THEN
    RETURN QUERY SELECT NULL::uuid, v_all;
    RETURN;
  END IF;
  SELECT w.milestone, w.resources INTO v_milestone, v_before
  FROM milestone_within(p_tenant, (p_list + 10)::smallint, '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff', p_offset) w;
  SELECT w.milestone, w.resources INTO v_milestone, v_resources
  FROM milestone_within(p_tenant, p_list, v_milestone, coalesce((
    SELECT c.last_id FROM milestones c WHERE c.tenant_id = p_tenant AND c.list = p_list + 10 AND c.last_id > v_milestone
    ORDER BY c.last_id LIMIT 1), 'ffffffff-ffff-ffff-ffff-ffffffffffff'), p_offset - v_before) w;
  v_skip := p_offset - v_before - v_resources - 1;
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
