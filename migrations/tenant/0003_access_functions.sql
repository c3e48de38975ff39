-- The hot path of token checks: one statement, one transaction, one round trip. Functions only.

CREATE FUNCTION find_token(p_tenant uuid, p_lookup text)
RETURNS TABLE (token_id uuid, app_id uuid, hash text, expires_at timestamptz, revoked_at timestamptz,
               slug text, suspended boolean, scim boolean, policy_version bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY
    SELECT t.token_id, t.app_id, t.hash, t.expires_at, t.revoked_at, w.slug, w.suspended, p.scim, w.policy_version
    FROM tokens t
    JOIN workspaces w ON w.tenant_id = t.tenant_id AND w.tenant_id = p_tenant
    JOIN plans p ON p.plan_id = w.plan_id
    WHERE t.tenant_id = p_tenant AND t.lookup_id = p_lookup;
END $$;

-- Counts an attempt before it is judged, so that parallel guesses count too. Gives the time until
-- which attempts are refused, or NULL where this one may go on.
CREATE FUNCTION begin_password_attempt(p_tenant uuid, p_bucket int, p_now timestamptz, p_free int)
RETURNS TABLE (blocked_until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  v_row password_attempts;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  INSERT INTO password_attempts (tenant_id, bucket, failures) VALUES (p_tenant, p_bucket, 0)
  ON CONFLICT (tenant_id, bucket) DO NOTHING;
  SELECT * INTO v_row FROM password_attempts a WHERE a.tenant_id = p_tenant AND a.bucket = p_bucket FOR UPDATE;
  IF v_row.blocked_until > p_now THEN
    RETURN QUERY SELECT v_row.blocked_until;
    RETURN;
  END IF;
  -- Beyond the free ones each attempt waits twice as long as the one before: 30 s to 16 min.
  UPDATE password_attempts a SET failures = v_row.failures + 1,
    blocked_until = CASE WHEN v_row.failures + 1 >= p_free
      THEN p_now + interval '30 seconds' * (2 ^ least(v_row.failures + 1 - p_free, 5)) END
  WHERE a.tenant_id = p_tenant AND a.bucket = p_bucket;
  RETURN QUERY SELECT NULL::timestamptz;
END $$;

-- All workspaces, for operators. It sees all of them, as its owner does.
CREATE FUNCTION list_workspaces(p_after text, p_most int)
RETURNS TABLE (tenant_id uuid, slug text, name text, plan_id uuid, suspended boolean, seat_policy text,
               seat_limit bigint, policy_version bigint, created_at timestamptz,
               plan_name text, plan_scim boolean, plan_enforce_domains boolean,
               plan_collaborators_at_least bigint, plan_collaborators_percent bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  SELECT w.tenant_id, w.slug, w.name, w.plan_id, w.suspended, w.seat_policy, w.seat_limit, w.policy_version,
         w.created_at, p.name, p.scim, p.enforce_domains, p.collaborators_at_least, p.collaborators_percent
  FROM workspaces w JOIN plans p ON p.plan_id = w.plan_id
  WHERE w.slug > p_after ORDER BY w.slug LIMIT p_most
$$;
