INSERT INTO users (tenant_id, user_id, user_name, user_name_key, external_id, active, user_type, display_name_key,
    work_email_key, several_work_emails, other_emails, connection, resource, provenance, version, person_key,
    created_at, updated_at)
  SELECT $tenant, ('00000000-0000-0001-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 'u' || n, 'u' || n, 'e' || n, true,
    'Regular', 'd' || n, 'w' || n, false, false, '', jsonb_build_object('displayName', 'd' || n), '{}', 1,
    ('00000000-0000-0003-0000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), now()
  FROM generate_series(1, $people) n ON CONFLICT DO NOTHING;
INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, external_id, version, created_at, updated_at)
  SELECT $tenant, ('00000000-0000-0002-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 'g' || n, 'g' || n, 'x' || n, 1,
    now(), now()
  FROM generate_series(1, 1000) n;
-- Group 1 has most people, 20 and later ones one each; 2 to 11 have the user of ten groups and
-- are in 12; 30 to 39 have another such user, and are in none.
INSERT INTO group_members (tenant_id, group_id, member_id, user_id, added_at)
  SELECT $tenant, g, u, u, now() FROM (
    SELECT '00000000-0000-0002-0000-000000000001'::uuid AS g,
      ('00000000-0000-0001-0000-' || lpad(to_hex(n), 12, '0'))::uuid AS u FROM generate_series(200, $people / 2) n
    UNION ALL SELECT ('00000000-0000-0002-0000-' || lpad(to_hex(n), 12, '0'))::uuid,
      '00000000-0000-0001-0000-000000000002' FROM generate_series(2, 11) n
    UNION ALL SELECT ('00000000-0000-0002-0000-' || lpad(to_hex(n), 12, '0'))::uuid,
      '00000000-0000-0001-0000-000000000003' FROM generate_series(30, 39) n
    UNION ALL SELECT ('00000000-0000-0002-0000-' || lpad(to_hex(n), 12, '0'))::uuid,
      ('00000000-0000-0001-0000-' || lpad(to_hex(n + 100), 12, '0'))::uuid FROM generate_series(20, 1000) n) m;
INSERT INTO group_members (tenant_id, group_id, member_id, subgroup_id, added_at)
  SELECT $tenant, '00000000-0000-0002-0000-00000000000c', g, g, now() FROM (
    SELECT ('00000000-0000-0002-0000-' || lpad(to_hex(n), 12, '0'))::uuid AS g FROM generate_series(2, 11) n) m;
INSERT INTO deleted_users (tenant_id, user_id, person_key, connection, user_name_key, deleted_at)
  SELECT $tenant, gen_random_uuid(), gen_random_uuid(), '', 'gone' || n, now() FROM generate_series(1, 1000) n;
INSERT INTO changes (tenant_id, sequence, kind, resource_id, version, effective_at, attributes, members_added,
    members_removed, actor, request_id, seat_sequence)
  SELECT $tenant, 1000 + n, 1, gen_random_uuid(), 1, now(), '{}', '{}', '{}', '', '', 1000 + n
  FROM generate_series(1, 20000) n;
INSERT INTO seat_events (tenant_id, sequence, event_id, person_key, user_id, active, user_type, effective_at, cause,
    actor, request_id)
  SELECT $tenant, 1000 + n, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), true, 'Regular', now(), '', '', ''
  FROM generate_series(1, 20000) n;
UPDATE heads SET change_sequence = 21000, seat_sequence = 21000 WHERE tenant_id = $tenant;
INSERT INTO milestones (tenant_id, list, last_id, resources)
  SELECT $tenant, l.list, user_id, l.resources
  FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) AS n FROM users WHERE tenant_id = $tenant) u
  JOIN (VALUES (1, 128), (11, 64 * 128)) l (list, resources) ON n % l.resources = 0;
UPDATE heads SET users_until =
    (SELECT max(last_id::text)::uuid FROM milestones WHERE tenant_id = $tenant AND list = 1)
  WHERE tenant_id = $tenant;
