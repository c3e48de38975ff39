DO $mig$
DECLARE
  v_kind record;
  v_row record;
BEGIN
  -- What was there before the chain of records is its beginning, table by table.
  FOR v_kind IN SELECT * FROM (VALUES
    ('account_terms', $key$to_char(t.valid_from, 'YYYY-MM-DD')$key$),
    ('price_versions', $key$t.price_id::text$key$),
    ('minimum_spends', $key$to_char(t.valid_from, 'YYYY-MM-DD')$key$),
    ('commitments', $key$t.commitment_id::text$key$),
    ('seat_limits', $key$t.pool || ' ' || t.version$key$),
    ('plan_limits', $key$t.pool || ' ' || t.plan_version$key$),
    ('limit_refusals', $key$t.pool || ' ' || record_micros(t.as_of)$key$),
    ('limit_alerts', $key$t.pool || ' ' || t.version || ' ' || t.threshold$key$),
    ('correction_requests', $key$t.event_id::text$key$),
    ('closes', $key$t.ordinal::text$key$),
    ('close_lines', $key$t.ordinal::text$key$),
    ('close_days', $key$t.ordinal::text$key$),
    ('postings', $key$t.ordinal::text$key$),
    ('credit_notes', $key$t.note_id::text$key$),
    ('credit_note_lines', $key$t.note_id::text$key$),
    ('credit_note_postings', $key$t.note_id::text$key$),
    ('audit_entries', $key$t.audit_id::text$key$),
    ('verifications', $key$t.verification_id::text$key$),
    ('watermark_spans', $key$record_micros(t.since)$key$),
    ('halts', $key$record_micros(t.halted_at)$key$),
    ('epochs', $key$t.epoch::text$key$),
    ('reconciliation_runs', $key$t.run_id::text$key$)
  ) AS kinds (name, key) LOOP
    FOR v_row IN EXECUTE format('SELECT t.tenant_id AS tenant, %s AS key FROM %I t GROUP BY 1, 2 ORDER BY 1, 2',
      v_kind.key, v_kind.name)
    LOOP
      PERFORM append_record(v_row.tenant, v_kind.name, v_kind.key, v_row.key);
    END LOOP;
  END LOOP;
END $mig$;
