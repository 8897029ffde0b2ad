//! The client's address behind the merchant's proxies.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The right-most address outside of the networks, else the peer's.
pub(crate) fn client<'a>(
    networks: &[IpNet],
    peer: IpAddr,
    lines: impl Iterator<Item = &'a [u8]>,
) -> IpAddr {
    let is_proxy = |address: &IpAddr| networks.iter().any(|network| network.contains(address));
    if !is_proxy(&peer) {
        return peer;
    }
    let lines: Vec<&[u8]> = lines.collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    for hop in hops.map(<[u8]>::trim_ascii).filter(|hop| !hop.is_empty()) {
        match address(hop) {
            Some(address) if is_proxy(&address) => {}
            Some(address) => return address,
            None => return peer,
        }
    }
    peer
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let hop = str::from_utf8(hop).ok()?;
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, lines: &[&str]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().expect("a network"));
        let peer = peer.parse().expect("an address");
        client(&networks, peer, lines.iter().map(|line| line.as_bytes())).to_string()
    }

    #[test]
    fn the_right_most_address_outside_of_the_networks_counts() {
        for (lines, client) in [
            (&["203.0.113.1"][..], "203.0.113.1"),
            (&["192.0.2.1, 203.0.113.1"], "203.0.113.1"),
            (&["192.0.2.1,203.0.113.1 ,10.9.9.9", "10.1.1.1"], "203.0.113.1"),
            (&["203.0.113.1:4711"], "203.0.113.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["::ffff:203.0.113.1, fd00::9"], "203.0.113.1"),
            (&["nonsense, 203.0.113.1, ,"], "203.0.113.1"),
            (&["\u{e9}", "203.0.113.1"], "203.0.113.1"),
        ] {
            assert_eq!(seen("10.0.0.1", lines), client, "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_means_the_peer() {
        for lines in
            [&[][..], &[""], &["10.2.2.2"], &["203.0.113.1, nonsense"], &["203.0.113.1", "\u{e9}"]]
        {
            assert_eq!(seen("10.0.0.1", lines), "10.0.0.1", "{lines:?}");
        }
    }

    #[test]
    fn a_peer_that_is_no_proxy_is_the_client_whatever_it_writes() {
        assert_eq!(seen("203.0.113.7", &["192.0.2.1"]), "203.0.113.7");
        assert_eq!(seen("2001:db8::7", &["192.0.2.1"]), "2001:db8::7");
    }
}
