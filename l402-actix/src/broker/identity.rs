//! Who asks: a client's address, as far as it can be believed.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, HeaderValue},
};
use ipnet::IpNet;

use super::proxies;
use crate::{
    hook::{Hook, TextWith},
    key::{Key, key},
};

/// How clients are told apart, and what that is used for; see
/// [`L402Config::client_identity`](crate::L402Config::client_identity).
///
/// It tells the budget's clients apart. [`reuse_challenges`](Self::reuse_challenges) and
/// [`calls_per_minute`](Self::calls_per_minute) are switched on one by one.
///
/// # Examples
///
/// ```
/// use actix_web::http::header::HeaderName;
/// use l402_actix::{ClientIdentity, L402Config};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let client = l402_actix::L402Client::new("key")?;
///
/// // The load balancer is in 10.0.0.0/16 and appends the address it sees to this header.
/// let header = HeaderName::from_static("x-forwarded-for");
/// let identity = ClientIdentity::behind_proxies(["10.0.0.0/16"], header)?
///     .reuse_challenges(true)
///     .calls_per_minute(20);
/// let config = L402Config::new(client).client_identity(identity);
/// # Ok(())
/// # }
/// ```
///
/// # Security
///
/// An address is not a payer. Many people share one (NAT, mobile networks, company proxies), and
/// one person can have very many (IPv6). So an address decides only who is sold to and how often,
/// never who has paid.
#[derive(Debug, Clone)]
#[must_use = "an identity does nothing until it is given to `L402Config::client_identity`"]
pub struct ClientIdentity {
    by: By,
    pub(crate) reuse_challenges: bool,
    pub(crate) calls_per_minute: Option<u32>,
}

#[derive(Debug, Clone)]
enum By {
    Peer,
    Proxies { networks: Arc<[IpNet]>, header: HeaderName },
    Function(Hook<TextWith>),
}

impl ClientIdentity {
    /// By the address that the connection comes from. For servers that face their clients.
    ///
    /// Behind a proxy all clients have the proxy's address: use
    /// [`behind_proxies`](Self::behind_proxies) there.
    pub fn peer_addr() -> Self {
        Self::by(By::Peer)
    }

    /// By the header that the merchant's own proxies write, such as `X-Forwarded-For`: the
    /// right-most address in it that is not in one of the proxies' networks.
    ///
    /// All lines of the header count as one list, with or without ports. Only what stands to the
    /// right of the first foreign address is read: that is what the proxies have written, and the
    /// rest is what a client says. Where the peer is not in the networks the header is not read at
    /// all, and where it has no foreign address or cannot be read, the peer's address counts.
    /// Networks are `10.0.0.0/8`, or one address. RFC 7239's `Forwarded` is another format and is
    /// not read; use [`custom`](Self::custom) for it, and for proxies that connect through a Unix
    /// socket, where there is no peer address.
    ///
    /// # Errors
    ///
    /// [`InvalidNetwork`] for a text that is neither a network nor an address.
    pub fn behind_proxies<T: AsRef<str>>(
        networks: impl IntoIterator<Item = T>,
        header: HeaderName,
    ) -> Result<Self, InvalidNetwork> {
        let parse = |text: T| {
            let text = text.as_ref().trim();
            let network = text.parse::<IpNet>().ok();
            let network = network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            network.ok_or_else(|| InvalidNetwork(text.to_owned()))
        };
        let networks = networks.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self::by(By::Proxies { networks, header }))
    }

    /// By a function of the request: an account, an API key, a header that only your proxy can set.
    ///
    /// Each gate that a request passes calls it at most once, on the worker's thread, so it must not
    /// block.
    ///
    /// Whom it answers `None` for is nobody: gets a new challenge each time, and counts against no
    /// limit but the budget.
    pub fn custom(
        identity: impl Fn(&HttpRequest) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::by(By::Function(Hook(Arc::new(identity))))
    }

    fn by(by: By) -> Self {
        Self { by, reuse_challenges: false, calls_per_minute: None }
    }

    /// Whether a client that asks again is given the challenge that it was given before, for the
    /// same resource, price and description, which saves a mint. Default: `false`.
    ///
    /// A challenge is reused until a credential with its payment hash is presented, whatever the
    /// broker then says to it; or the client presents a credential that is refused or spent; or
    /// its invoice has less than two minutes left.
    ///
    /// # Security
    ///
    /// An invoice can be paid once. Between its payment and the moment when the credential is
    /// presented nobody here can know of the payment, and whoever asks in this time under the
    /// same identity is given the invoice that is paid: another client behind the same NAT, or a
    /// client that pays per call and asks twice at once. Its wallet refuses to pay again, so no
    /// money is lost, but it can buy only once the first has presented its credential or the
    /// invoice is about to expire. The same goes for a client that pays and loses its token. A
    /// client that pays per call, one call after the other, is never given a paid invoice.
    ///
    /// It holds for one process. Where a balancer spreads one client's requests over several, the
    /// one that handed out a challenge may never see its credential and goes on handing it out:
    /// keep this off there, unless the balancer sends a client always to the same one.
    pub fn reuse_challenges(mut self, reuse: bool) -> Self {
        self.reuse_challenges = reuse;
        self
    }

    /// How many broker calls one client may cause in any 60 seconds; more are answered 429 with
    /// `Retry-After`. Default: no limit but the [budget's](crate::L402Config::broker_budget).
    ///
    /// It counts for those who have paid too. What costs no call does not count, such as a credential
    /// whose verdict stands.
    /// IPv6 addresses count by their /64, which one client has all of; clients beyond 10,000 push
    /// out those that were not seen for longest.
    pub fn calls_per_minute(mut self, calls: u32) -> Self {
        self.calls_per_minute = Some(calls);
        self
    }

    /// Who asks; `None` for nobody in particular.
    pub(crate) fn of(&self, request: &HttpRequest) -> Option<Client> {
        match &self.by {
            By::Peer => Client::peer(request),
            By::Proxies { networks, header } => {
                let lines = request.headers().get_all(header).map(HeaderValue::as_bytes);
                Some(Client::Address(proxies::client(networks, peer(request)?, lines)))
            }
            By::Function(identity) => (identity.0)(request).map(Client::Named),
        }
    }
}

/// Somebody who asks.
#[derive(Debug, PartialEq)]
pub(crate) enum Client {
    Address(IpAddr),
    Named(String),
}

fn peer(request: &HttpRequest) -> Option<IpAddr> {
    Some(request.peer_addr()?.ip().to_canonical())
}

impl Client {
    /// By the address of the connection.
    pub(super) fn peer(request: &HttpRequest) -> Option<Self> {
        peer(request).map(Self::Address)
    }

    /// The one client. An IPv6 neighbour is somebody else, who must not be handed its invoice.
    pub(crate) fn one(&self) -> Key {
        match self {
            Self::Address(address) => named_by(b"address", address.to_string().as_bytes()),
            Self::Named(name) => named_by(b"name", name.as_bytes()),
        }
    }

    /// The client with all addresses that it can take.
    pub(crate) fn with_neighbours(&self) -> Key {
        match self {
            Self::Address(IpAddr::V6(address)) => {
                let network = address.to_bits() >> 64 << 64;
                Self::Address(Ipv6Addr::from_bits(network).into()).one()
            }
            _ => self.one(),
        }
    }
}

fn named_by(kind: &[u8], name: &[u8]) -> Key {
    key(&[Some(kind), Some(name)])
}

/// A text that is neither a network nor an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNetwork(String);

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no network; write it like `10.0.0.0/8` or `192.0.2.7`", self.0)
    }
}

impl std::error::Error for InvalidNetwork {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_neighbours_are_one_to_the_limit_and_two_to_the_reuse() {
        let client = |text: &str| Client::Address(text.parse().expect("an address"));
        let [one, two, far] = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(client);
        assert_ne!(one.one(), two.one());
        assert_eq!(one.with_neighbours(), two.with_neighbours());
        assert_ne!(one.with_neighbours(), far.with_neighbours());
        let [four, next] = ["203.0.113.1", "203.0.113.2"].map(client);
        assert_ne!(four.with_neighbours(), next.with_neighbours());
        assert_ne!(Client::Named("203.0.113.1".to_owned()).one(), four.one());
    }
}
