-- Functions only.

-- A row as text, the same in every session. Columns that are NULL are left out, so that one that is added
-- to a table later changes nothing of the rows that are there.
CREATE FUNCTION record_text(p_row anyelement) RETURNS text LANGUAGE sql STABLE
SET timezone = 'UTC' SET bytea_output = 'hex' AS $$
  SELECT jsonb_strip_nulls(to_jsonb(p_row))::text
$$;

-- An instant as a part of a key.
CREATE FUNCTION record_micros(p_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT (extract(epoch FROM p_at) * 1000000)::bigint::text
$$;

-- Adds an entry to a workspace's chain of records: of the rows of a table whose key, an expression over the
-- row t, is given. Every part of what is hashed has a fixed length.
CREATE FUNCTION append_record(p_tenant uuid, p_table text, p_expression text, p_key text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_nothing bytea := decode(repeat('00', 32), 'hex');
  v_content bytea;
  v_number bigint;
  v_hash bytea;
BEGIN
  EXECUTE format(
    'SELECT sha256(convert_to(string_agg(record_text(t), E''\n'' ORDER BY record_text(t) COLLATE "C"), ''UTF8''))
     FROM %I t WHERE t.tenant_id = $1 AND %s = $2', p_table, p_expression) INTO v_content USING p_tenant, p_key;
  INSERT INTO record_heads (tenant_id, number, hash) VALUES (p_tenant, 0, v_nothing)
    ON CONFLICT (tenant_id) DO NOTHING;
  SELECT h.number + 1, h.hash INTO v_number, v_hash FROM record_heads h WHERE h.tenant_id = p_tenant FOR UPDATE;
  v_hash := sha256(v_hash || int8send(v_number) || sha256(convert_to(p_table, 'UTF8'))
    || sha256(convert_to(p_key, 'UTF8')) || coalesce(v_content, v_nothing));
  INSERT INTO records (tenant_id, number, kind, key, content, hash)
    VALUES (p_tenant, v_number, p_table, p_key, v_content, v_hash);
  UPDATE record_heads SET number = v_number, hash = v_hash WHERE tenant_id = p_tenant;
  RETURN v_number;
END $$;
