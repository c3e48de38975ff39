//! The certificates of this process, which are reloaded when they change.

use std::error::Error;
use std::time::Duration;

use anyhow::Context as _;
use usher_net::Protocol;
use usher_net::tls::{ClientFiles, ClientTls, Pair, ServerFiles, ServerTls};
use usher_rpc::Tasks;

use crate::config::Settings;

/// How often the files are checked. Nothing signals their replacement.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The certificates and trusted authorities of this process's ports and channels.
#[derive(Clone, Debug, Default)]
pub struct Encryption {
    pub(crate) gateway: Option<ServerTls>,
    pub(crate) grpc: Option<ServerTls>,
    pub(crate) metrics: Option<ServerTls>,
    pub(crate) client: ClientTls,
}

impl Encryption {
    /// Loads the files that the settings name.
    ///
    /// # Errors
    /// A file can't be used; the message names its section.
    pub fn load(settings: &Settings) -> anyhow::Result<Self> {
        let Settings { tls, gateway, metrics, .. } = settings;
        let own = pair(&tls.certificate_file, &tls.key_file);
        let authorities = (!tls.ca_file.is_empty()).then(|| tls.ca_file.clone().into());
        let server = |section: &'static str, protocol, pair: Option<Pair>, clients| {
            pair.map(|pair| ServerTls::load(ServerFiles { pair, clients }, protocol))
                .transpose()
                .with_context(|| format!("can't use the files of [{section}]"))
        };
        let of_gateway = pair(&gateway.certificate_file, &gateway.key_file);
        let of_metrics = pair(&metrics.certificate_file, &metrics.key_file);
        Ok(Self {
            gateway: server("gateway", Protocol::Http, of_gateway, None)?,
            metrics: server("metrics", Protocol::Http, of_metrics, None)?,
            grpc: server("tls", Protocol::Grpc, own.clone(), authorities.clone())?,
            client: ClientTls::load(ClientFiles { authorities, pair: own })
                .context("can't use the files of [tls]")?,
        })
    }

    /// Reloads the files periodically until shutdown begins.
    pub(crate) async fn follow(self, tasks: Tasks) {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
            }
            let this = self.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || this.reload()).await {
                tracing::error!(error = &error as &dyn Error, "can't check the certificates for changes");
            }
        }
    }

    fn reload(&self) {
        for server in [&self.gateway, &self.grpc, &self.metrics].into_iter().flatten() {
            server.reload();
        }
        self.client.reload();
    }
}

fn pair(certificate: &str, key: &str) -> Option<Pair> {
    (!certificate.is_empty()).then(|| Pair { certificate: certificate.into(), key: key.into() })
}
