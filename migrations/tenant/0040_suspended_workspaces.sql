-- Functions only.

-- Which of some workspaces are suspended. It sees all workspaces, as its owner does, and tells nothing but ids.
CREATE FUNCTION suspended_workspaces(p_ids uuid[]) RETURNS TABLE (id uuid) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT w.tenant_id FROM workspaces w WHERE w.tenant_id = ANY (p_ids) AND w.suspended
$$;
