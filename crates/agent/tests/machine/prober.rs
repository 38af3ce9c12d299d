//! A prober: every 100 microseconds one packet that is allowed and one that is denied, of both
//! families, each numbered, over many connections; and an account of what became of them.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};

use crate::place::Place;

/// The pace.
const EVERY: Duration = Duration::from_micros(100);

/// Client sockets of each lane: so many connections are judged again after each change.
const CONNECTIONS: usize = 32;

/// Bytes a server's socket holds while its reader does not get to run.
const RECEIVE_BYTES: usize = 32 << 20;

/// How long the last packets may take to be read.
const LATE: Duration = Duration::from_secs(5);

/// One allowed or denied way.
struct Lane {
    clients: Vec<UdpSocket>,
    sent: u64,
}

/// A running prober.
pub(crate) struct Prober {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<[u64; 4]>,
    readers: Vec<JoinHandle<u64>>,
    last: Vec<Arc<AtomicBool>>,
}

/// What became of the packets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Packets sent that are allowed.
    pub(crate) allowed: u64,
    /// Of these, never arrived.
    pub(crate) lost: u64,
    /// Packets sent that are denied.
    pub(crate) denied: u64,
    /// Of these, arrived.
    pub(crate) passed: u64,
}

impl Prober {
    /// Probes `web` -> `db`: allowed at 5432, denied at 5434.
    pub(crate) fn start(place: &Place) -> Prober {
        let lanes: [(&str, String); 4] = [
            ("0.0.0.0:0", "10.77.2.2:5432".into()),
            ("[::]:0", "[fd77:2::2]:5432".into()),
            ("0.0.0.0:0", "10.77.2.2:5434".into()),
            ("[::]:0", "[fd77:2::2]:5434".into()),
        ];
        let stop = Arc::new(AtomicBool::new(false));
        let mut senders = Vec::new();
        let mut readers = Vec::new();
        let mut last = Vec::new();
        for (from, to) in &lanes {
            let server = place.socket("db", to);
            setsockopt(&server, sockopt::RcvBufForce, &RECEIVE_BYTES).unwrap();
            server.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
            let ended = Arc::new(AtomicBool::new(false));
            last.push(Arc::clone(&ended));
            readers.push(thread::spawn(move || count(&server, &ended)));
            let client = || {
                let client = place.socket("web", from);
                client.connect(to).unwrap();
                client
            };
            let clients = (0..CONNECTIONS).map(|_| client()).collect();
            senders.push(Lane { clients, sent: 0 });
        }
        let stopped = Arc::clone(&stop);
        let sender = thread::spawn(move || send(senders, &stopped));
        Prober { stop, sender, readers, last }
    }

    /// Stops and accounts.
    pub(crate) fn stop(self) -> Account {
        self.stop.store(true, Ordering::Relaxed);
        let sent = self.sender.join().unwrap();
        // Whatever was let pass is in the servers' sockets by now: delivery is part of sending.
        self.last.iter().for_each(|ended| ended.store(true, Ordering::Relaxed));
        let arrived: Vec<u64> = self.readers.into_iter().map(|r| r.join().unwrap()).collect();
        Account {
            allowed: sent[0] + sent[1],
            lost: (sent[0] + sent[1]) - (arrived[0] + arrived[1]),
            denied: sent[2] + sent[3],
            passed: arrived[2] + arrived[3],
        }
    }
}

fn send(mut lanes: Vec<Lane>, stop: &AtomicBool) -> [u64; 4] {
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        for lane in &mut lanes {
            let number = usize::try_from(lane.sent).unwrap();
            let client = &lane.clients[number % CONNECTIONS];
            client.send(&lane.sent.to_le_bytes()).unwrap();
            lane.sent += 1;
        }
        next += EVERY;
        while let Some(rest) = next.checked_duration_since(Instant::now()) {
            thread::park_timeout(rest);
        }
    }
    [lanes[0].sent, lanes[1].sent, lanes[2].sent, lanes[3].sent]
}

/// Counts what arrives, each number once.
fn count(server: &UdpSocket, ended: &AtomicBool) -> u64 {
    let mut seen: Vec<bool> = Vec::new();
    let mut bytes = [0; 8];
    let mut late = None;
    loop {
        match server.recv(&mut bytes) {
            Ok(_) => {
                let number = usize::try_from(u64::from_le_bytes(bytes)).unwrap();
                if seen.len() <= number {
                    seen.resize(number + 1, false);
                }
                seen[number] = true;
            }
            // Nothing waits: the account is closed once the sender has stopped.
            Err(_) if ended.load(Ordering::Relaxed) => break,
            Err(_) => {}
        }
        if ended.load(Ordering::Relaxed) {
            let until = *late.get_or_insert_with(|| Instant::now() + LATE);
            assert!(Instant::now() < until, "a reader does not get to the end");
        }
    }
    u64::try_from(seen.into_iter().filter(|seen| *seen).count()).unwrap()
}
