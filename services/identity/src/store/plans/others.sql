INSERT INTO users (tenant_id, user_id, user_name, user_name_key, external_id, active, user_type, display_name_key,
    work_email_key, several_work_emails, other_emails, connection, resource, provenance, version, person_key,
    created_at, updated_at)
  SELECT t.id, gen_random_uuid(), 'u' || n, 'u' || n, 'e' || n, true, 'Regular', 'd' || n, 'w' || n, false, false, '',
    '{}', '{}', 1, gen_random_uuid(), now(), now()
  FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 10000)) t, generate_series(1, 10) n;
INSERT INTO groups (tenant_id, group_id, display_name, display_name_key, external_id, version, created_at, updated_at)
  SELECT DISTINCT ON (tenant_id) tenant_id, gen_random_uuid(), 'g1', 'g1', 'x1', 1, now(), now() FROM users
  ON CONFLICT DO NOTHING;
INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator)
  SELECT DISTINCT tenant_id, 1, 1, now(), 10, 0, 0 FROM users ON CONFLICT DO NOTHING;
INSERT INTO relays (tenant_id, acknowledged_sequence)
  SELECT DISTINCT tenant_id, 1 FROM users ON CONFLICT DO NOTHING;
