-- People of whom each third has left, with what else a workspace has after years.
INSERT INTO events (tenant_id, sequence, epoch, source_sequence, kind, event_id, person_key, user_id, active, user_type,
    effective_at, recorded_at, cause, actor, request_id, hash)
  SELECT $tenant, 1000 + n, 1, 1000 + n, 'state', gen_random_uuid(), p.key, p.key, true, 'Regular',
    now() - interval '300 days' + n * interval '1 second', now() - interval '300 days' + n * interval '1 second', 'scim.create',
    'scim:test', '', sha256(n::text::bytea)
  FROM generate_series(1, $people) n,
    LATERAL (SELECT ('00000000-0000-0003-0000-' || lpad(to_hex(n), 12, '0'))::uuid AS key) p;
INSERT INTO seats (tenant_id, person_key, user_id, class)
  SELECT tenant_id, person_key, user_id, CASE WHEN sequence % 3 > 0 THEN 'regular' END FROM events
  WHERE tenant_id = $tenant AND sequence > 1000
  ON CONFLICT DO NOTHING;
INSERT INTO intervals (tenant_id, person_key, open_sequence, class, start_at, end_at, close_sequence, start_cause,
    end_cause)
  SELECT tenant_id, person_key, sequence, 'regular', effective_at, CASE WHEN sequence % 3 = 0 THEN effective_at + interval '1 hour' END,
    CASE WHEN sequence % 3 = 0 THEN sequence + 1 END, 'scim.create', CASE WHEN sequence % 3 = 0 THEN 'scim.delete' END
  FROM events WHERE tenant_id = $tenant AND sequence > 1000 ON CONFLICT DO NOTHING;
INSERT INTO events (tenant_id, sequence, epoch, kind, event_id, person_key, active, user_type, effective_at, until_at,
    recorded_at, cause, actor, request_id, reason, approver, hash)
  SELECT $tenant, 1000 + $people + n, 1, 'correction', gen_random_uuid(),
    ('00000000-0000-0003-0000-' || lpad(to_hex(n * 7), 12, '0'))::uuid, false, '', now() - interval '290 days',
    now() - interval '289 days', now() - interval '250 days', 'billing.correction', 'operator:a', '', 'left', 'operator:b',
    sha256(n::text::bytea)
  FROM generate_series(1, 20) n;
UPDATE ledgers SET sequence = 1020 + $people, acknowledged_sequence = 1000 + $people,
    last_effective_at = now() - interval '200 days', last_recorded_at = now() - interval '200 days'
  WHERE tenant_id = $tenant;
INSERT INTO audit_entries (tenant_id, audit_id, at, actor, action, detail, request_id)
  SELECT $tenant, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), '', '', '{}', ''
  FROM generate_series(1, 20000) n;
INSERT INTO verifications (tenant_id, verification_id, verified_at, actor, facts, faults)
  SELECT $tenant, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), '', 1, '{}'
  FROM generate_series(1, 2000) n;
INSERT INTO watermark_spans (tenant_id, since, first_as_of, until, last_as_of, behind)
  SELECT $tenant, t, t, t, t, false FROM (SELECT now() - interval '300 days' + n * interval '1 minute' AS t
    FROM generate_series(1, 20000) n) s;
INSERT INTO limit_refusals (tenant_id, pool, as_of, total, added, recorded_at)
  SELECT $tenant, 'paid', now() - interval '600 days' + n * interval '1 minute', n, 1, now()
  FROM generate_series(1, 20000) n;
INSERT INTO reconciliation_runs (tenant_id, run_id, epoch, source_sequence, class, identity_count, billing_count, equal,
    ran_at)
  SELECT $tenant, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, n, c, 1, 1, true,
    now() - interval '3000 days' + n * interval '1 day'
  FROM generate_series(1, 2000) n, unnest(ARRAY['regular', 'external', 'collaborator']) c;
INSERT INTO seat_limits (tenant_id, pool, version, quantity, policy, set_at, set_by)
  SELECT $tenant, 'paid', 1000 + n, 10, 'ALLOW', now() - interval '300 days', '' FROM generate_series(1, 20) n;
INSERT INTO correction_requests (tenant_id, event_id, person_key, from_at, until_at, reason, author, request_id,
    requested_at)
  SELECT $tenant, event_id, person_key, effective_at, until_at, 'left', 'operator:a', '', recorded_at FROM events
  WHERE tenant_id = $tenant AND kind = 'correction';
