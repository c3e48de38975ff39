-- Functions only.

-- Limits of all workspaces that were set since a time, oldest first, for identity, which enforces
-- them. It sees all workspaces, as its owner does.
CREATE FUNCTION seat_limits_since(p_after timestamptz, p_most int)
RETURNS TABLE (tenant_id uuid, pool text, version bigint, plan_version bigint, quantity bigint, policy text,
               committed bigint, set_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT l.tenant_id, l.pool, l.version, l.plan_version, l.quantity, l.policy, l.committed, l.set_at FROM seat_limits l
  WHERE l.set_at >= p_after ORDER BY l.set_at, l.tenant_id, l.pool, l.version LIMIT p_most
$$;
