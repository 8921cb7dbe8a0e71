//! Encrypted connections.

use std::{sync::OnceLock, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use stockpile_cache::{Backend, Error, conformance_suite, redis::RedisBackend};

use stockpile_redis_local::{Port, Server};

use crate::{connected, subject};

fn start() -> Option<Server> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let files =
        [("ca.pem", authority.pem()), ("server.pem", certificate.pem()), ("server.key", key.serialize_pem())];
    let port = Port::free();
    let config = format!(
        "tls-port {port}\ntls-auth-clients no\ntls-cert-file server.pem\ntls-key-file server.key\n\
         tls-ca-cert-file ca.pem\nrequirepass secret"
    );
    Server::start_with(port, &config, &files)
}

fn encrypted() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

fn url(server: &Server, host: &str) -> String {
    let ca = server.folder.path().join("ca.pem");
    format!("rediss://:secret@{host}:{}/1?ca={}", server.port, ca.display())
}

conformance_suite!(encrypted_conformance, async { Some(subject(&url(encrypted()?, "localhost")).await) });

#[tokio::test]
async fn certificate_of_an_address_is_checked_too() {
    let Some(server) = encrypted() else { return };
    connected(RedisBackend::builder(url(server, "127.0.0.1"))).await;
}

#[tokio::test]
async fn authority_nobody_trusts_is_no_connection() {
    let Some(server) = encrypted() else { return };
    let url = url(server, "localhost");
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
