-- What time it is, in a function of its own, which dev mode replaces where its clock is moved; the service refuses to
-- serve from a database in which it is another than here. Functions only.

CREATE FUNCTION app_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- As before, by app_clock(): what is younger than a day by it stays.
CREATE OR REPLACE FUNCTION expire_log_entries(p_before timestamptz, p_most int) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH old AS (
    SELECT tenant_id, entry_id FROM provisioning_log
    WHERE logged_at < (SELECT least(p_before, app_clock() - interval '1 day')) LIMIT p_most
  ), gone AS (
    DELETE FROM provisioning_log l USING old WHERE l.tenant_id = old.tenant_id AND l.entry_id = old.entry_id
    RETURNING 1
  ) SELECT count(*) FROM gone
$$;

-- As before, by app_clock(): a row that still counts by it stays.
CREATE OR REPLACE FUNCTION expire_attempts(p_now timestamptz, p_most int) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH old AS (
    SELECT tenant_id, account, place FROM sign_in_attempts
    WHERE failed_at < (SELECT least(p_now, app_clock()))
      AND failed_at + failures * interval '10 minutes' < least(p_now, app_clock())
      AND coalesce(blocked_until < least(p_now, app_clock()), true)
      AND coalesce(known_until < least(p_now, app_clock()), true)
    ORDER BY failed_at LIMIT p_most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM sign_in_attempts a USING old
    WHERE a.tenant_id = old.tenant_id AND a.account = old.account AND a.place = old.place
    RETURNING 1
  ) SELECT count(*) FROM gone
$$;
