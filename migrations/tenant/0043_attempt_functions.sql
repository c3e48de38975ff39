-- Functions only.

-- Counts an attempt of one place. Of what was counted before, one fades every `p_fades`. Gives the time until
-- which attempts are refused, or NULL where this one may go on. Beyond the free ones each attempt makes the
-- next wait twice as long as the one before: 30 s to 16 min. The row is made, or locked, in one statement, so that
-- one which is pruned meanwhile does not let an attempt go uncounted.
CREATE OR REPLACE FUNCTION count_attempt(p_tenant uuid, p_account uuid, p_place int, p_now timestamptz, p_free int,
                                         p_fades interval) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  v_row sign_in_attempts;
  v_failures double precision;
BEGIN
  INSERT INTO sign_in_attempts AS a (tenant_id, account, place, failures, failed_at)
  VALUES (p_tenant, p_account, p_place, 0, p_now)
  ON CONFLICT (tenant_id, account, place) DO UPDATE SET failures = a.failures
  RETURNING a.* INTO v_row;
  IF v_row.blocked_until > p_now THEN
    RETURN v_row.blocked_until;
  END IF;
  v_failures := 1 + greatest(0, v_row.failures
    - extract(epoch FROM greatest(p_now - v_row.failed_at, interval '0')) / extract(epoch FROM p_fades));
  UPDATE sign_in_attempts a SET failures = v_failures, failed_at = p_now,
    blocked_until = CASE WHEN round(v_failures) >= p_free
      THEN p_now + interval '30 seconds' * (2 ^ least(round(v_failures) - p_free, 5)) END
  WHERE a.tenant_id = p_tenant AND a.account = p_account AND a.place = p_place;
  RETURN NULL;
END $$;

-- Deletes attempts of all workspaces that no decision reads any more, at most some of them; gives how many. What was
-- counted has faded (one in 10 minutes at the slowest), nothing is refused any more, and the peer is not known. It runs
-- as its owner, so it does not believe its caller: a row that still counts by the database's own clock stays. A
-- row that is locked, because an attempt is being counted, is left for the next run. The time is a sub-select, because
-- an index is never searched for what a volatile function gives.
CREATE FUNCTION expire_attempts(p_now timestamptz, p_most int) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH old AS (
    SELECT tenant_id, account, place FROM sign_in_attempts
    WHERE failed_at < (SELECT least(p_now, clock_timestamp()))
      AND failed_at + failures * interval '10 minutes' < least(p_now, clock_timestamp())
      AND coalesce(blocked_until < least(p_now, clock_timestamp()), true)
      AND coalesce(known_until < least(p_now, clock_timestamp()), true)
    ORDER BY failed_at LIMIT p_most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM sign_in_attempts a USING old
    WHERE a.tenant_id = old.tenant_id AND a.account = old.account AND a.place = old.place
    RETURNING 1
  ) SELECT count(*) FROM gone
$$;
