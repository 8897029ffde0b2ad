//! HTTP written byte by byte: what a well-behaved client would put right before it is sent.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// How long an answer may take before the test counts it as missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer as its bytes came in.
#[derive(Debug)]
pub struct RawAnswer {
    /// The status code.
    pub status: u16,
    /// Everything up to the empty line.
    pub head: Vec<u8>,
    /// Everything after it.
    pub body: Vec<u8>,
}

impl RawAnswer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, body) = (bytes[..end].to_vec(), bytes[end + 4..].to_vec());
        let status = str::from_utf8(head.get(9..12)?).ok()?.parse().ok()?;
        Some(Self { status, head, body })
    }

    /// The headers, as they were sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = str::from_utf8(&self.head).unwrap_or_default().lines();
        lines.filter_map(|line| line.split_once(": "))
    }

    /// The body as text, with a mark for what is none.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends the bytes and reads until the server closes; `None` if it closes without an answer.
///
/// # Errors
///
/// If there is no connection, or no end within a minute.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Option<RawAnswer>> {
    talk(TcpStream::connect(address), request).await
}

async fn talk(
    connected: impl Future<Output = io::Result<TcpStream>>,
    request: &[u8],
) -> io::Result<Option<RawAnswer>> {
    let talk = async {
        let mut stream = connected.await?;
        // A server that has refused the head may close before it has read the rest.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            answer.extend_from_slice(&piece[..read]);
        }
        Ok(RawAnswer::parse(&answer))
    };
    tokio::time::timeout(PATIENCE, talk).await?
}

/// A GET of a request target, exactly as it is given.
///
/// # Errors
///
/// As [`exchange`].
pub async fn get(
    address: SocketAddr,
    target: &[u8],
    authorization: Option<&str>,
) -> io::Result<Option<RawAnswer>> {
    exchange(address, &get_request(target, authorization)).await
}

/// The same from another address of this machine, such as `127.0.0.7`.
///
/// # Errors
///
/// As [`exchange`].
pub async fn get_from(
    from: Ipv4Addr,
    address: SocketAddr,
    target: &[u8],
    authorization: Option<&str>,
) -> io::Result<Option<RawAnswer>> {
    let connected = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        socket.connect(address).await
    };
    talk(connected, &get_request(target, authorization)).await
}

fn get_request(target: &[u8], authorization: Option<&str>) -> Vec<u8> {
    let mut request =
        [b"GET ", target, b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"].concat();
    if let Some(authorization) = authorization {
        request.extend_from_slice(format!("Authorization: {authorization}\r\n").as_bytes());
    }
    request.extend_from_slice(b"\r\n");
    request
}
