//! A node in a namespace of its own with two workloads in front of it, `a` and `b`, and sockets in
//! them. Removed with the test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

use crate::run::Place;

/// The port that `b` serves.
pub(crate) const PORT: u16 = 8080;
/// How long a connection may take that is let through.
const SOON: Duration = Duration::from_secs(2);

pub(crate) struct Node {
    /// What the names of its namespaces begin with.
    prefix: String,
    server: Option<JoinHandle<()>>,
}

/// `b` may be reached by nobody.
pub(crate) const CLOSED: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: closed   # nobody gets in
  namespace: b
spec: {podSelector: {}, policyTypes: [Ingress]}
";

impl Node {
    /// Two workloads, routed by the node, with `b` serving.
    pub(crate) fn new(name: &str) -> Node {
        let node = Node { prefix: format!("pwup{}{name}", std::process::id()), server: None };
        let (n, a, b) = (node.name("n"), node.name("a"), node.name("b"));
        for namespace in [&n, &a, &b] {
            ip(&["netns", "add", namespace]);
            ip(&["-n", namespace, "link", "set", "lo", "up"]);
        }
        for (index, workload) in [(1, &a), (2, &b)] {
            let out = format!("v{index}");
            ip(&[
                "-n", &n, "link", "add", &out, "type", "veth", "peer", "name", "eth0", "netns",
                workload,
            ]);
            for (family, node_side, own) in [
                ("-4", format!("10.77.{index}.1/24"), format!("10.77.{index}.2/24")),
                ("-6", format!("fd77:{index}::1/64"), format!("fd77:{index}::2/64")),
            ] {
                ip(&["-n", &n, family, "address", "add", &node_side, "dev", &out]);
                ip(&["-n", workload, family, "address", "add", &own, "dev", "eth0"]);
            }
            ip(&["-n", &n, "link", "set", &out, "up"]);
            ip(&["-n", workload, "link", "set", "eth0", "up"]);
            ip(&["-n", workload, "route", "add", "default", "via", &format!("10.77.{index}.1")]);
        }
        let forward = inside(&n, "sysctl").args(["-qw", "net.ipv4.ip_forward=1"]).status().unwrap();
        assert!(forward.success());
        node.serve()
    }

    fn serve(mut self) -> Node {
        let namespace = self.name("b");
        let (listens, listening) = std::sync::mpsc::channel();
        self.server = Some(std::thread::spawn(move || {
            enter(&namespace);
            let listener = TcpListener::bind(("0.0.0.0", PORT)).unwrap();
            listens.send(()).unwrap();
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut word = [0; 4];
                if stream.read_exact(&mut word).is_ok() && &word == b"stop" {
                    return;
                }
                let _ = stream.write_all(&word);
            }
        }));
        listening.recv().unwrap();
        self
    }

    fn name(&self, end: &str) -> String {
        format!("{}{end}", self.prefix)
    }

    /// Takes a port of the node's own loopback.
    pub(crate) fn listen(&self) -> TcpListener {
        let namespace = self.name("n");
        let listening = std::thread::spawn(move || {
            enter(&namespace);
            TcpListener::bind("127.0.0.1:0").unwrap()
        });
        listening.join().unwrap()
    }

    /// A socket for datagrams in a workload.
    pub(crate) fn datagrams(&self, workload: &str, address: &str) -> UdpSocket {
        let (namespace, address) = (self.name(workload), address.to_owned());
        let binding = std::thread::spawn(move || {
            enter(&namespace);
            UdpSocket::bind(address).unwrap()
        });
        binding.join().unwrap()
    }

    /// Whether `a` reaches `b`: a word goes there and comes back.
    pub(crate) fn reaches(&self) -> bool {
        self.ask(*b"ping")
    }

    fn ask(&self, word: [u8; 4]) -> bool {
        let namespace = self.name("a");
        let asking = std::thread::spawn(move || {
            if !is_there(&namespace) {
                return false;
            }
            enter(&namespace);
            let server = SocketAddr::from(([10, 77, 2, 2], PORT));
            let Ok(mut stream) = TcpStream::connect_timeout(&server, SOON) else { return false };
            stream.set_read_timeout(Some(SOON)).unwrap();
            let mut answer = [0; 4];
            stream.write_all(&word).is_ok()
                && stream.read_exact(&mut answer).is_ok()
                && answer == word
        });
        asking.join().unwrap()
    }

    /// Lets `a` vanish, as a container that is killed does.
    pub(crate) fn lose_a(&self) {
        ip(&["netns", "delete", &self.name("a")]);
    }

    /// Where the workloads are, as a workload file.
    pub(crate) fn world(&self) -> String {
        let pod = |name: &str, index: u8| {
            format!(
                "  - {{name: {name}, namespace: {name}, labels: {{app: {name}}}, \
                 ips: [10.77.{index}.2, 'fd77:{index}::2'], \
                 attach: {{netns: /run/netns/{}}}}}\n",
                self.name(name)
            )
        };
        format!("namespaces: [{{name: a}}, {{name: b}}]\npods:\n{}{}", pod("a", 1), pod("b", 2))
    }

    /// `podwall up` on this node's workloads.
    pub(crate) fn up(&self, place: &Place, more: &[&str]) -> Command {
        place.write("workloads.yaml", &self.world());
        place.write("policies/closed.yaml", CLOSED);
        let mut command = inside(&self.name("n"), env!("CARGO_BIN_EXE_podwall"));
        command
            .args(["--state".as_ref(), place.state().as_os_str()])
            .args(["up", "--workloads"])
            .arg(place.path("workloads.yaml"))
            .arg("--policies")
            .arg(place.path("policies"))
            .args(more);
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The server ends with its namespace's last word; it may be out of reach by then.
        if !self.ask(*b"stop") {
            self.server = None;
        }
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
        for end in ["a", "b", "n"] {
            let _ = Command::new("ip").args(["netns", "delete", &self.name(end)]).output();
        }
    }
}

fn is_there(namespace: &str) -> bool {
    std::path::Path::new(&format!("/run/netns/{namespace}")).exists()
}

fn enter(namespace: &str) {
    let file = std::fs::File::open(format!("/run/netns/{namespace}")).unwrap();
    setns(file, CloneFlags::CLONE_NEWNET).expect("this test needs root: it enters namespaces");
}

/// A program inside a namespace. Not by `ip netns exec`, which hides what is mounted in /sys.
fn inside(namespace: &str, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{namespace}")).arg("--").arg(program);
    command
}

#[track_caller]
fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "this test needs root: ip {arguments:?}: {error}");
}
