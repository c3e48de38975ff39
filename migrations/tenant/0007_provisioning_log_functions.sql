-- Functions only.

-- Deletes entries of all workspaces that are older than a time, at most so many, and gives their number.
-- It acts on all workspaces, as its owner does; the runtime role itself may not delete entries.
CREATE FUNCTION expire_log_entries(p_before timestamptz, p_most int) RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = public AS $$
  WITH old AS (
    SELECT tenant_id, entry_id FROM provisioning_log WHERE logged_at < p_before LIMIT p_most
  ), gone AS (
    DELETE FROM provisioning_log l USING old WHERE l.tenant_id = old.tenant_id AND l.entry_id = old.entry_id
    RETURNING 1
  ) SELECT count(*) FROM gone
$$;
