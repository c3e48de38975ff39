-- Functions only.

-- So many seats as a share of the paid licences gives: so many in a hundred, rounded up, and never
-- fewer than the least. NULL, unlimited, where the licences are or no share is. Billing computes the same.
CREATE FUNCTION share_of(p_at_least bigint, p_percent bigint, p_licences bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_percent IS NOT NULL AND p_licences IS NOT NULL THEN
    greatest(p_at_least, least(div(p_percent::numeric * p_licences + 99, 100), 9223372036854775807)::bigint) END
$$;

-- Takes over what a version of the workspace's policy gives, before anything is judged by it. A share is
-- of what is committed, as billing last said, else of the paid limit.
CREATE FUNCTION take_plan_limits(
  p_tenant uuid, p_version bigint, p_policy text, p_paid bigint, p_at_least bigint, p_percent bigint
) RETURNS TABLE (taken boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  INSERT INTO seat_limits AS l (tenant_id, pool, source, version, quantity, policy)
  VALUES (p_tenant, 'paid', 'plan', p_version, p_paid, p_policy)
  ON CONFLICT (tenant_id, pool, source) DO UPDATE
    SET version = excluded.version, quantity = excluded.quantity, policy = excluded.policy
    WHERE l.version < excluded.version;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false;
    RETURN;
  END IF;
  INSERT INTO seat_limits AS l (tenant_id, pool, source, version, quantity, policy, at_least, percent)
  VALUES (p_tenant, 'collaborator', 'plan', p_version, NULL, p_policy, p_at_least, p_percent)
  ON CONFLICT (tenant_id, pool, source) DO UPDATE
    SET version = excluded.version, policy = excluded.policy, at_least = excluded.at_least, percent = excluded.percent;
  UPDATE seat_limits l SET quantity = share_of(l.at_least, l.percent, coalesce(nullif(l.committed, 0), (
    SELECT p.quantity FROM seat_limits p WHERE p.tenant_id = p_tenant AND p.pool = 'paid' AND p.holds ORDER BY p.source LIMIT 1
  ))) WHERE l.tenant_id = p_tenant AND l.pool = 'collaborator' AND l.source = 'plan';
  RETURN QUERY SELECT true;
END $$;

-- Takes over a version of billing's, unless a later one is here. With p_plan_version billing has set
-- nothing itself: the plan's limit holds, and the quantity is what billing makes of that version of it.
CREATE FUNCTION take_billing_limit(
  p_tenant uuid, p_pool text, p_version bigint, p_quantity bigint, p_policy text, p_plan_version bigint, p_committed bigint
) RETURNS TABLE (taken boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  INSERT INTO seat_limits AS l (tenant_id, pool, source, version, holds, quantity, policy)
  VALUES (p_tenant, p_pool, 'billing', p_version, p_plan_version IS NULL, p_quantity, p_policy)
  ON CONFLICT (tenant_id, pool, source) DO UPDATE
    SET version = excluded.version, holds = excluded.holds, quantity = excluded.quantity, policy = excluded.policy
    WHERE l.version < excluded.version;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false;
    RETURN;
  END IF;
  UPDATE seat_limits l SET committed = p_committed,
    quantity = CASE WHEN l.version = p_plan_version THEN p_quantity ELSE l.quantity END
  WHERE l.tenant_id = p_tenant AND l.pool = p_pool AND l.source = 'plan';
  RETURN QUERY SELECT true;
END $$;

-- Says up to when everything has been recorded: whatever comes later is effective later, because the
-- head row has the time and no writer holds it. Beside it, what the workspace's plan gives.
CREATE FUNCTION advance_watermark(p_tenant uuid, p_now timestamptz)
RETURNS TABLE (epoch bigint, as_of timestamptz, last_sequence bigint, plan_limits jsonb) LANGUAGE plpgsql AS $$
DECLARE
  v_limits jsonb;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  SELECT coalesce(jsonb_agg(to_jsonb(l)), '[]') INTO v_limits FROM seat_limits l
  WHERE l.tenant_id = p_tenant AND l.source = 'plan';
  RETURN QUERY UPDATE heads h SET last_effective_at = greatest(p_now, h.last_effective_at)
    WHERE h.tenant_id = p_tenant RETURNING h.epoch, h.last_effective_at, h.seat_sequence, v_limits;
END $$;

-- Every workspace that ever had a write, page by page. It sees all workspaces, as its owner does, and
-- tells nothing but ids.
CREATE FUNCTION workspaces_with_seats(p_after uuid, p_most int) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public AS $$
  SELECT h.tenant_id FROM heads h WHERE h.tenant_id > p_after AND h.seat_sequence > 0 ORDER BY h.tenant_id LIMIT p_most
$$;
