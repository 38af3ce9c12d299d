//! Numbered UDP probes on a pair that policies allow: proof that nothing of the application's own
//! is lost. The receiver writes every gap at once, and each second where it stands.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::ask::family_word;
use super::journal::Journal;
use super::pace::Pace;
use crate::plan::{self, Addresses, BridgeFilter};

/// One probe in each family this often.
const PROBE_EVERY: Duration = Duration::from_millis(50);
/// How often both ends say where they stand.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Sends for ever.
pub(crate) fn send(journal: &Journal) -> Result<()> {
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).context("unable to open a socket")?;
    let mut pace = Pace::every(PROBE_EVERY);
    let mut told = Instant::now();
    let mut unsent = 0u64;
    loop {
        let number = pace.turn() + 1;
        for ip in target().both() {
            let sent = socket.send_to(&number.to_be_bytes(), (mapped(ip), plan::PROBE_PORT));
            unsent += u64::from(sent.is_err());
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            journal.write(json!({ "sent": number, "unsent": unsent }));
        }
    }
}

/// The orders themselves, without a service in between.
fn target() -> Addresses {
    let orders = plan::places(BridgeFilter::On).into_iter().find(|place| place.app == "orders");
    orders.expect("the plan has orders").addresses
}

/// A socket of both families speaks of IPv4 in the mapped form.
fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

/// The receiver's socket.
pub(crate) fn listen() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, plan::PROBE_PORT))
        .context("unable to listen for probes")?;
    socket.set_read_timeout(Some(TELL_EVERY))?;
    Ok(socket)
}

/// Receives for ever.
pub(crate) fn receive(socket: &UdpSocket, journal: &Journal) -> Result<()> {
    let mut counts = [Count::default(), Count::default()];
    let mut told = Instant::now();
    let mut probe = [0; 8];
    loop {
        match socket.recv_from(&mut probe) {
            Ok((8, SocketAddr::V6(from))) => {
                let ip = IpAddr::V6(*from.ip()).to_canonical();
                let number = u64::from_be_bytes(probe);
                if let Some((first, last)) = counts[usize::from(ip.is_ipv6())].take(number) {
                    let family = family_word(ip);
                    journal.write(json!({ "family": family, "gap": [first, last] }));
                }
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error).context("unable to receive probes"),
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let [v4, v6] = counts;
            journal.write(json!({ "v4": v4.to_json(), "v6": v6.to_json() }));
        }
    }
}

/// What came in of one family.
#[derive(Clone, Copy, Default)]
struct Count {
    received: u64,
    last: u64,
    missing: u64,
    late: u64,
}

impl Count {
    /// Counts one probe in; gives the numbers that it shows to be missing. A sender that begins
    /// anew is at number 1 again.
    fn take(&mut self, number: u64) -> Option<(u64, u64)> {
        self.received += 1;
        let (first, last) = (self.last + 1, number.saturating_sub(1));
        if self.received == 1 || number == 1 {
            self.last = number;
            return None;
        }
        if number < first {
            self.late += 1;
            return None;
        }
        self.last = number;
        (number > first).then(|| {
            self.missing += number - first;
            (first, last)
        })
    }

    fn to_json(self) -> serde_json::Value {
        let Count { received, last, missing, late } = self;
        json!({ "received": received, "last": last, "missing": missing, "late": late })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_told_once_and_a_late_probe_is_no_gap() {
        let mut count = Count::default();
        let told: Vec<_> = [3, 4, 7, 6, 8].into_iter().map(|number| count.take(number)).collect();
        assert_eq!(told, [None, None, Some((5, 6)), None, None]);
        assert_eq!((count.received, count.missing, count.late, count.last), (5, 2, 1, 8));
    }

    #[test]
    fn a_sender_that_begins_anew_leaves_no_gap() {
        let mut count = Count::default();
        for number in [41, 42, 1, 2] {
            assert_eq!(count.take(number), None);
        }
    }
}
