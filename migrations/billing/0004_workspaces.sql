-- Functions only.

-- The workspaces that have a ledger, for operators' reports over all of them. It sees all of them,
-- as its owner does, and tells nothing but ids.
CREATE FUNCTION ledger_workspaces(p_after uuid, p_most int) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public AS $$
  SELECT tenant_id FROM ledgers WHERE tenant_id > p_after ORDER BY tenant_id LIMIT p_most
$$;
