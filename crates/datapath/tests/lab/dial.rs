//! Asking and answering between namespaces: TCP and UDP, from a port of the asker's choice.

use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use podwall_host::Namespace;

/// How long an answer is waited for; a first SYN that is dropped is not sent again within it,
/// unless whoever waits is kept from running for longer.
const PATIENCE: Duration = Duration::from_millis(400);

/// Answers on one port of a namespace, TCP and UDP, both families, until it is dropped.
pub(crate) struct Server {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn new(namespace: &Namespace, port: u16) -> Server {
        let ended = Arc::new(AtomicBool::new(false));
        let any = SocketAddr::new(IpAddr::from([0u16; 8]), port);
        let taken = |_| nix::Error::EADDRINUSE;
        let tcp = until_free(namespace, || TcpListener::bind(any).map_err(taken));
        let udp = until_free(namespace, || UdpSocket::bind(any).map_err(taken));
        let turn = TimeVal::milliseconds(20);
        setsockopt(&tcp, sockopt::ReceiveTimeout, &turn).expect("a listener");
        setsockopt(&udp, sockopt::ReceiveTimeout, &turn).expect("a socket");
        let (until, also) = (Arc::clone(&ended), Arc::clone(&ended));
        let threads = vec![
            std::thread::spawn(move || serve_tcp(&tcp, &until)),
            std::thread::spawn(move || serve_udp(&udp, &also)),
        ];
        Server { ended, threads }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve_tcp(listener: &TcpListener, ended: &AtomicBool) {
    while !ended.load(Ordering::Relaxed) {
        if let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.write_all(b"answer");
        }
    }
}

fn serve_udp(socket: &UdpSocket, ended: &AtomicBool) {
    let mut buffer = [0; 16];
    while !ended.load(Ordering::Relaxed) {
        if let Ok((_, from)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(b"answer", from);
        }
    }
}

/// See `lab::bind`: a port may be taken for a moment by a process that is starting.
fn until_free<T>(namespace: &Namespace, make: impl Fn() -> nix::Result<T> + Send + Sync) -> T
where
    T: Send,
{
    let end = Instant::now() + Duration::from_secs(2);
    loop {
        match namespace.run(&make).expect("a workload can be entered") {
            Ok(made) => return made,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
        std::thread::yield_now();
    }
}

fn from_port(namespace: &Namespace, to: SocketAddr, port: u16, kind: SockType) -> OwnedFd {
    let family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let any: IpAddr = if to.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    until_free(namespace, || {
        let made = socket(family, kind, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&made, sockopt::ReuseAddr, &true)?;
        let patience = TimeVal::milliseconds(PATIENCE.as_millis().try_into().expect("short"));
        setsockopt(&made, sockopt::SendTimeout, &patience)?;
        setsockopt(&made, sockopt::ReceiveTimeout, &patience)?;
        bind(made.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(any, port)))?;
        Ok(made)
    })
}

/// What came of a question: whether it was answered, and in how many packets it was put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) answered: bool,
    pub(crate) sent: u64,
}

/// Opens a TCP connection from this port and waits for an answer on it. It ends in a reset, so that
/// its port can be taken again at once.
pub(crate) fn tcp(client: &Namespace, to: SocketAddr, port: u16) -> Asked {
    let made = from_port(client, to, port, SockType::Stream);
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    setsockopt(&made, sockopt::Linger, &linger).expect("a socket");
    let opened = connect(made.as_raw_fd(), &SockaddrStorage::from(to)).is_ok();
    let stream = TcpStream::from(made);
    let sent = 1 + u64::from(sent_again(&stream));
    let mut answer = [0; 6];
    Asked { answered: opened && (&stream).read_exact(&mut answer).is_ok(), sent }
}

/// How often the first packet of this connection was sent once more.
fn sent_again(stream: &TcpStream) -> u32 {
    let mut told = MaybeUninit::<libc::tcp_info>::zeroed();
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `told`, which is that large.
    let status = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            told.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: zeroes are a state of its integers, and so is what the kernel wrote.
    unsafe { told.assume_init() }.tcpi_total_retrans
}

/// Sends one datagram from this port and waits for an answer.
pub(crate) fn udp(client: &Namespace, to: SocketAddr, port: u16) -> Asked {
    Asked { answered: Asker::new(client, to, port).is_answered(), sent: 1 }
}

/// A UDP socket that asks again and again.
pub(crate) struct Asker(UdpSocket);

impl Asker {
    pub(crate) fn new(client: &Namespace, to: SocketAddr, port: u16) -> Asker {
        let socket = UdpSocket::from(from_port(client, to, port, SockType::Datagram));
        socket.connect(to).expect("a route");
        Asker(socket)
    }

    /// Sends this and waits for nothing.
    pub(crate) fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.send(bytes)
    }

    /// Asks once.
    pub(crate) fn is_answered(&self) -> bool {
        let mut answer = [0; 16];
        self.0.send(b"ask").is_ok() && self.0.recv(&mut answer).is_ok()
    }
}
