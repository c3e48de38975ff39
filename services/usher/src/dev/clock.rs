//! The clock of dev mode. It goes as the machine's does, and is ahead of it by what the data directory says; it is
//! moved forward, for all services and their databases together, by a command that finds the process by a socket in
//! that directory.

mod command;
mod proof;

use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant, sleep, timeout};
use usher_base::{Audience, Clock};
use usher_net::tls::ClientTls;
use usher_rpc::{KeySource as _, TenantKeys};
use usher_store::{Cluster, OWNER_ROLE, move_clock};
use usher_tenant::ServiceKeys;

use self::command::{Answer, ClockCommand};
pub use self::command::{ClockArgs, run, time};
use super::directory::DataDirectory;
use super::seeded::Seeded;
use super::site::Site;
use super::{DATABASES, database};

/// The demo's prices begin at the first; at the second, nobody tries anything.
const FROM: Timestamp = Timestamp::constant(1_577_836_800, 0);
const UNTIL: Timestamp = Timestamp::constant(4_102_444_800, 0);
/// What a command may send, and how long it may take.
const LONGEST: u64 = 1_024;
const SENT_WITHIN: Duration = Duration::from_secs(5);
/// A new signing key is published within a second.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(10);

/// The clock of a data directory, moved to `start` if that is given; none where the machine's is used.
///
/// # Errors
/// `start` is before the directory's time, or out of range; the directory can't be used.
pub(super) fn open(directory: &DataDirectory, start: Option<Timestamp>) -> anyhow::Result<Option<Clock>> {
    let kept = directory.clock_offset()?;
    let Some(start) = start else { return Ok(kept.map(Clock::movable)) };
    let clock = Clock::movable(kept.unwrap_or_default());
    let now = clock.now();
    if start < now && directory.has_data() {
        bail!(
            "it is {} in {} already, and time never goes back in a ledger; leave --clock out to go on from there, or \
             begin anew with --reset",
            seconds(now),
            directory.path().display()
        );
    }
    check_range(start)?;
    clock.advance(start.duration_since(now));
    directory.write_clock_offset(clock.offset().unwrap_or_default())?;
    Ok(Some(clock))
}

fn check_range(to: Timestamp) -> anyhow::Result<()> {
    if !(FROM..UNTIL).contains(&to) {
        bail!("{} is out of range; name a time from {FROM} to {UNTIL}", seconds(to));
    }
    Ok(())
}

/// A stack whose clock can be moved.
pub(super) struct Movable<'a> {
    pub(super) clock: Clock,
    pub(super) directory: &'a DataDirectory,
    pub(super) cluster: &'a Cluster,
    pub(super) keys: ServiceKeys,
    pub(super) site: Site,
    pub(super) workspaces: Vec<Seeded>,
}

impl Movable<'_> {
    /// Does what commands ask for, one after the other.
    ///
    /// # Errors
    /// The socket fails.
    pub(super) async fn listen(mut self, socket: UnixListener) -> anyhow::Result<()> {
        loop {
            let (stream, _) = socket.accept().await.context("the socket of the clock failed")?;
            // A command that goes away has its reasons.
            if let Err(error) = self.serve(stream).await {
                tracing::warn!(%error, "a command about the clock was not answered");
            }
        }
    }

    async fn serve(&mut self, stream: UnixStream) -> anyhow::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut line = String::new();
        timeout(SENT_WITHIN, BufReader::new(reader.take(LONGEST)).read_line(&mut line)).await??;
        let answer: Answer = match serde_json::from_str(&line) {
            Ok(command) => self.obey(command).await.map_err(|error| format!("{error:#}")),
            Err(error) => Err(format!("not understood: {error}")),
        };
        writer.write_all(&serde_json::to_vec(&answer)?).await?;
        Ok(())
    }

    async fn obey(&mut self, command: ClockCommand) -> anyhow::Result<Timestamp> {
        let now = self.clock.now();
        let to = match command {
            ClockCommand::Show => return Ok(seconds(now)),
            ClockCommand::Advance { by } => {
                now.to_zoned_datetime(TimeZone::UTC).checked_add(by).context("that is too far")?.timestamp()
            }
            ClockCommand::Set { to } => to,
        };
        if to < now {
            bail!(
                "it is {} already, and time never goes back in a ledger; name a later time, or begin anew with `usher \
                 dev --reset --clock {}`",
                seconds(now),
                seconds(to)
            );
        }
        check_range(to)?;
        self.move_by(to.duration_since(now)).await?;
        Ok(seconds(to))
    }

    /// Moves the clock, and lets everything follow that goes by it.
    async fn move_by(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        let offset = self.clock.offset().unwrap_or_default() + by;
        // First the file, to which the next start sets everything; then the databases, which take no time that is
        // ahead of theirs.
        self.directory.write_clock_offset(offset)?;
        for name in DATABASES {
            move_clock(&self.cluster.url(&database(name), OWNER_ROLE), offset)
                .await
                .with_context(|| format!("the clock of the {name} database can't be moved; try again"))?;
        }
        self.clock.advance(by);
        // What demo.json has may have expired by now, and so may the key that signed it.
        self.site.sign(&self.keys).await?;
        self.published().await?;
        self.directory.write_demo(&self.site.document(&self.workspaces))?;
        if let Err(error) = proof::wait(&self.clock, &self.site).await {
            tracing::warn!(error = format!("{error:#}"), "billing can't prove yet that it knows everything");
        }
        tracing::info!(time = %seconds(self.clock.now()), "the clock was moved");
        Ok(())
    }

    /// Waits until tenant publishes the key that signed the credentials of demo.json: a service that is shown one
    /// before that remembers for some seconds that it does not know the key.
    async fn published(&self) -> anyhow::Result<()> {
        let source = TenantKeys::new(usher_rpc::connect(&self.site.tenant_url, &ClientTls::default())?);
        let deadline = Instant::now() + PUBLISHED_WITHIN;
        loop {
            let keys = source.keys().await?;
            let now = self.clock.now();
            let known = |credential: &str| keys.verify(credential, Audience::Tenant, now).is_ok();
            if known(&self.site.credential) && known(&self.site.approver) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the tenant service does not publish its new signing key; restart usher dev");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A time without what is less than a second, for people.
pub(super) fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

impl DataDirectory {
    /// Makes the socket at which the clock is moved.
    pub(super) fn bind_clock_socket(&self) -> anyhow::Result<UnixListener> {
        use std::os::unix::fs::PermissionsExt as _;

        let path = self.clock_socket();
        self.remove_clock_socket()?;
        let listener =
            UnixListener::bind(&path).with_context(|| format!("{} can't be made", path.display()))?;
        // As demo.json: who may move the clock is who started it.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }
}
