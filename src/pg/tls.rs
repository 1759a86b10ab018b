//! TLS by rustls. A certificate that cannot be used keeps the server from starting: a client that
//! asked for encryption must never be served without.

use std::path::Path;
use std::sync::Arc;

use pgwire::tokio::TlsAcceptor;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::options::TlsFiles;
use super::wire::Io;
use crate::error::{Error, ErrorKind, Result};

/// The protocol name by which clients begin with TLS at once (PostgreSQL 17's `sslnegotiation=direct`).
const ALPN: &[u8] = b"postgresql";

/// A certificate, ready to be shown.
pub struct Tls {
    acceptor: TlsAcceptor,
    /// The chain as PEM, of which SCRAM's channel binding takes the first certificate's hash.
    pub certificate_pem: Vec<u8>,
}

impl Tls {
    pub fn load(files: &TlsFiles) -> Result<Self> {
        let certificate_pem = read(&files.certificate)?;
        let chain = CertificateDer::pem_slice_iter(&certificate_pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| invalid(&files.certificate, error))?;
        if chain.is_empty() {
            return Err(invalid(&files.certificate, "there is no certificate in it"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|error| invalid(&files.key, error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid(&files.certificate, error))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| invalid(&files.certificate, error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate_pem })
    }

    /// Shakes hands. `direct` where the client began with it, and must then have named the protocol.
    pub async fn accept(&self, io: Box<dyn Io>, direct: bool) -> std::io::Result<Box<dyn Io>> {
        let stream = self.acceptor.accept(io).await?;
        if direct && stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(std::io::Error::other("direct TLS without the protocol name postgresql"));
        }
        Ok(Box::new(stream))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| invalid(path, error))
}

fn invalid(path: &Path, error: impl std::fmt::Display) -> Error {
    let message = format!("cannot use {} for TLS: {error}", path.display());
    Error::new(ErrorKind::InvalidParameter, message)
}
