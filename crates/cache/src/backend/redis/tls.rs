//! Whom an encrypted connection trusts.

use std::sync::Arc;

use fred::types::config::{TlsConfig, TlsConnector, TlsHostMapping};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::address::Address;
use crate::{Error, Result};

/// Trusts the authorities of `?ca=`, or else those of the system.
pub(super) fn config(address: &Address) -> Result<TlsConfig> {
    let wrong = |hint| Error::Address { scheme: address.scheme.clone(), hint };
    let mut roots = RootCertStore::empty();
    match &address.ca {
        Some(file) => {
            let unreadable = "has a `ca` that is no readable file of PEM certificates";
            for certificate in CertificateDer::pem_file_iter(file).map_err(|_| wrong(unreadable))? {
                let certificate = certificate.map_err(|_| wrong(unreadable))?;
                roots.add(certificate).map_err(|_| wrong(unreadable))?;
            }
        }
        None => {
            // One damaged file among the system's does not take away the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(wrong("trusts nobody: the system has no certificates; name a file with `?ca=`"));
    }
    // Named, because a process that holds two providers has no default one.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| wrong("needs TLS 1.2 or 1.3, which this build lacks"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Nodes of a cluster give their IP addresses; their certificates mostly carry the name that was asked for.
    let hostnames = if matches!(address.layout, super::address::Layout::Cluster) {
        TlsHostMapping::DefaultHost
    } else {
        TlsHostMapping::None
    };
    Ok(TlsConfig { connector: TlsConnector::from(config), hostnames })
}
