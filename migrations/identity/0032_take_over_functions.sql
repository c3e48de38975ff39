-- As before, and reads one workspace in order. Functions only.

-- Some users of an app become the other's, the oldest first, each with an entry of the change log; when none is left,
-- so do those who were deleted. Gives how many, and whether there are more.
CREATE OR REPLACE FUNCTION take_over_users(
  p_tenant uuid, p_now timestamptz, p_from text, p_to text, p_most int, p_actor text, p_request text
) RETURNS TABLE (taken int, more boolean) LANGUAGE plpgsql AS $$
DECLARE
  v_users uuid[];
  v_user record;
  v_taken int := 0;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  -- All users before the head row, here as everywhere.
  v_users := ARRAY(SELECT u.user_id FROM users u WHERE u.tenant_id = p_tenant AND u.created_at > '-infinity' AND u.connection = p_from
                   ORDER BY u.user_id LIMIT p_most FOR UPDATE);
  FOR v_user IN
    SELECT u.user_id, u.version, u.user_type, u.person_key, u.active FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_id = ANY (v_users) ORDER BY u.user_id
  LOOP
    UPDATE users SET connection = p_to, version = version + 1, updated_at = p_now
    WHERE tenant_id = p_tenant AND user_id = v_user.user_id;
    PERFORM append_change(p_tenant, p_now, 2::smallint, v_user.user_id, v_user.version + 1, '{externalId}', p_actor,
      p_request, CASE WHEN v_user.active THEN v_user.user_type END, CASE WHEN v_user.active THEN v_user.user_type END,
      v_user.user_type, 'scim.user_type', NULL, v_user.person_key, false);
    v_taken := v_taken + 1;
  END LOOP;
  IF v_taken < p_most THEN
    UPDATE deleted_users SET connection = p_to 
    WHERE tenant_id = p_tenant AND deleted_at > '-infinity' AND connection = p_from;
  END IF;
  RETURN QUERY SELECT v_taken, v_taken = p_most;
END $$;
