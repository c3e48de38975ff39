-- Functions only.

-- The workspaces that have a ledger, for operators' reports over all of them. It sees all of them,
-- as its owner does, and tells nothing but ids.
CREATE FUNCTION ledger_workspaces(p_after uuid, p_most int) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public AS $$
  SELECT tenant_id FROM ledgers WHERE tenant_id > p_after ORDER BY tenant_id LIMIT p_most
$$;

-- The workspaces whose turn of a job has come, the longest ago first. It locks nothing: a turn is taken
-- in its own workspace.
CREATE FUNCTION jobs_due(p_job text, p_now timestamptz, p_most int) RETURNS TABLE (tenant_id uuid, run_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT j.tenant_id, j.run_at FROM jobs j WHERE j.job = p_job AND j.run_at <= p_now
  ORDER BY j.run_at, j.tenant_id LIMIT p_most
$$;

-- How many workspaces are in trouble with a job.
CREATE FUNCTION jobs_in_trouble(p_job text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT count(*) FROM jobs j WHERE j.job = p_job AND j.trouble_since IS NOT NULL
$$;
