//! Addresses and address ranges. IPv4 travels as IPv4-mapped IPv6, in tables and on the ring.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address in its one form: 16 bytes, IPv4 mapped (`::ffff:a.b.c.d`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 16]);

impl Address {
    /// The address in the family people know it by.
    pub fn ip(self) -> IpAddr {
        Ipv6Addr::from(self.0).to_canonical()
    }

    /// Whether it is an IPv4 address.
    pub fn is_v4(self) -> bool {
        self.ip().is_ipv4()
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Address {
        match ip {
            IpAddr::V4(v4) => Address(v4.to_ipv6_mapped().octets()),
            IpAddr::V6(v6) => Address(v6.octets()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

/// An address range: a network address without host bits, and the length of its prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    network: IpAddr,
    length: u8,
}

/// Why a text is no address range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CidrError {
    /// Not `address/length` at all.
    Unreadable(String),
    /// The prefix is longer than the address.
    TooLong(String),
    /// Bits are set behind the prefix; the range that was probably meant is given.
    HostBits(String, Cidr),
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CidrError::Unreadable(text) => {
                write!(
                    f,
                    "unable to parse CIDR: `{text}`, hint: write address/length, as in 10.0.0.0/8"
                )
            }
            CidrError::TooLong(text) => {
                write!(
                    f,
                    "prefix longer than its address: `{text}`, hint: at most /32 for IPv4 and /128 for IPv6"
                )
            }
            CidrError::HostBits(text, meant) => {
                write!(f, "address bits are set behind the prefix: `{text}`, hint: write {meant}")
            }
        }
    }
}

impl std::error::Error for CidrError {}

impl Cidr {
    /// The range of this prefix; host bits and lengths beyond the family are refused.
    pub fn new(network: IpAddr, length: u8) -> Result<Cidr, CidrError> {
        let text = || format!("{network}/{length}");
        let limit = if network.is_ipv4() { 32 } else { 128 };
        if length > limit {
            return Err(CidrError::TooLong(text()));
        }
        let meant = Cidr { network: masked(network, length), length };
        if meant.network != network {
            return Err(CidrError::HostBits(text(), meant));
        }
        Ok(meant)
    }

    /// The range that holds this address alone.
    pub fn host(ip: IpAddr) -> Cidr {
        Cidr { network: ip, length: if ip.is_ipv4() { 32 } else { 128 } }
    }

    /// The range of this length that holds the address; `None` beyond the family's length.
    pub fn around(ip: IpAddr, length: u8) -> Option<Cidr> {
        let limit = if ip.is_ipv4() { 32 } else { 128 };
        (length <= limit).then(|| Cidr { network: masked(ip, length), length })
    }

    /// The first address.
    pub fn network(self) -> IpAddr {
        self.network
    }

    /// The length of the prefix in its own family: 0 to 32, or 0 to 128.
    pub fn length(self) -> u8 {
        self.length
    }

    /// The length in the mapped form, 96 more for IPv4: what a prefix trie over both wants.
    pub fn mapped_length(self) -> u8 {
        if self.network.is_ipv4() { self.length + 96 } else { self.length }
    }

    /// Whether the address lies in it; families never mix.
    pub fn contains(self, ip: IpAddr) -> bool {
        self.network.is_ipv4() == ip.is_ipv4() && masked(ip, self.length) == self.network
    }

    /// Whether all of `other` lies in it.
    pub fn covers(self, other: Cidr) -> bool {
        self.length <= other.length && self.contains(other.network)
    }
}

fn masked(ip: IpAddr, length: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let unreadable = || CidrError::Unreadable(text.to_owned());
        let (ip, length) = text.split_once('/').ok_or_else(unreadable)?;
        let ip: IpAddr = ip.parse().map_err(|_| unreadable())?;
        let plain = !length.is_empty()
            && length.bytes().all(|byte| byte.is_ascii_digit())
            && (length.len() == 1 || !length.starts_with('0'));
        if !plain {
            return Err(unreadable());
        }
        Cidr::new(ip, length.parse().map_err(|_| CidrError::TooLong(text.to_owned()))?)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_refused_with_the_range_that_was_meant() {
        let error = "10.1.2.3/8".parse::<Cidr>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "address bits are set behind the prefix: `10.1.2.3/8`, hint: write 10.0.0.0/8"
        );
    }

    #[test]
    fn families_never_mix() {
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("203.0.113.9".parse().unwrap()));
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn odd_lengths_are_refused() {
        for text in ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0"]
        {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_mapped_address_reads_as_ipv4() {
        let address = Address::from("192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(address.to_string(), "192.0.2.1");
        assert_eq!(&address.0[..12], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    }
}
