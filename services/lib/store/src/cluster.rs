//! A private PostgreSQL server in its own directory, on a Unix socket, for `usher dev` and tests.

mod access;
mod process;
mod run_as;
mod software;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::chown;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use self::run_as::RunAs;
use crate::{APP_ROLE, OWNER_ROLE, ROLES};

/// The maximum length of a socket's directory (`sun_path` has 108 bytes, including the socket's own name).
const SOCKET_DIR_MAX: usize = 107 - "/.s.PGSQL.5432".len();

/// Whether commits survive a power failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it is acknowledged.
    Full,
    /// Commits are lost only if the machine crashes. For tests.
    Relaxed,
}

/// Why the server can't run. Each message says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ClusterError {
    #[error(
        "no PostgreSQL server is installed; install version 15 or later, for example: apt-get install postgresql"
    )]
    NotInstalled,
    #[error("the newest PostgreSQL found is version {0} and 15 or later is needed; install a newer one")]
    TooOld(u32),
    #[error("{path} can't be used: {source}; choose another --data-dir")]
    Directory { path: PathBuf, source: io::Error },
    #[error("the path {0} is too long for a Unix socket; choose a shorter --data-dir")]
    PathTooLong(PathBuf),
    #[error(
        "PostgreSQL does not run as root, and there is no user \"postgres\" or \"nobody\" to run it as; create one"
    )]
    NoUser,
    #[error(
        "this process runs as a user without a name, whom PostgreSQL can't identify; add one to the \
         system's users"
    )]
    Nameless,
    #[error(
        "PostgreSQL must run as the user {user}, who can't enter {path}; choose a --data-dir that others can enter, \
         such as /var/tmp/usher, or install setpriv (package util-linux)"
    )]
    NotTraversable { user: String, path: PathBuf },
    #[error("another process uses {0}; stop it, or choose another --data-dir")]
    InUse(PathBuf),
    #[error(
        "{data} was made by PostgreSQL {found}, and {installed} is installed; install {found}, or choose another --data-dir"
    )]
    OtherVersion { data: PathBuf, found: u32, installed: u32 },
    #[error("{command} failed: {output}")]
    Command { command: String, output: String },
    #[error("PostgreSQL did not start: {0}")]
    Start(String),
    #[error("the private PostgreSQL can't be prepared")]
    Prepare(#[source] sqlx::Error),
}

/// A private server that is running. Stop it with [`Cluster::stop`]; dropping it only signals it to stop.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    server: process::Server,
}

/// Access to the server beside the socket: settings (`name=value`) and rules for `pg_hba.conf`. None by default.
#[derive(Clone, Debug, Default)]
pub struct Port {
    /// Settings of the server, `name=value`.
    pub settings: Vec<String>,
    /// Rules of `pg_hba.conf`, a line each.
    pub rules: String,
}

impl Cluster {
    /// Starts the server in `directory`, and creates the cluster if there is none. First stops a server that an
    /// earlier process left running there.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub async fn start(directory: &Path, durability: Durability) -> Result<Self, ClusterError> {
        Self::start_with_port(directory, durability, &Port::default()).await
    }

    /// Starts the server as [`Cluster::start`] does, with access beside the socket.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub async fn start_with_port(
        directory: &Path,
        durability: Durability,
        port: &Port,
    ) -> Result<Self, ClusterError> {
        let software = software::find()?;
        let run_as = RunAs::find()?;
        let directory = prepare_directory(directory, run_as.as_ref())?;
        let run_as = match run_as {
            Some(user) => Some(user.enter(&directory).await?),
            None => None,
        };
        let data = directory.join("data");
        if data.join("PG_VERSION").exists() {
            software.check_data(&data)?;
            process::stop_leftover(&data).await;
        } else {
            software.initialise(&data, run_as.as_ref()).await?;
        }
        let access = access::Access::write(&directory, run_as.as_ref(), &port.rules)?;
        let plan = process::Plan {
            software: &software,
            directory: &directory,
            access: &access,
            settings: &port.settings,
            durability,
            run_as: run_as.as_ref(),
        };
        let server = plan.start().await?;
        let cluster = Self { directory, server };
        cluster.ensure_roles().await.map_err(ClusterError::Prepare)?;
        Ok(cluster)
    }

    /// Creates a database that [`OWNER_ROLE`] owns, unless it exists.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn ensure_database(&self, name: &str) -> Result<(), ClusterError> {
        let work = async {
            let mut connection = PgConnection::connect(&self.url("postgres", "postgres")).await?;
            let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
                .bind(name)
                .fetch_optional(&mut connection)
                .await?;
            if there.is_none() {
                let statement = format!("CREATE DATABASE \"{name}\" OWNER {OWNER_ROLE}");
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            }
            connection.close().await
        };
        work.await.map_err(ClusterError::Prepare)
    }

    /// Stops the server that a killed process left running in `directory`, if there is one.
    pub async fn stop_leftover(directory: &Path) {
        process::stop_leftover(&directory.join("data")).await;
    }

    /// The address of a database for a role.
    pub fn url(&self, database: &str, role: &str) -> String {
        url(&self.directory, database, role)
    }

    /// The server's process id.
    pub fn pid(&self) -> Option<u32> {
        self.server.pid()
    }

    /// Stops the server: disconnects clients at once and shuts down cleanly; kills it after five seconds.
    pub async fn stop(mut self) {
        self.server.stop(Duration::from_secs(5)).await;
    }

    async fn ensure_roles(&self) -> Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&self.url("postgres", "postgres")).await?;
        for role in ROLES {
            let statement = format!(
                "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') THEN \
                 CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS; END IF; END $$"
            );
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            if ![OWNER_ROLE, APP_ROLE].contains(&role) {
                let join = format!("GRANT {APP_ROLE} TO {role}");
                sqlx::raw_sql(AssertSqlSafe(join)).execute(&mut connection).await?;
            }
        }
        connection.close().await
    }
}

/// The address of a database of the cluster in `directory`.
pub fn url(directory: &Path, database: &str, role: &str) -> String {
    format!("postgres://{role}@localhost/{database}?host={}", directory.join("run").display())
}

/// Makes the server's user the owner of a file, as PostgreSQL demands of the key of its certificate.
///
/// # Errors
/// There is no such user, or the file can't be given away.
pub fn give_to_server(path: &Path) -> Result<(), ClusterError> {
    let Some(user) = RunAs::find()? else { return Ok(()) };
    chown(path, Some(user.uid.into()), Some(user.gid.into()))
        .map_err(|errno| ClusterError::Directory { path: path.to_owned(), source: errno.into() })
}

fn prepare_directory(directory: &Path, run_as: Option<&RunAs>) -> Result<PathBuf, ClusterError> {
    let fault = |source| ClusterError::Directory { path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(fault)?;
    let directory = directory.canonicalize().map_err(fault)?;
    let socket_dir = directory.join("run");
    if socket_dir.as_os_str().len() > SOCKET_DIR_MAX {
        return Err(ClusterError::PathTooLong(directory));
    }
    fs::create_dir_all(&socket_dir).map_err(fault)?;
    if let Some(user) = run_as {
        for own in [&directory, &socket_dir] {
            chown(own, Some(user.uid.into()), Some(user.gid.into())).map_err(|errno| fault(errno.into()))?;
        }
    }
    for own in [&directory, &socket_dir] {
        fs::set_permissions(own, fs::Permissions::from_mode(0o700)).map_err(fault)?;
    }
    Ok(directory)
}
