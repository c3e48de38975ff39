-- Times come from the programs' clocks, and one clock that leaps ahead must not decide what was known when, which
-- period has ended and until when a lease holds: a time that is more than five seconds ahead of this database's own
-- clock is refused (US004) where a transaction begins that writes it. Functions only.

-- What time it is. A function of its own, so that a test can let it be another one.
CREATE FUNCTION app_clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

CREATE FUNCTION refuse_time_ahead(p_now timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_clock timestamptz := app_clock();
BEGIN
  IF p_now > v_clock + interval '5 seconds' THEN
    RAISE EXCEPTION 'the time of the write is % ahead of the database''s clock', p_now - v_clock USING ERRCODE = 'US004';
  END IF;
END $$;
