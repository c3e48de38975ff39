//! Row-level security: what the runtime role can't do, even with statements of its own.

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use usher_store::{Database, DatabaseConfig, check};
use usher_testing::TestDatabase;

const SERVICES: [(&str, &Migrator); 3] = [
    ("tenant", &usher_tenant::MIGRATOR),
    ("identity", &usher_identity::MIGRATOR),
    ("billing", &usher_billing::MIGRATOR),
];

/// Each function that runs as its owner, with a call that reads its tables.
const DEFINERS: &str = "
  SELECT p.oid::regprocedure::text, format('SELECT * FROM %I(%s)', p.proname, (
    SELECT string_agg(CASE a.type::regtype::text
        WHEN 'uuid' THEN quote_literal('00000000-0000-0000-0000-000000000000')
        WHEN 'uuid[]' THEN quote_literal('{00000000-0000-0000-0000-000000000000}')
        WHEN 'timestamp with time zone' THEN quote_literal('2020-01-01T00:00:00Z')
        WHEN 'text' THEN quote_literal('') ELSE '10' END || '::' || a.type::regtype, ', ' ORDER BY a.place)
    FROM unnest(p.proargtypes) WITH ORDINALITY a (type, place)))
  FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace ORDER BY 1";

/// Puts a view of the attacker in front of each table. Reading it runs the attacker's function.
const AMBUSH: &str = "DO $$
DECLARE
  v_table text;
BEGIN
  FOR v_table IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
    EXECUTE format('CREATE FUNCTION pg_temp.ambush_%1$s() RETURNS SETOF public.%1$I LANGUAGE plpgsql AS
      $f$ BEGIN RAISE EXCEPTION ''it ran as %%'', current_user; END $f$', v_table);
    EXECUTE format('CREATE TEMPORARY VIEW %1$I AS SELECT * FROM pg_temp.ambush_%1$s()', v_table);
    EXECUTE format('GRANT SELECT ON pg_temp.%I TO PUBLIC', v_table);
  END LOOP;
END $$";

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn run(url: &str, statement: String) {
    let mut connection = connect(url).await;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn definers(database: &TestDatabase) -> Vec<(String, String)> {
    let mut owner = connect(&database.owner_url()).await;
    sqlx::query_as(DEFINERS).fetch_all(&mut owner).await.unwrap()
}

/// The results of calls by the runtime role after such preparations.
async fn ambushed(database: &TestDatabase, calls: &[(String, String)]) -> Vec<Result<(), String>> {
    let mut app = connect(&database.url()).await;
    sqlx::raw_sql(AMBUSH).execute(&mut app).await.unwrap();
    let mut outcomes = Vec::new();
    for (_, call) in calls {
        let outcome = sqlx::raw_sql(AssertSqlSafe(call.clone())).execute(&mut app).await;
        outcomes.push(outcome.map(|_| ()).map_err(|error| error.to_string()));
    }
    outcomes
}

fn open(database: &TestDatabase) -> Database {
    Database::open(&DatabaseConfig {
        url: database.url(),
        max_connections: 1,
        statement_timeout: std::time::Duration::from_secs(5),
        application: "test",
    })
    .unwrap()
}

#[tokio::test]
async fn no_function_that_runs_as_its_owner_runs_what_its_caller_made() {
    for (service, migrator) in SERVICES {
        let database = TestDatabase::create(service, migrator).await;
        let calls = definers(&database).await;
        assert!(!calls.is_empty(), "{service} has functions that run as their owner");
        let refused = sqlx::raw_sql(AMBUSH).execute(&mut connect(&database.url()).await).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{service}: {refused}");

        // Even if temporary tables are permitted, they are last in the search path.
        let grant = "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO usher_app', current_database()); END $$";
        run(&database.owner_url(), grant.to_owned()).await;

        for ((name, _), outcome) in calls.iter().zip(ambushed(&database, &calls).await) {
            assert_eq!(outcome, Ok(()), "{service}: {name}");
        }
    }
}

#[tokio::test]
async fn a_service_refuses_to_start_where_one_of_these_functions_looks_elsewhere_first() {
    for (service, migrator) in SERVICES {
        let database = TestDatabase::create(service, migrator).await;
        let calls = definers(&database).await;
        check(&open(&database)).await.unwrap();
        for (name, _) in &calls {
            run(&database.owner_url(), format!("ALTER FUNCTION {name} SET search_path = public")).await;

            let refused = check(&open(&database)).await.unwrap_err().to_string();
            assert!(refused.contains(&format!("pg_temp: {name};")), "{service}: {refused}");

            run(
                &database.owner_url(),
                format!("ALTER FUNCTION {name} SET search_path = pg_catalog, public, pg_temp"),
            )
            .await;
        }
        check(&open(&database)).await.unwrap();
    }
}

#[tokio::test]
async fn with_the_search_path_of_before_the_ambush_runs_as_the_owner() {
    let database = TestDatabase::create("identity", &usher_identity::MIGRATOR).await;
    let calls = definers(&database).await;
    let grant = "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO usher_app', current_database()); END $$";
    run(&database.owner_url(), grant.to_owned()).await;
    for (name, _) in &calls {
        run(&database.owner_url(), format!("ALTER FUNCTION {name} SET search_path = public")).await;
    }

    for outcome in ambushed(&database, &calls).await {
        assert!(outcome.unwrap_err().contains("it ran as usher_owner"));
    }
}

#[tokio::test]
async fn each_service_connects_as_a_role_of_its_own_and_to_its_own_database_only() {
    for (service, migrator) in SERVICES {
        let database = TestDatabase::create(service, migrator).await;
        let own = usher_store::service_role(service);
        assert!(database.url().contains(&format!("{own}@")), "{}", database.url());
        connect(&database.url()).await;

        for role in usher_store::ROLES.iter().filter(|role| **role != own && **role != "usher_owner") {
            let url = database.url().replace(&format!("{own}@"), &format!("{role}@"));
            let refused = sqlx::PgConnection::connect(&url).await.unwrap_err().to_string();
            assert!(refused.contains("permission denied for database"), "{role} at {service}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_service_is_let_in_only_as_a_role_that_is_there_and_has_its_rights() {
    let (service, migrator) = SERVICES[0];
    let database = TestDatabase::create(service, migrator).await;

    let refused = usher_store::admit(&database.owner_url(), "usher_nobody").await.unwrap_err().to_string();
    assert!(refused.contains("CREATE ROLE usher_nobody"), "{refused}");

    let own = usher_store::service_role(service);
    let another = usher_store::service_role(SERVICES[1].0);
    let grant =
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO ANOTHER', current_database()); END $$";
    run(&database.owner_url(), grant.replace("ANOTHER", &another)).await;
    usher_store::admit(&database.owner_url(), &own).await.unwrap();
    check(&open(&database)).await.unwrap();
    let url = database.url().replace(&format!("{own}@"), &format!("{another}@"));
    let refused = PgConnection::connect(&url).await.unwrap_err().to_string();
    assert!(refused.contains("permission denied for database"), "{refused}");
}

#[tokio::test]
async fn no_entry_of_the_provisioning_log_that_is_younger_than_a_day_expires_whatever_time_is_asked_for() {
    let database = TestDatabase::create("tenant", &usher_tenant::MIGRATOR).await;
    let entries = "INSERT INTO provisioning_log
      SELECT gen_random_uuid(), gen_random_uuid(), now() - age, NULL, NULL, 'POST', '/Users', 'User', '', '', '', '{}', '{}',
        201, '', '', '', '', '', 0, 0
      FROM unnest(ARRAY[interval '1 hour', interval '23 hours', interval '25 hours', interval '40 days']) age";
    run(&database.owner_url(), entries.to_owned()).await;
    let mut app = connect(&database.url()).await;
    let expire = async |app: &mut PgConnection, before: &str| {
        let sql = format!("SELECT expire_log_entries(now() {before}, 100)");
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).fetch_one(app).await.unwrap()
    };

    assert_eq!(expire(&mut app, "- interval '30 days'").await, 1);
    assert_eq!(expire(&mut app, "+ interval '10 years'").await, 1);
    assert_eq!(expire(&mut app, "+ interval '10 years'").await, 0);
}
