//! Traffic between client and server of the lab: a UDP flood of 18 bytes, TCP request and response,
//! TCP connect, request, response and close. All bounded by count or time.

use std::io::{Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use nix::time::{ClockId, clock_gettime};

use crate::lab::{CLIENT, Lab, SERVER, pin};

/// Bursts of traffic in one round.
const BURSTS: usize = 5;

/// The server's port that policies of the measurement allow.
pub(crate) const ALLOWED: u16 = 7000;
/// Another one that they allow.
pub(crate) const ALSO_ALLOWED: u16 = 7002;
/// A port that they deny.
pub(crate) const DENIED: u16 = 7001;

/// Which family the traffic uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    fn server(self, port: u16) -> SocketAddr {
        address(SERVER[self as usize], port)
    }

    fn client(self) -> SocketAddr {
        address(CLIENT[self as usize], 0)
    }
}

fn address(ip: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip.parse::<IpAddr>().expect("the lab's addresses are addresses"), port)
}

/// Nanoseconds a packet for 18-byte datagrams of one established flow; the receiver never reads.
pub(crate) fn udp_flood(lab: &Lab, family: Family, packets: u32) -> anyhow::Result<f64> {
    let receiver = lab.on_thread("server", || Ok(UdpSocket::bind(family.server(ALLOWED))?))?;
    lab.on_thread("client", || {
        let sender = UdpSocket::bind(family.client())?;
        sender.connect(family.server(ALLOWED))?;
        sender.send(&[0; 18])?;
        // One answer makes the flow established for every peer's connection tracking.
        let (_, from) = receiver.recv_from(&mut [0; 64])?;
        receiver.send_to(&[0; 18], from)?;
        sender.recv(&mut [0; 64])?;
        best_of_bursts(f64::min, || {
            let start = processor_time()?;
            for _ in 0..packets {
                sender.send(&[0; 18])?;
            }
            Ok((processor_time()? - start).as_nanos() as f64 / f64::from(packets))
        })
    })
}

/// The best of a round's bursts: what disturbs one rarely disturbs all.
pub(crate) fn best_of_bursts(
    better: fn(f64, f64) -> f64,
    mut burst: impl FnMut() -> anyhow::Result<f64>,
) -> anyhow::Result<f64> {
    let mut best = burst()?;
    for _ in 1..BURSTS {
        best = better(best, burst()?);
    }
    Ok(best)
}

/// The processor's time that this process has used. All of a measurement's work is its own, on one
/// processor that is never idle: on a quiet machine this is the clock's time, on a busy one it
/// leaves out what others take.
pub(crate) fn processor_time() -> anyhow::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// Transactions a second over one connection.
pub(crate) fn request_response(lab: &Lab, family: Family, time: Duration) -> anyhow::Result<f64> {
    with_server(lab, family, |server| {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        best_of_bursts(f64::max, || {
            rate(time, || {
                stream.write_all(&[1])?;
                Ok(stream.read_exact(&mut [0])?)
            })
        })
    })
}

/// Connections a second, each with one request and response.
pub(crate) fn connect_request_response(
    lab: &Lab,
    family: Family,
    time: Duration,
) -> anyhow::Result<f64> {
    with_server(lab, family, |server| {
        best_of_bursts(f64::max, || {
            rate(time, || {
                let mut stream = TcpStream::connect(server)?;
                stream.write_all(&[1])?;
                stream.read_exact(&mut [0])?;
                stream.shutdown(Shutdown::Write)?;
                ensure!(stream.read(&mut [0])? == 0, "the server closes too");
                Ok(())
            })
        })
    })
}

/// How often something can be done in a second of the processor's time.
fn rate(time: Duration, mut once: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = processor_time()?;
    let (from, mut count) = (Instant::now(), 0_u32);
    while from.elapsed() < time {
        once()?;
        count += 1;
    }
    Ok(f64::from(count) / (processor_time()? - start).as_secs_f64())
}

/// Whether a TCP connection to this port of the server comes about within 300 ms.
pub(crate) fn reaches(lab: &Lab, family: Family, port: u16) -> anyhow::Result<bool> {
    let _listener = lab.on_thread("server", || Ok(TcpListener::bind(family.server(port))?))?;
    lab.on_thread("client", || {
        let server = family.server(port);
        Ok(TcpStream::connect_timeout(&server, Duration::from_millis(300)).is_ok())
    })
}

fn with_server(
    lab: &Lab,
    family: Family,
    client: impl FnOnce(SocketAddr) -> anyhow::Result<f64> + Send,
) -> anyhow::Result<f64> {
    let listener = lab.on_thread("server", || Ok(TcpListener::bind(family.server(ALLOWED))?))?;
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| -> anyhow::Result<()> {
            pin()?;
            while !done.load(Ordering::Relaxed) {
                let (stream, _) = listener.accept()?;
                // A client that goes away ends its connection; the next one is awaited.
                let _ = echo(stream);
            }
            Ok(())
        });
        let result = lab.on_thread("client", || client(family.server(ALLOWED)));
        done.store(true, Ordering::Relaxed);
        lab.on_thread("client", || Ok(TcpStream::connect(family.server(ALLOWED))?))?;
        result
    })
}

fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut byte = [0];
    while stream.read(&mut byte)? == 1 {
        stream.write_all(&byte)?;
    }
    Ok(())
}
