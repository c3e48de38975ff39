-- How texts are compared; the same as the crate scim has it (text.rs). Functions only.

-- The form in which texts are compared where case does not matter: Unicode's full case folding, but that a dotless i
-- is an i as well.
CREATE FUNCTION fold_text(p_text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT replace(replace(lower(upper(p_text COLLATE "und-x-icu")), U&'\03C2', U&'\03C3'), U&'\00DF', 'ss')
$$;

-- The form in which user names are compared: that of PRECIS UsernameCaseMapped (RFC 8265) for every name that it
-- allows, and the same mappings for every other one. Characters that show nothing, and blanks at the ends, are no
-- part of it; a sigma is a sigma wherever it stands.
CREATE FUNCTION user_name_key(p_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(btrim(
    normalize(replace(lower(normalize(regexp_replace(p_name,
      '[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFF8\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]',
      '', 'g'), NFKC) COLLATE "und-x-icu"), U&'\03C2', U&'\03C3'), NFKC),
    U&' \0009\000A\000B\000C\000D\0085\1680\2028\2029'), ''), p_name)
$$;

-- The primary address of a user's resource, in the form in which user names are compared: the one marked so, else
-- the first of type work, else the first.
CREATE FUNCTION primary_email_key(p_resource jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT user_name_key(e.v ->> 'value')
  FROM jsonb_array_elements(CASE jsonb_typeof(p_resource -> 'emails') WHEN 'array' THEN p_resource -> 'emails' ELSE '[]' END)
    WITH ORDINALITY e (v, n)
  ORDER BY CASE WHEN e.v -> 'primary' = 'true' THEN 0 WHEN lower(e.v ->> 'type') = 'work' THEN 1 ELSE 2 END, n
  LIMIT 1
$$;

-- Gives users that are kept apart the key of their name, where nobody has it any more.
CREATE FUNCTION settle_names(p_tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_user record;
BEGIN
  FOR v_user IN
    SELECT u.user_id, user_name_key(u.user_name) AS key FROM users_kept_apart k
    JOIN users u ON u.tenant_id = p_tenant AND u.user_id = k.user_id
    WHERE k.tenant_id = p_tenant ORDER BY u.user_id
  LOOP
    IF NOT EXISTS (
      SELECT 1 FROM users u WHERE u.tenant_id = p_tenant AND u.user_name_key = v_user.key AND u.user_id <> v_user.user_id
    ) THEN
      UPDATE users SET user_name_key = v_user.key WHERE tenant_id = p_tenant AND user_id = v_user.user_id;
      DELETE FROM users_kept_apart WHERE tenant_id = p_tenant AND user_id = v_user.user_id;
    END IF;
  END LOOP;
END $$;

-- Users that are kept apart from another of the same name. It sees all workspaces, as its owner does, and tells
-- nothing but ids.
CREATE FUNCTION users_of_one_name(p_most int) RETURNS TABLE (workspace uuid, id uuid) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT k.tenant_id, k.user_id FROM users_kept_apart k ORDER BY k.tenant_id, k.user_id LIMIT p_most
$$;

-- The higher of two seats: Regular, External, Collaborator, none.
CREATE FUNCTION higher_seat(p_one text, p_other text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN 'Regular' IN (p_one, p_other) THEN 'Regular'
    WHEN 'External' IN (p_one, p_other) THEN 'External'
    ELSE coalesce(p_one, p_other) END
$$;

-- It has one parameter more now.
DROP FUNCTION append_change(uuid, timestamptz, smallint, uuid, bigint, text[], text, text, text, text, text, text, uuid, uuid);

-- Writes the log and moves the counters: the last act of every write. The head row is locked here
-- and nothing waits from here to the commit. p_before and p_after are the user types of the seat
-- before and after, NULL where the user takes none. Seats are counted by person: somebody with several active users
-- takes one, the highest of theirs. p_first says that the person has no other user. Beyond the pool's limit, which is billing's where
-- it has set one and else the plan's, it raises US001, or US002 where the policy is to give a free seat
-- instead; both undo the write, and their detail is the pool, its seats in use and the limit. A write
-- that frees seats, or changes a paid one for a free one, is never refused.
CREATE OR REPLACE FUNCTION append_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_user uuid, p_version bigint, p_attributes text[],
  p_actor text, p_request text, p_before text, p_after text, p_user_type text, p_cause text,
  p_event uuid, p_person uuid, p_first boolean
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_seat boolean := p_before IS DISTINCT FROM p_after;
  -- The person's seat before and after.
  v_before text := p_before;
  v_after text := p_after;
  v_other text;
  v_pool text;
  v_quantity bigint;
  v_policy text;
  v_used bigint;
  v_head heads;
BEGIN
  PERFORM refuse_time_ahead(p_now);
  IF v_seat AND NOT p_first THEN
    -- The head row first: what others committed of the same person is seen from here on.
    PERFORM 1 FROM heads h WHERE h.tenant_id = p_tenant FOR NO KEY UPDATE;
    SELECT higher_seat(max(u.user_type) FILTER (WHERE u.user_type <> 'External'), max(u.user_type) FILTER (WHERE u.user_type = 'External'))
    INTO v_other FROM users u
    WHERE u.tenant_id = p_tenant AND u.person_key = p_person AND u.active AND u.user_id <> p_user;
    v_before := higher_seat(p_before, v_other);
    v_after := higher_seat(p_after, v_other);
  END IF;
  v_pool := CASE
    WHEN coalesce(v_after IN ('Regular', 'External'), false) AND NOT coalesce(v_before IN ('Regular', 'External'), false)
      THEN 'paid'
    WHEN v_after = 'Collaborator' AND v_before IS NULL THEN 'collaborator' END;
  IF v_pool IS NOT NULL THEN
    SELECT l.quantity, l.policy INTO v_quantity, v_policy FROM seat_limits l
    WHERE l.tenant_id = p_tenant AND l.pool = v_pool AND l.holds ORDER BY l.source LIMIT 1;
  END IF;
  LOOP
    UPDATE heads SET
      change_sequence = change_sequence + 1,
      seat_sequence = seat_sequence + v_seat::int,
      last_effective_at = greatest(p_now, last_effective_at + interval '1 microsecond'),
      regular = regular + (v_after IS NOT DISTINCT FROM 'Regular')::int - (v_before IS NOT DISTINCT FROM 'Regular')::int,
      external = external + (v_after IS NOT DISTINCT FROM 'External')::int - (v_before IS NOT DISTINCT FROM 'External')::int,
      collaborator = collaborator + (v_after IS NOT DISTINCT FROM 'Collaborator')::int - (v_before IS NOT DISTINCT FROM 'Collaborator')::int
    WHERE tenant_id = p_tenant
    RETURNING * INTO v_head;
    EXIT WHEN FOUND;
    INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator)
    VALUES (p_tenant, 0, 0, p_now - interval '1 microsecond', 0, 0, 0)
    ON CONFLICT (tenant_id) DO NOTHING;
  END LOOP;
  v_used := CASE v_pool WHEN 'paid' THEN v_head.regular + v_head.external WHEN 'collaborator' THEN v_head.collaborator END;
  IF v_used > v_quantity AND v_policy IN ('BLOCK', 'DEGRADE') THEN
    RAISE EXCEPTION 'no seat is free' USING DETAIL = format('%s %s %s', v_pool, v_used - 1, v_quantity),
      ERRCODE = CASE WHEN v_pool = 'paid' AND v_policy = 'DEGRADE' THEN 'US002' ELSE 'US001' END;
  END IF;
  INSERT INTO changes (tenant_id, sequence, kind, resource_id, version, effective_at, attributes, members_added,
                       members_removed, actor, request_id, seat_sequence)
  VALUES (p_tenant, v_head.change_sequence, p_kind, p_user, p_version, v_head.last_effective_at, p_attributes, '{}',
          '{}', p_actor, p_request, CASE WHEN v_seat THEN v_head.seat_sequence ELSE 0 END);
  IF v_seat THEN
    INSERT INTO seat_events (tenant_id, sequence, event_id, person_key, user_id, active, user_type, effective_at, cause, actor, request_id)
    VALUES (p_tenant, v_head.seat_sequence, p_event, p_person, p_user, p_after IS NOT NULL, p_user_type,
            v_head.last_effective_at, p_cause, p_actor, p_request);
  END IF;
END $$;

-- It has one parameter more now.
DROP FUNCTION create_user(uuid, uuid, timestamptz, text, text, text, boolean, text, text, text, boolean, boolean, jsonb, jsonb,
  text[], text, text, uuid, uuid, text, boolean);

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
  RETURN QUERY SELECT 'created', p_user;
END $$;

-- Writes a user over the version it was read at: 'updated' or 'stale'. Who keeps the name keeps its key, which may
-- be an older one.
CREATE OR REPLACE FUNCTION update_user(
  p_tenant uuid, p_user uuid, p_now timestamptz, p_user_name text, p_user_name_key text, p_external_id text,
  p_active boolean, p_user_type text, p_display_name_key text, p_work_email_key text, p_several_work_emails boolean,
  p_other_emails boolean, p_resource jsonb, p_provenance jsonb, p_attributes text[], p_actor text, p_request text, p_event uuid, p_person uuid,
  p_connection text, p_version bigint, p_was text, p_kind smallint, p_cause text
) RETURNS TABLE (outcome text, match uuid) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app_set_tenant(p_tenant);
  IF p_was IS NOT NULL AND NOT p_active THEN
    p_now := time_of_leaving(p_now);
  END IF;
  UPDATE users SET user_name = p_user_name, user_name_key = CASE WHEN user_name = p_user_name THEN user_name_key ELSE p_user_name_key END, external_id = p_external_id,
    active = p_active, user_type = p_user_type, display_name_key = p_display_name_key,
    work_email_key = p_work_email_key, several_work_emails = p_several_work_emails,
    other_emails = p_other_emails, connection = p_connection, resource = p_resource, provenance = p_provenance, version = p_version + 1, updated_at = p_now
  WHERE tenant_id = p_tenant AND user_id = p_user AND version = p_version;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'stale', NULL::uuid;
    RETURN;
  END IF;
  IF 'userName' = ANY (p_attributes) AND EXISTS (SELECT 1 FROM users_kept_apart k WHERE k.tenant_id = p_tenant) THEN
    PERFORM settle_names(p_tenant);
  END IF;
  PERFORM append_change(p_tenant, p_now, p_kind, p_user, p_version + 1, p_attributes, p_actor, p_request,
    p_was, CASE WHEN p_active THEN p_user_type END, p_user_type, p_cause, p_event, p_person, false);
  RETURN QUERY SELECT 'updated', p_user;
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
  RETURN QUERY SELECT 'deleted';
END $$;

-- Writes a group, if it has one of the versions where any are given: its attributes where p_rewrite,
-- and who is in it: with p_clear just p_add, else p_add and not p_remove. 'updated', 'unchanged',
-- 'stale' or 'not_found', with the group after it. The cost is that of the members named.
CREATE OR REPLACE FUNCTION write_group(
  p_tenant uuid, p_group uuid, p_now timestamptz, p_versions bigint[], p_rewrite boolean, p_display_name text,
  p_display_name_key text, p_external_id text, p_attributes text[], p_clear boolean, p_add uuid[], p_display text[],
  p_remove uuid[], p_actor text, p_request text
) RETURNS TABLE (
  outcome text, group_id uuid, display_name text, external_id text, version bigint, created_at timestamptz,
  updated_at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  v_group groups;
  v_added uuid[];
  v_removed uuid[];
  v_member uuid;
  v_outcome text := 'unchanged';
BEGIN
  PERFORM app_set_tenant(p_tenant);
  SELECT * INTO v_group FROM groups g WHERE g.tenant_id = p_tenant AND g.group_id = p_group FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    v_outcome := 'not_found';
  ELSIF cardinality(p_versions) > 0 AND NOT v_group.version = ANY (p_versions) THEN
    v_outcome := 'stale';
  ELSE
    IF p_clear THEN
      WITH gone AS (
        DELETE FROM group_members m WHERE m.tenant_id = p_tenant AND m.group_id = p_group
          AND NOT EXISTS (SELECT 1 FROM unnest(p_add) a(id) WHERE a.id = m.member_id)
        RETURNING m.member_id
      ) SELECT array_agg(member_id) INTO v_removed FROM gone;
    ELSE
      -- One by one: any other way may read all members for those named.
      FOREACH v_member IN ARRAY p_remove LOOP
        DELETE FROM group_members m WHERE m.tenant_id = p_tenant AND m.group_id = p_group AND m.member_id = v_member;
        IF FOUND THEN
          v_removed := v_removed || v_member;
        END IF;
      END LOOP;
    END IF;
    IF cardinality(p_add) > 0 THEN
      v_added := add_members(p_tenant, p_group, p_now, p_add, p_display);
    END IF;
    IF p_rewrite OR v_added IS NOT NULL OR v_removed IS NOT NULL THEN
      v_outcome := 'updated';
      IF p_rewrite THEN
        UPDATE groups g SET display_name = p_display_name, display_name_key = CASE WHEN g.display_name = p_display_name THEN g.display_name_key ELSE p_display_name_key END,
          external_id = p_external_id, version = v_group.version + 1, updated_at = p_now
        WHERE g.tenant_id = p_tenant AND g.group_id = p_group RETURNING * INTO v_group;
      ELSE
        UPDATE groups g SET version = v_group.version + 1, updated_at = p_now
        WHERE g.tenant_id = p_tenant AND g.group_id = p_group RETURNING * INTO v_group;
      END IF;
      PERFORM append_group_change(p_tenant, p_now, 7::smallint, p_group, v_group.version,
        p_attributes || CASE WHEN v_added IS NULL AND v_removed IS NULL THEN '{}' ELSE '{members}'::text[] END,
        v_added, v_removed, p_actor, p_request);
    END IF;
  END IF;
  RETURN QUERY SELECT v_outcome, v_group.group_id, v_group.display_name, v_group.external_id, v_group.version,
    v_group.created_at, v_group.updated_at;
END $$;
