//! A steady stream of datagrams under a change: each allowed one must arrive, no denied one may.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBufForce;

use crate::lab::{Workload, bind};

/// The pause between two datagrams of one stream.
const PAUSE: Duration = Duration::from_micros(100);
/// How long the last datagrams may be on their way.
const PATIENCE: Duration = Duration::from_millis(500);

/// What became of all streams.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) allowed_sent: u64,
    pub(crate) allowed_lost: u64,
    pub(crate) denied_sent: u64,
    pub(crate) denied_arrived: u64,
}

/// Streams from two clients to one server: one allowed, one denied, over both families.
pub(crate) struct Prober {
    stop: Arc<AtomicBool>,
    allowed: Vec<Stream>,
    denied: Vec<Stream>,
}

struct Stream {
    arrived: Arc<AtomicU64>,
    sender: JoinHandle<u64>,
    receiver: JoinHandle<BTreeSet<u64>>,
}

impl Prober {
    /// Starts the streams, to one port for what is allowed and to another for what is denied.
    pub(crate) fn start(
        [friend, stranger, server]: [&Workload; 3],
        [open, shut]: [u16; 2],
    ) -> Prober {
        let stop = Arc::new(AtomicBool::new(false));
        let streams = |client: &Workload, port: u16| -> Vec<Stream> {
            let ips = [server.v4, server.v6];
            ips.map(|ip| stream(client, server, SocketAddr::new(ip, port), &stop)).into()
        };
        Prober { allowed: streams(friend, open), denied: streams(stranger, shut), stop }
    }

    /// How many denied datagrams have arrived so far.
    pub(crate) fn denied_arrived(&self) -> u64 {
        self.denied.iter().map(|stream| stream.arrived.load(Ordering::Relaxed)).sum()
    }

    /// Ends the streams and counts.
    pub(crate) fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let count = |streams: Vec<Stream>| {
            streams.into_iter().fold((0, 0), |(sent, arrived), stream| {
                let all = stream.sender.join().expect("the sender ends");
                let seen = stream.receiver.join().expect("the receiver ends");
                (sent + all, arrived + seen.len() as u64)
            })
        };
        let (allowed_sent, arrived) = count(self.allowed);
        let (denied_sent, denied_arrived) = count(self.denied);
        Seen { allowed_sent, allowed_lost: allowed_sent - arrived, denied_sent, denied_arrived }
    }
}

fn stream(client: &Workload, server: &Workload, to: SocketAddr, stop: &Arc<AtomicBool>) -> Stream {
    let any: IpAddr = if to.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    let receiver = bind(server, to);
    // A busy machine may keep the receiver waiting; that must not look like a loss.
    setsockopt(&receiver, RcvBufForce, &(64 << 20)).expect("root may have a large buffer");
    receiver.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
    let sender = bind(client, SocketAddr::new(any, 0));
    let (stop_sending, stop_receiving) = (Arc::clone(stop), Arc::clone(stop));
    let arrived = Arc::new(AtomicU64::new(0));
    let arriving = Arc::clone(&arrived);
    Stream {
        arrived,
        sender: std::thread::spawn(move || send(&sender, to, &stop_sending)),
        receiver: std::thread::spawn(move || receive(&receiver, &arriving, &stop_receiving)),
    }
}

fn send(socket: &UdpSocket, to: SocketAddr, stop: &AtomicBool) -> u64 {
    let mut number = 0u64;
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        socket.send_to(&number.to_be_bytes(), to).expect("the socket sends");
        number += 1;
        next += PAUSE;
        // An open-loop sender keeps its pace by the clock; nothing is waited for here.
        #[allow(clippy::disallowed_methods)]
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    number
}

fn receive(socket: &UdpSocket, arrived: &AtomicU64, stop: &AtomicBool) -> BTreeSet<u64> {
    let mut seen = BTreeSet::new();
    let mut buffer = [0; 8];
    loop {
        match socket.recv(&mut buffer) {
            Ok(8) => {
                seen.insert(u64::from_be_bytes(buffer));
                arrived.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(_) if stop.load(Ordering::Relaxed) => return seen,
            Err(_) => {}
        }
    }
}
