//! Connections over TLS. The engine of the tests speaks none: a proxy before it does.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use stockpile_market::SecurityKind;
use stockpile_storage::{
    Error,
    clickhouse::{Options, open},
    contract::{bar, ingest},
};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::{certificates::authority, engine::fresh};

/// Speaks TLS with its clients, and plainly with the server.
struct Encrypted {
    port: u16,
    /// Whom to trust.
    ca: PathBuf,
    folder: TempDir,
}

impl Encrypted {
    async fn before(server: u16) -> Self {
        let (ca_pem, certificate, key) = authority("127.0.0.1");
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(("127.0.0.1", server)).await?;
                    let mut client = acceptor.accept(client).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, ca_pem).unwrap();
        Self { port, ca, folder }
    }
}

#[tokio::test]
async fn an_encrypted_server_is_verified_and_asked_as_any_other() {
    let Some((database, store)) = fresh().await else { return };
    let proxy = Encrypted::before(database.options.port).await;
    let options = database.options.clone().port(proxy.port).secure(true);
    let encrypted = open(&options.clone().ca_file(&proxy.ca)).await.unwrap();
    ingest(&encrypted, SecurityKind::Stock, [bar("000001.SZ", "20250102", 10.0)]).await;
    assert_eq!(encrypted.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);
    assert_eq!(store.bars.day_counts(SecurityKind::Stock).await.unwrap().len(), 1);

    let stranger = proxy.folder.path().join("stranger.pem");
    std::fs::write(&stranger, authority("127.0.0.1").0).unwrap();
    let by_name = Options::new("localhost").port(proxy.port).secure(true);
    for refused in [
        // Signed by nobody the system knows, then by somebody else.
        open(&options).await.unwrap_err(),
        open(&options.clone().ca_file(&stranger)).await.unwrap_err(),
        // The certificate is of an address, not of this name.
        open(&by_name.ca_file(&proxy.ca)).await.unwrap_err(),
    ] {
        assert!(matches!(refused, Error::WrongServer { .. }), "{refused:?}");
        assert!(!refused.is_transient());
    }
}

#[cfg(feature = "settings")]
#[tokio::test]
async fn an_address_names_the_authority() {
    let Some((database, _store)) = fresh().await else { return };
    let proxy = Encrypted::before(database.options.port).await;
    let address = format!(
        "clickhouse://default@127.0.0.1:{}/{}?secure=true&ca={}",
        proxy.port,
        database.options.database,
        proxy.ca.display()
    );
    let of_it = |name: &str| (name == "STORAGE_URL").then(|| address.clone());
    let settings = stockpile_settings::Settings::from_lookup(of_it).unwrap();
    stockpile_storage::open(&settings.storage).await.unwrap();
}

#[tokio::test]
async fn plain_and_encrypted_are_never_taken_for_each_other() {
    let Some((database, _store)) = fresh().await else { return };
    let proxy = Encrypted::before(database.options.port).await;
    let plain = open(&database.options.clone().port(proxy.port)).await.unwrap_err();
    assert!(matches!(plain, Error::WrongServer { .. }), "{plain:?}");
    let to_a_plain_one = open(&database.options.clone().secure(true).ca_file(&proxy.ca)).await.unwrap_err();
    assert!(matches!(to_a_plain_one, Error::WrongServer { .. }), "{to_a_plain_one:?}");
}

#[tokio::test]
async fn a_file_of_authorities_that_is_none_is_named() {
    let Some((database, _store)) = fresh().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    for (path, says) in
        [(folder.path().join("absent.pem"), "absent.pem"), (empty, "no certificate of an authority")]
    {
        let refused = open(&database.options.clone().secure(true).ca_file(path)).await.unwrap_err();
        let Error::Open { source, .. } = refused else { panic!("{refused:?}") };
        assert!(source.to_string().contains(says), "{source}");
    }
}
