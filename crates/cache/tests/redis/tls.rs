//! Encrypted connections.

use std::{fs, sync::OnceLock, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use stockpile_cache::{Backend, Error, conformance_suite, redis::RedisBackend};

use crate::{connected, server::Server, subject};

struct Encrypted {
    server: Server,
    certificates: tempfile::TempDir,
}

impl Encrypted {
    fn start() -> Option<Self> {
        let certificates = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
        let folder = certificates.path();
        fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
        fs::write(folder.join("server.pem"), certificate.pem()).unwrap();
        fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
        let port = crate::server::free_port();
        let config = format!(
            "tls-port {port}\ntls-auth-clients no\ntls-cert-file {0}/server.pem\ntls-key-file {0}/server.key\n\
             tls-ca-cert-file {0}/ca.pem\nrequirepass secret",
            folder.display()
        );
        crate::server::installed()
            .then(|| Self { server: Server::start_on(port, &config, false), certificates })
    }

    fn url(&self, host: &str) -> String {
        let ca = self.certificates.path().join("ca.pem");
        format!("rediss://:secret@{host}:{}/1?ca={}", self.server.port, ca.display())
    }
}

fn encrypted() -> Option<&'static Encrypted> {
    static SERVER: OnceLock<Option<Encrypted>> = OnceLock::new();
    SERVER.get_or_init(Encrypted::start).as_ref()
}

conformance_suite!(encrypted_conformance, async { Some(subject(&encrypted()?.url("localhost")).await) });

#[tokio::test]
async fn certificate_of_an_address_is_checked_too() {
    let Some(server) = encrypted() else { return };
    connected(RedisBackend::builder(server.url("127.0.0.1"))).await;
}

#[tokio::test]
async fn authority_nobody_trusts_is_no_connection() {
    let Some(server) = encrypted() else { return };
    let url = server.url("localhost");
    let trusting_others = url.split_once('?').unwrap().0;
    match RedisBackend::builder(trusting_others).timeout(Duration::from_millis(300)).build() {
        Ok(backend) => assert!(matches!(backend.ping().await, Err(Error::Unreachable { .. }))),
        // A machine without any authority trusts nobody.
        Err(error) => assert!(error.to_string().contains("trusts nobody"), "{error}"),
    }
}

#[test]
fn file_that_holds_no_certificates_is_a_configuration_mistake() {
    for file in ["/nowhere.pem", "/dev/null"] {
        let error = RedisBackend::new(&format!("rediss://host?ca={file}")).unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{error:?}");
    }
}
