-- Functions only.

-- Deletes entries of all workspaces' provisioning logs that are older than a time, at most some of them; gives
-- how many. It runs as its owner, so it does not believe its caller: what is younger than a day, the shortest
-- time that entries are kept, stays whatever time is asked for. The time is a sub-select, because an index is never
-- searched for what a volatile function gives.
CREATE OR REPLACE FUNCTION expire_log_entries(p_before timestamptz, p_most int) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH old AS (
    SELECT tenant_id, entry_id FROM provisioning_log
    WHERE logged_at < (SELECT least(p_before, clock_timestamp() - interval '1 day')) LIMIT p_most
  ), gone AS (
    DELETE FROM provisioning_log l USING old WHERE l.tenant_id = old.tenant_id AND l.entry_id = old.entry_id
    RETURNING 1
  ) SELECT count(*) FROM gone
$$;
