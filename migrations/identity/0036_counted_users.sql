-- As before, and counted in their lists. Functions only.

-- Creates a user: 'created', 'user_name_taken', or, with p_revive, 'inactive' with the id of an inactive user who is
-- meant: by the client's id at the same connection, else by the name where one side has no client's id or both have
-- the same one of the same connection. Because clients give ids of people who left to others, an id means somebody
-- only where the name or the primary address agrees as well, or with p_stable, which says that the client never does.
CREATE OR REPLACE FUNCTION create_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_several_work_emails boolean,
  p_other_emails boolean, p_resource jsonb, p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid,
  p_new_person uuid, p_connection text, p_revive boolean, p_stable boolean DEFAULT false
) RETURNS TABLE (outcome text, match uuid) LANGUAGE plpgsql AS $$
DECLARE
  v_person uuid;
  v_match uuid;
BEGIN
  PERFORM app_set_tenant(p_tenant);
  IF p_external_id IS NOT NULL THEN
    SELECT CASE WHEN p_revive AND NOT u.active THEN u.user_id END, u.person_key INTO v_match, v_person FROM users u
    WHERE u.tenant_id = p_tenant AND u.external_id = p_external_id AND u.connection = p_connection
      AND (p_stable OR u.user_name_key = p_user_name_key
        OR primary_email_key(u.resource) = primary_email_key(p_resource))
    ORDER BY u.active, u.user_name_key = p_user_name_key DESC, u.user_id LIMIT 1;
    IF v_match IS NOT NULL THEN
      RETURN QUERY SELECT 'inactive', v_match;
      RETURN;
    END IF;
    -- The same person as another user, or one who was deleted: by the client's id at the same connection,
    -- else by the name where one side has no client's id.
    IF v_person IS NULL THEN
      SELECT d.person_key INTO v_person FROM deleted_users d
      WHERE d.tenant_id = p_tenant AND d.external_id = p_external_id AND d.connection = p_connection
        AND (p_stable OR d.user_name_key = p_user_name_key OR d.email_hash = sha256(convert_to(primary_email_key(p_resource), 'UTF8')))
      ORDER BY d.deleted_at DESC LIMIT 1;
    END IF;
  END IF;
  IF v_person IS NULL THEN
    SELECT d.person_key INTO v_person FROM deleted_users d
    WHERE d.tenant_id = p_tenant AND d.user_name_key = p_user_name_key
      AND (p_external_id IS NULL OR d.external_id IS NULL)
    ORDER BY d.deleted_at DESC LIMIT 1;
  END IF;
  v_person := coalesce(v_person, p_new_person);
  INSERT INTO users (tenant_id, user_id, user_name, user_name_key, external_id, active, user_type, display_name_key,
                     work_email_key, several_work_emails, other_emails, connection, resource, provenance, version, person_key,
                     created_at, updated_at)
  VALUES (p_tenant, p_user, p_user_name, p_user_name_key, p_external_id, p_active, p_user_type, p_display_name_key,
          p_work_email_key, p_several_work_emails, p_other_emails, p_connection, p_resource, p_provenance, 1, v_person, p_now, p_now)
  ON CONFLICT (tenant_id, user_name_key) WHERE user_name_key IS NOT NULL DO NOTHING;
  IF NOT FOUND THEN
    SELECT u.user_id INTO v_match FROM users u
    WHERE u.tenant_id = p_tenant AND u.user_name_key = p_user_name_key AND NOT u.active AND p_revive
      AND (p_external_id IS NULL OR u.external_id IS NULL
        OR u.external_id = p_external_id AND u.connection = p_connection);
    RETURN QUERY SELECT CASE WHEN v_match IS NULL THEN 'user_name_taken' ELSE 'inactive' END, v_match;
    RETURN;
  END IF;
  PERFORM append_change(p_tenant, p_now, 1::smallint, p_user, 1, p_attributes, p_actor, p_request,
    NULL, CASE WHEN p_active THEN p_user_type END, p_user_type, 'scim.create', p_event, v_person,
    v_person = p_new_person);
  PERFORM count_resource(p_tenant, 1::smallint, p_user, 1);
  RETURN QUERY SELECT 'created', p_user;
END $$;

-- Deletes a user, if it has one of the versions where any are given: 'deleted', 'stale' or
-- 'not_found'. The user leaves every group; groups are locked before users, here as everywhere.
CREATE OR REPLACE FUNCTION delete_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_versions bigint[], p_actor text, p_request text, p_event uuid
) RETURNS TABLE (outcome text) LANGUAGE plpgsql AS $$
DECLARE
  v_user users;
  v_groups uuid[];
BEGIN
  PERFORM app_set_tenant(p_tenant);
  p_now := time_of_leaving(p_now);
  v_groups := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user);
  IF v_groups <> '{}' THEN
    PERFORM 1 FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = ANY (v_groups)
    ORDER BY g.group_id FOR NO KEY UPDATE;
  END IF;
  SELECT * INTO v_user FROM users WHERE tenant_id = p_tenant AND user_id = p_user FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'not_found';
    RETURN;
  ELSIF cardinality(p_versions) > 0 AND NOT v_user.version = ANY (p_versions) THEN
    RETURN QUERY SELECT 'stale';
    RETURN;
  END IF;
  -- Once more: a group may have taken the user in before the lock.
  v_groups := ARRAY(SELECT m.group_id FROM group_members m WHERE m.tenant_id = p_tenant AND m.user_id = p_user);
  IF v_groups <> '{}' THEN
    UPDATE groups SET version = version + 1, updated_at = p_now WHERE tenant_id = p_tenant AND group_id = ANY (v_groups);
  END IF;
  DELETE FROM group_members WHERE tenant_id = p_tenant AND user_id = p_user;
  DELETE FROM users WHERE tenant_id = p_tenant AND user_id = p_user;
  IF EXISTS (SELECT 1 FROM users_kept_apart k WHERE k.tenant_id = p_tenant) THEN
    PERFORM settle_names(p_tenant);
  END IF;
  INSERT INTO deleted_users (tenant_id, user_id, person_key, external_id, connection, user_name_key, email_hash, deleted_at)
  VALUES (p_tenant, p_user, v_user.person_key, v_user.external_id, v_user.connection, v_user.user_name_key,
          sha256(convert_to(primary_email_key(v_user.resource), 'UTF8')), p_now);
  PERFORM append_change(p_tenant, p_now, 5::smallint, p_user, v_user.version + 1, '{}', p_actor, p_request,
    CASE WHEN v_user.active THEN v_user.user_type END, NULL, v_user.user_type, 'scim.delete', p_event, v_user.person_key, false);
  PERFORM count_resource(p_tenant, 1::smallint, p_user, -1);
  RETURN QUERY SELECT 'deleted';
END $$;
