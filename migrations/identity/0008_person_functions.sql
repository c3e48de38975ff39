-- Functions only.

-- What persons are called, of each who has a user: of several an active one counts, then the one changed
-- last. No name is longer than a displayName can be, so that an answer has a bound.
CREATE FUNCTION person_names(p_tenant uuid, p_persons uuid[])
RETURNS TABLE (person_key uuid, display text, user_name text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT DISTINCT ON (u.person_key) u.person_key, left(coalesce(
    nullif(btrim(u.resource ->> 'displayName'), ''),
    nullif(btrim(u.resource #>> '{name,formatted}'), ''),
    nullif(btrim(concat_ws(' ', u.resource #>> '{name,givenName}', u.resource #>> '{name,familyName}')), ''),
    u.user_name), 512), u.user_name
  FROM users u WHERE u.tenant_id = p_tenant AND u.person_key = ANY (p_persons)
  ORDER BY u.person_key, u.active DESC, u.updated_at DESC, u.user_id DESC;
END $$;
