//! What stands between the gate and the sandbox: a port that refuses, or one that speaks TLS with
//! whichever certificate it is told to show.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use l402_actix::l402_server::reqwest;
use rcgen::{
    CertificateParams, CertifiedIssuer, DistinguishedName, DnType, KeyPair, date_time_ymd,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    task::AbortHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// A port that nobody listens on, until it is opened.
pub(crate) struct Closed {
    socket: Option<TcpSocket>,
    pub(crate) address: SocketAddr,
    task: Option<AbortHandle>,
}

impl Closed {
    /// Bound, so that nobody else gets the port, and not listening, so that it refuses.
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket: Some(socket), address, task: None }
    }

    /// Refuses no longer, and hands everything on.
    pub(crate) fn open(&mut self, to: SocketAddr) {
        let listener = self.socket.take().expect("closed").listen(64).unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(relay(stream, to));
            }
        });
        self.task = Some(task.abort_handle());
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wrong {
    UnknownIssuer,
    AnotherHost,
    Expired,
}

/// An issuer of certificates that the gate trusts, and one port that shows them.
pub(crate) struct Tls {
    issuer: CertifiedIssuer<'static, KeyPair>,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    pub(crate) url: String,
    task: AbortHandle,
}

impl Tls {
    /// Shows a certificate with nothing wrong, and hands on to `to` what comes through it.
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let issuer = issuer();
        let shown = Arc::new(Mutex::new(server(&issuer, None)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let config = Arc::clone(&shown);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = TlsAcceptor::from(Arc::clone(&config.lock().unwrap()));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        relay(stream, to).await;
                    }
                });
            }
        });
        Self { issuer, shown, url, task: task.abort_handle() }
    }

    /// The settings of a client that trusts this issuer alone. It keeps no connection, so that
    /// each call looks at the certificate anew.
    pub(crate) fn trusting(&self) -> impl Fn() -> reqwest::ClientBuilder + use<> {
        let root = reqwest::Certificate::from_der(self.issuer.der()).unwrap();
        move || {
            let builder = reqwest::Client::builder().tls_certs_only([root.clone()]);
            builder.pool_max_idle_per_host(0)
        }
    }

    /// From now on shows this one.
    pub(crate) fn show(&self, wrong: Option<Wrong>) {
        *self.shown.lock().unwrap() = server(&self.issuer, wrong);
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn issuer() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "an issuer of tests");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn server(trusted: &CertifiedIssuer<'static, KeyPair>, wrong: Option<Wrong>) -> Arc<ServerConfig> {
    let host = if wrong == Some(Wrong::AnotherHost) { "elsewhere.test" } else { "localhost" };
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    if wrong == Some(Wrong::Expired) {
        params.not_after = date_time_ymd(2001, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let unknown = issuer();
    let by = if wrong == Some(Wrong::UnknownIssuer) { &unknown } else { trusted };
    let certificate = params.signed_by(&key, by).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

async fn relay(mut stream: impl AsyncRead + AsyncWrite + Unpin, to: SocketAddr) {
    if let Ok(mut broker) = TcpStream::connect(to).await {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut broker).await;
    }
}
