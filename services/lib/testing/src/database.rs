//! Databases for tests: one private server per test run, and a new database per test, copied from one that was
//! migrated once.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use usher_store::cluster::{Port, give_to_server, url};
use usher_store::{APP_ROLE, Cluster, Durability, OWNER_ROLE, ROLES, migrate, service_role};
use uuid::Uuid;

/// The variable with the directory of the server that the test run shares.
pub const CLUSTER_VARIABLE: &str = "USHER_TEST_CLUSTER";

/// A database for one test.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    directory: PathBuf,
    name: String,
    role: String,
}

/// The directory of the server that the test run shares.
#[expect(
    clippy::disallowed_methods,
    reason = "the test runner passes the server's directory in this variable"
)]
fn directory() -> PathBuf {
    let Some(directory) = std::env::var_os(CLUSTER_VARIABLE) else {
        panic!(
            "{CLUSTER_VARIABLE} is not set: run `make test`, or put `target/debug/with-cluster` before the command"
        )
    };
    PathBuf::from(directory)
}

/// A temporary directory that PostgreSQL's user can enter, and whose path is short enough for a socket.
pub fn temporary_directory() -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    tempfile::Builder::new()
        .prefix("usher-")
        .permissions(std::fs::Permissions::from_mode(0o711))
        .tempdir_in("/tmp")
        .unwrap_or_else(|error| panic!("no temporary directory: {error}"))
}

/// Starts a server that also listens with TLS on port 5432 of the loopback addresses (`127.x.y.z`).
pub async fn encrypted_cluster(
    directory: &Path,
    addresses: &[Ipv4Addr],
    (certificate, key): (&Path, &Path),
) -> Cluster {
    std::fs::create_dir_all(directory).unwrap_or_else(|error| panic!("no directory: {error}"));
    let own = |from: &Path, name: &str| {
        let to = directory.join(name);
        std::fs::copy(from, &to).unwrap_or_else(|error| panic!("no {name}: {error}"));
        give_to_server(&to).unwrap_or_else(|error| panic!("{error}"));
        to.display().to_string()
    };
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let port = Port {
        settings: vec![
            format!("listen_addresses={}", addresses.join(",")),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", own(certificate, "server.pem")),
            format!("ssl_key_file={}", own(key, "server.key")),
        ],
        rules: "hostssl all all 127.0.0.0/8 trust\n".to_owned(),
    };
    let started = Cluster::start_with_port(directory, Durability::Relaxed, &port).await;
    started.unwrap_or_else(|error| panic!("no server: {error}"))
}

impl TestDatabase {
    /// Creates a database with the migrator's schema.
    pub async fn create(service: &str, migrator: &Migrator) -> Self {
        let directory = directory();
        let version = migrator
            .iter()
            .map(|migration| migration.checksum.iter().map(|byte| u64::from(*byte)).sum::<u64>())
            .sum::<u64>();
        let own = service_role(service);
        let role = if ROLES.contains(&own.as_str()) { own } else { APP_ROLE.to_owned() };
        let template = format!("template_{service}_{version}");
        let name = format!("{service}_{}", Uuid::new_v4().simple());
        let work = async {
            let mut server = PgConnection::connect(&url(&directory, "postgres", "postgres")).await?;
            sqlx::query("SELECT pg_advisory_lock(727)").execute(&mut server).await?;
            let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
                .bind(&template)
                .fetch_optional(&mut server)
                .await?;
            if there.is_none() {
                let building = format!("{template}_building");
                for statement in [
                    format!("DROP DATABASE IF EXISTS \"{building}\""),
                    format!("CREATE DATABASE \"{building}\" OWNER {OWNER_ROLE}"),
                ] {
                    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await?;
                }
                migrate(&url(&directory, &building, OWNER_ROLE), migrator)
                    .await
                    .unwrap_or_else(|error| panic!("{error:?}"));
                let rename = format!("ALTER DATABASE \"{building}\" RENAME TO \"{template}\"");
                sqlx::raw_sql(AssertSqlSafe(rename)).execute(&mut server).await?;
            }
            let copy = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\" OWNER {OWNER_ROLE}");
            sqlx::raw_sql(AssertSqlSafe(copy)).execute(&mut server).await?;
            // A copied database has the rights of the schema, but not those on the database itself.
            let close = format!(
                "REVOKE ALL ON DATABASE \"{name}\" FROM PUBLIC; GRANT CONNECT ON DATABASE \"{name}\" TO {role}"
            );
            sqlx::raw_sql(AssertSqlSafe(close)).execute(&mut server).await?;
            server.close().await
        };
        work.await.unwrap_or_else(|error: sqlx::Error| panic!("no test database: {error}"));
        Self { directory, name, role }
    }

    /// The URL for the service's role.
    pub fn url(&self) -> String {
        url(&self.directory, &self.name, &self.role)
    }

    /// The URL for the owner, who sees the rows of all workspaces.
    pub fn owner_url(&self) -> String {
        url(&self.directory, &self.name, OWNER_ROLE)
    }
}
