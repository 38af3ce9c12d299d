//! A node of its own with two workloads, `shop/web` and `shop/db`, on routed wires of both
//! families.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use podwall_host::{Made, Namespace, Network, Route, bpffs, made, sysctl};
use podwall_model::{self as model, Cidr, WorkloadName, World};

/// The two workloads, each with its addresses and those of the node at the other end of its wire.
const WORKLOADS: [(&str, [&str; 2], [&str; 2]); 2] = [
    ("web", ["10.77.1.2", "fd77:1::2"], ["10.77.1.1", "fd77:1::1"]),
    ("db", ["10.77.2.2", "fd77:2::2"], ["10.77.2.1", "fd77:2::1"]),
];

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The node; gone with the value, also when a test failed.
pub(crate) struct Place {
    /// The state directory, with a bpffs in it.
    pub(crate) state: PathBuf,
    /// The node's namespace.
    pub(crate) node: Namespace,
    /// `shop/web`.
    pub(crate) web: Namespace,
    /// `shop/db`.
    pub(crate) db: Namespace,
}

impl Place {
    /// Makes the node.
    pub(crate) fn new() -> Place {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("pwa{}x{number}", std::process::id());
        let state = std::env::temp_dir().join(&prefix);
        fs::create_dir_all(state.join("bpf")).unwrap();
        let mut made = Made::open(&state.join("made.json")).unwrap();
        bpffs::mount_at(&state.join("bpf"), &mut made).unwrap();
        let node = Namespace::create(&format!("{prefix}-node"), &mut made).unwrap();
        let web = Namespace::create(&format!("{prefix}-web"), &mut made).unwrap();
        let db = Namespace::create(&format!("{prefix}-db"), &mut made).unwrap();
        let forward = [("net/ipv4/ip_forward", "1"), ("net/ipv6/conf/all/forwarding", "1")];
        sysctl::write(&node, &forward).unwrap();
        for namespace in [&node, &web, &db] {
            // Addresses, those of links too, are usable at once.
            sysctl::write(namespace, &[("net/ipv6/conf/default/accept_dad", "0")]).unwrap();
        }
        let place = Place { state, node, web, db };
        Network::open(&place.node).unwrap().bring_up("lo").unwrap();
        for (name, ..) in WORKLOADS {
            place.connect(name);
        }
        place
    }

    /// Puts a workload on a wire, the first time or again.
    pub(crate) fn connect(&self, name: &str) {
        let (_, own, gateways) = WORKLOADS.into_iter().find(|(known, ..)| *known == name).unwrap();
        let workload = self.namespace(name);
        let node = Network::open(&self.node).unwrap();
        let inside = Network::open(workload).unwrap();
        let device = format!("to-{name}");
        node.add_veth(&device, "eth0", workload).unwrap();
        inside.bring_up("lo").unwrap();
        for (own, gateway) in own.into_iter().zip(gateways) {
            let (own, gateway): (IpAddr, IpAddr) = (own.parse().unwrap(), gateway.parse().unwrap());
            let length = if own.is_ipv4() { 24 } else { 64 };
            node.add_address(&device, gateway, length).unwrap();
            inside.add_address("eth0", own, length).unwrap();
        }
        node.bring_up(&device).unwrap();
        inside.bring_up("eth0").unwrap();
        for gateway in gateways {
            let gateway: IpAddr = gateway.parse().unwrap();
            let everything = if gateway.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
            let destination: Cidr = everything.parse().unwrap();
            let route = Route { destination, gateway: Some(gateway), device: "eth0" };
            inside.add_route(route).unwrap();
        }
    }

    /// Takes a workload off its wire, which is gone then.
    pub(crate) fn disconnect(&self, name: &str) {
        self.command(&format!("ip link delete to-{name}"));
    }

    /// Runs a command, words without spaces, on the node; it must succeed.
    pub(crate) fn command(&self, line: &str) {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        let output = self.node.run(|| command.args(words).output()).unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
    }

    /// Takes the pins of all links away; what holds them after that is the agent alone.
    pub(crate) fn unpin_links(&self) -> usize {
        let mut unpinned = 0;
        let mut directories = vec![self.state.join("bpf")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.parent().is_some_and(|parent| parent.ends_with("links")) {
                    fs::remove_file(path).unwrap();
                    unpinned += 1;
                }
            }
        }
        unpinned
    }

    /// A workload's namespace.
    pub(crate) fn namespace(&self, name: &str) -> &Namespace {
        if name == "web" { &self.web } else { &self.db }
    }

    /// A UDP socket inside a workload; it stays there whoever uses it.
    pub(crate) fn socket(&self, name: &str, local: &str) -> UdpSocket {
        let local: SocketAddr = local.parse().unwrap();
        self.namespace(name).run(|| UdpSocket::bind(local)).unwrap().unwrap()
    }

    /// The world that this is.
    pub(crate) fn world(&self) -> World {
        let workload = |(name, own, _): (&str, [&str; 2], [&str; 2])| model::Workload {
            name: workload_name(name),
            labels: [("app".to_owned(), name.to_owned())].into(),
            service_account: "default".into(),
            node: String::new(),
            addresses: own.iter().map(|ip| ip.parse().unwrap()).collect(),
            ports: vec![],
            host_network: false,
            labels_resolved: true,
            cluster: "default".into(),
        };
        World {
            namespaces: vec![model::Namespace { name: "shop".into(), ..Default::default() }],
            nodes: vec![model::Node {
                name: "lab".into(),
                addresses: vec!["10.77.1.1".parse().unwrap(), "10.77.2.1".parse().unwrap()],
                local: true,
                ..Default::default()
            }],
            workloads: WORKLOADS.into_iter().map(workload).collect(),
            ..World::default()
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let undone = made::undo_leftovers(&self.state.join("made.json"));
        let _ = fs::remove_dir_all(&self.state);
        if !std::thread::panicking() {
            assert!(undone.unwrap().left.is_empty());
        }
    }
}

/// `shop/NAME`.
pub(crate) fn workload_name(name: &str) -> WorkloadName {
    WorkloadName { namespace: "shop".into(), name: name.into() }
}
