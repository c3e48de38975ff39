-- Functions only.

DROP FUNCTION find_token(uuid, text);

-- The hot path of token checks: one statement, one transaction, one round trip. `stable_external_ids` was a second
-- one; versions before this one call it.
CREATE FUNCTION find_token(p_tenant uuid, p_lookup text)
RETURNS TABLE (token_id uuid, app_id uuid, hash text, mac bytea, mac_key text, expires_at timestamptz,
               revoked_at timestamptz, slug text, suspended boolean, scim boolean, policy_version bigint,
               strict boolean, external_id_stable boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY
    SELECT t.token_id, t.app_id, t.hash, t.mac, t.mac_key, t.expires_at, t.revoked_at, w.slug, w.suspended, p.scim,
           w.policy_version, a.strict, a.external_id_stable
    FROM tokens t
    JOIN apps a ON a.tenant_id = t.tenant_id AND a.app_id = t.app_id
    JOIN workspaces w ON w.tenant_id = t.tenant_id AND w.tenant_id = p_tenant
    JOIN plans p ON p.plan_id = w.plan_id
    WHERE t.tenant_id = p_tenant AND t.lookup_id = p_lookup;
END $$;
