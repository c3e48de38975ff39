-- Many workspaces, each with ten people, limits and turns of jobs.
INSERT INTO ledgers (tenant_id, epoch, acknowledged_sequence, sequence, head_hash, last_effective_at, last_recorded_at)
  SELECT gen_random_uuid(), 1, 10, 10, sha256('x'), now(), now() FROM generate_series(1, 5000);
INSERT INTO jobs (tenant_id, job, run_at)
  SELECT tenant_id, j, now() + interval '1 day' FROM ledgers, unnest(ARRAY['close', 'verify', 'sign']) j
  ON CONFLICT DO NOTHING;
INSERT INTO events (tenant_id, sequence, epoch, source_sequence, kind, event_id, person_key, user_id, active, user_type,
    effective_at, recorded_at, cause, actor, request_id, hash)
  SELECT tenant_id, n, 1, n, 'state', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), true, 'Regular', now(),
    now(), '', '', '', sha256('x')
  FROM ledgers, generate_series(1, 10) n ON CONFLICT DO NOTHING;
INSERT INTO seats (tenant_id, person_key, user_id, class)
  SELECT tenant_id, person_key, user_id, 'regular' FROM events WHERE user_id IS NOT NULL ON CONFLICT DO NOTHING;
INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, start_cause)
  SELECT tenant_id, person_key, sequence, 'regular', effective_at, '' FROM events
  WHERE sequence <= 10 AND kind = 'state' AND actor = ''
  ON CONFLICT DO NOTHING;
INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, set_at, set_by)
  SELECT tenant_id, 'paid', n, 10, 'ALLOW', now() - interval '300 days' + n * interval '1 day', '' FROM ledgers,
    generate_series(1, 3) n ON CONFLICT DO NOTHING;
