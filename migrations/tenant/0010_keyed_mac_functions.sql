-- Functions only.

DROP FUNCTION find_token(uuid, text);

-- The hot path of token checks: one statement, one transaction, one round trip.
CREATE FUNCTION find_token(p_tenant uuid, p_lookup text)
RETURNS TABLE (token_id uuid, app_id uuid, hash text, mac bytea, mac_key text, expires_at timestamptz,
               revoked_at timestamptz, slug text, suspended boolean, scim boolean, policy_version bigint,
               strict boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY
    SELECT t.token_id, t.app_id, t.hash, t.mac, t.mac_key, t.expires_at, t.revoked_at, w.slug, w.suspended, p.scim,
           w.policy_version, a.strict
    FROM tokens t
    JOIN apps a ON a.tenant_id = t.tenant_id AND a.app_id = t.app_id
    JOIN workspaces w ON w.tenant_id = t.tenant_id AND w.tenant_id = p_tenant
    JOIN plans p ON p.plan_id = w.plan_id
    WHERE t.tenant_id = p_tenant AND t.lookup_id = p_lookup;
END $$;

-- Counts an attempt of one place. Of what was counted before, one fades every `p_fades`. Gives the time until
-- which attempts are refused, or NULL where this one may go on. Beyond the free ones each attempt makes the
-- next wait twice as long as the one before: 30 s to 16 min.
CREATE FUNCTION count_attempt(p_tenant uuid, p_account uuid, p_place int, p_now timestamptz, p_free int,
                              p_fades interval) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  v_row sign_in_attempts;
  v_failures double precision;
BEGIN
  INSERT INTO sign_in_attempts (tenant_id, account, place, failures, failed_at)
  VALUES (p_tenant, p_account, p_place, 0, p_now) ON CONFLICT (tenant_id, account, place) DO NOTHING;
  SELECT * INTO v_row FROM sign_in_attempts a
  WHERE a.tenant_id = p_tenant AND a.account = p_account AND a.place = p_place FOR UPDATE;
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

-- Counts an attempt before it is judged, so that parallel guesses count too. The peer has 10 free ones, of which
-- one comes back every 10 minutes; peers from which no one has signed in before have 100 together, of which one
-- comes back every 36 seconds.
CREATE FUNCTION begin_attempt(p_tenant uuid, p_account uuid, p_place int, p_now timestamptz)
RETURNS TABLE (blocked_until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  v_until timestamptz;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  v_until := count_attempt(p_tenant, p_account, p_place, p_now, 10, interval '10 minutes');
  IF v_until IS NULL AND p_place >= 0 AND NOT EXISTS (
    SELECT 1 FROM sign_in_attempts a
    WHERE a.tenant_id = p_tenant AND a.account = p_account AND a.place = p_place AND a.known_until > p_now) THEN
    v_until := count_attempt(p_tenant, p_account, -1, p_now, 100, interval '36 seconds');
  END IF;
  RETURN QUERY SELECT v_until;
END $$;

-- The password was right: forgets the peer's wrong ones, and remembers the peer for 90 days.
CREATE FUNCTION succeed_attempt(p_tenant uuid, p_account uuid, p_place int, p_now timestamptz)
RETURNS TABLE (done int) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  UPDATE sign_in_attempts a SET failures = 0, blocked_until = NULL, known_until = p_now + interval '90 days'
  WHERE a.tenant_id = p_tenant AND a.account = p_account AND a.place = p_place;
  RETURN QUERY SELECT 1;
END $$;
