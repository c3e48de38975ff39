INSERT INTO plans (plan_id, name, scim, enforce_domains, created_at)
  SELECT ('00000000-0000-0001-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 'plan ' || n, true, true, now()
  FROM generate_series(1, 200) n;
INSERT INTO workspace_directory (slug, workspace_id) VALUES ('acme', $tenant);
INSERT INTO workspaces (tenant_id, slug, name, plan_id, seat_policy, policy_version, created_at)
  VALUES ($tenant, 'acme', 'Acme', '00000000-0000-0001-0000-000000000001', 'ALLOW', 1, now());
INSERT INTO apps (tenant_id, app_id, name, name_key, description, created_at, created_by)
  SELECT $tenant, ('00000000-0000-0002-0000-' || lpad(to_hex(n), 12, '0'))::uuid, 'a' || n, 'a' || n, '', now(), 'test'
  FROM generate_series(1, 500) n;
INSERT INTO tokens (tenant_id, token_id, app_id, name, lookup_id, hash, created_at, created_by)
  SELECT $tenant, ('00000000-0000-0003-0000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('00000000-0000-0002-0000-' || lpad(to_hex(1 + n % 500), 12, '0'))::uuid, '', 't' || n, '', now(), 'test'
  FROM generate_series(1, 20000) n;
INSERT INTO approved_domains (tenant_id, domain, approved_at, approved_by)
  SELECT $tenant, 'd' || n || '.example', now(), 'test' FROM generate_series(1, 10) n;
INSERT INTO service_keys (lookup_id, name, operator, hash, created_at)
  SELECT 'k' || n, 'n' || n, true, '', now() FROM generate_series(1, 1000) n;
