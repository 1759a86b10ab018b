//! The server under conditions: who may read what, what ends a statement, and clients that misbehave.

mod announced;
mod fuzz;
mod raw;
mod rights;
mod stops;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sqllogictest::harness::{Failed, Trial};
use tarn::engine::{Engine, EngineConfig, LakeLocation};
use tarn::pg::{Handle, ServeOptions, Server};
use tokio_postgres::{Client, Config, NoTls};

use crate::golden_set::Result;
use crate::harness::lakes;

/// Longer than anything here takes: a test that hangs fails.
const HANG: Duration = Duration::from_secs(120);

pub fn trials() -> Vec<Trial> {
    let mut trials = announced::trials();
    trials.extend(rights::trials());
    trials.extend(stops::trials());
    trials.extend(fuzz::trials());
    trials
}

/// A trial of its own server.
fn trial<F>(name: &str, test: impl FnOnce() -> F + Send + 'static) -> Trial
where
    F: Future<Output = Result<()>>,
{
    Trial::test(format!("serving::{name}"), move || {
        let ended = lakes::block_on(async { tokio::time::timeout(HANG, test()).await })?;
        let ended = ended.map_err(|_| Failed::from("it hangs"))?;
        ended.map_err(|error| Failed::from(error.to_string()))
    })
}

/// A server with an engine of its own, on a port of the system's choice. It drains when it is dropped.
struct Serving {
    address: SocketAddr,
    handle: Handle,
    engine: Arc<Engine>,
}

impl Serving {
    async fn start(options: ServeOptions) -> Result<Self> {
        let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        let lake =
            LakeLocation { name: lakes::DEMO.to_owned(), url: lakes::demo_folder()?.display().to_string() };
        let engine = Engine::open(EngineConfig { lakes: vec![lake], ..EngineConfig::default() }).await?;
        let server = Server::bind(Arc::clone(&engine), ServeOptions { listen, ..options }).await?;
        let address = server.addresses().first().copied().ok_or("the server listens nowhere")?;
        let handle = server.handle();
        tokio::spawn(server.run());
        Ok(Self { address, handle, engine })
    }

    async fn connect(&self, user: &str, password: Option<&str>) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config.host(self.address.ip().to_string()).port(self.address.port()).user(user).dbname(lakes::DEMO);
        if let Some(password) = password {
            config.password(password);
        }
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Waits until nothing is worked on any more.
    async fn wait_for_rest(&self) {
        while self.engine.busy() != 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until as many sessions are there: they end a moment after their connections.
    async fn wait_for_sessions(&self, wanted: usize) {
        while self.handle.sessions() != wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.terminate();
        self.handle.drain();
    }
}

/// The SQLSTATE with which a statement or a connection fails.
fn state_of<T>(result: Result<T, tokio_postgres::Error>) -> String {
    match result {
        Ok(_) => "success".to_owned(),
        Err(error) => error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned()),
    }
}

fn expect(what: &str, got: &str, wanted: &str) -> Result<()> {
    if got == wanted { Ok(()) } else { Err(format!("{what}: {got} instead of {wanted}").into()) }
}
