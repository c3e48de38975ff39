-- Functions only.

-- The instant of a part of a key: see record_micros.
CREATE FUNCTION record_instant(p_micros text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT timestamptz 'epoch' + p_micros::bigint * interval '1 microsecond'
$$;

-- As append_record, whose expression over the row t reads all rows of the workspace: here the rows are found by a
-- condition in which the key is $2, so that an index leads to them.
CREATE FUNCTION append_record_of(p_tenant uuid, p_table text, p_condition text, p_key text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_nothing bytea := decode(repeat('00', 32), 'hex');
  v_content bytea;
  v_number bigint;
  v_hash bytea;
BEGIN
  EXECUTE format(
    'SELECT sha256(convert_to(string_agg(record_text(t), E''\n'' ORDER BY record_text(t) COLLATE "C"), ''UTF8''))
     FROM %I t WHERE t.tenant_id = $1 AND %s', p_table, p_condition) INTO v_content USING p_tenant, p_key;
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
