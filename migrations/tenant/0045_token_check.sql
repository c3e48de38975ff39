-- Functions only. `find_token` and `stable_external_ids` stay for processes of the version before: a connection that has
-- prepared a call fails when the type of its result changes.

-- The hot path of token checks: one statement, one transaction, one round trip. The token is looked up first, then, each by its key, what it is of: no plan
-- reads all of a workspace's apps to find the token among theirs.
CREATE FUNCTION check_token(p_tenant uuid, p_lookup text)
RETURNS TABLE (token_id uuid, app_id uuid, hash text, mac bytea, mac_key text, expires_at timestamptz,
               revoked_at timestamptz, slug text, suspended boolean, scim boolean, policy_version bigint,
               strict boolean, external_id_stable boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY
    SELECT t.token_id, t.app_id, t.hash, t.mac, t.mac_key, t.expires_at, t.revoked_at, w.slug, w.suspended, p.scim,
           w.policy_version, a.strict, a.external_id_stable
    FROM (SELECT * FROM tokens k WHERE k.tenant_id = p_tenant AND k.lookup_id = p_lookup OFFSET 0) t
    JOIN LATERAL (
      SELECT b.strict, b.external_id_stable FROM apps b WHERE b.tenant_id = p_tenant AND b.app_id = t.app_id OFFSET 0
    ) a ON true
    JOIN LATERAL (
      SELECT * FROM workspaces v WHERE v.tenant_id = p_tenant AND t.token_id IS NOT NULL OFFSET 0
    ) w ON true
    JOIN LATERAL (SELECT q.scim FROM plans q WHERE q.plan_id = w.plan_id OFFSET 0) p ON true;
END $$;
