//! A node and its workloads in network namespaces of their own, and what wanted state they need.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use podwall_datapath::{ClassId, ClassTables, Datapath, Endpoint, Settings, Wanted};
use podwall_host::Namespace;
use podwall_model::{Address, WorkloadName};
use podwall_policy::table::{IdentityNumber, Table};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Everything that a test made; gone when it is dropped.
pub(crate) struct Lab {
    pub(crate) node: Namespace,
    pub(crate) workloads: Vec<Workload>,
    directory: Option<PathBuf>,
    names: Vec<String>,
}

/// How the node leads packets to its workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Each veth has a network of its own.
    Routed,
    /// All but the last workload are on one bridge.
    Bridged,
}

impl Shape {
    /// The network and the host number of a workload.
    fn place(self, index: usize) -> (usize, usize) {
        match self {
            Shape::Routed => (index + 1, 2),
            Shape::Bridged => (100, index + 2),
        }
    }
}

const BRIDGE: &str = "pwbr";

/// One workload: a namespace behind a veth.
pub(crate) struct Workload {
    pub(crate) name: WorkloadName,
    pub(crate) namespace: Namespace,
    pub(crate) interface: u32,
    pub(crate) v4: IpAddr,
    pub(crate) v6: IpAddr,
    pub(crate) identity: IdentityNumber,
}

impl Lab {
    /// A node with so many workloads, which reach each other through it by routes.
    pub(crate) fn new(workloads: usize) -> Lab {
        Lab::shaped(workloads, Shape::Routed)
    }

    /// The same in this shape.
    pub(crate) fn shaped(workloads: usize, shape: Shape) -> Lab {
        let id = format!("pw{}n{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(&id);
        fs::create_dir_all(directory.join("bpf")).expect("a directory can be made");
        let flags = MsFlags::empty();
        mount(Some("podwall"), &directory.join("bpf"), Some("bpf"), flags, None::<&str>)
            .expect("a bpffs can be mounted: tests need root");
        let node_name = id;
        run(&["netns", "add", &node_name]);
        let mut lab = Lab {
            node: open(&node_name),
            workloads: Vec::new(),
            directory: Some(directory),
            names: vec![node_name.clone()],
        };
        in_node(&node_name, &["link", "set", "lo", "up"]);
        for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
            sysctl(&lab.node, key, "1");
        }
        sysctl(&lab.node, "net/ipv6/conf/default/accept_dad", "0");
        if shape == Shape::Bridged {
            lab.add_bridge(&node_name);
        }
        for index in 0..workloads {
            let of_bridge = shape == Shape::Bridged && index + 1 < workloads;
            let shape = if of_bridge { Shape::Bridged } else { Shape::Routed };
            let workload = lab.add_workload(&node_name, index, shape);
            lab.workloads.push(workload);
        }
        lab.wait_until_reachable();
        lab
    }

    /// Neighbours are found and addresses usable when each workload has reached the next.
    fn wait_until_reachable(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        for (index, client) in self.workloads.iter().enumerate() {
            let server = &self.workloads[(index + 1) % self.workloads.len()];
            for ip in [server.v4, server.v6] {
                let to = SocketAddr::new(ip, 7);
                while !arrives(client, server, to, Duration::from_millis(100)) {
                    assert!(Instant::now() < end, "{ip} cannot be reached from {}", client.name);
                }
            }
        }
    }

    /// A VXLAN tunnel between the node and this workload, which has these addresses in it.
    pub(crate) fn add_tunnel(&self, index: usize) -> [IpAddr; 2] {
        let far = &self.workloads[index];
        let net = index + 1;
        let ends = [(&self.node, 1, 2), (&far.namespace, 2, 1)];
        for (space, own, other) in ends {
            let ip = |line: &str| {
                let output = space.run(|| Command::new("ip").args(line.split(' ')).output());
                let output = output.expect("it can be entered").expect("ip is installed");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "ip {line}: {said}");
            };
            ip(&format!(
                "link add pwvx type vxlan id 7 dstport 4789 local 10.77.{net}.{own} remote \
                 10.77.{net}.{other}"
            ));
            ip(&format!("addr add 10.78.0.{own}/24 dev pwvx"));
            ip(&format!("addr add fd78::{own}/64 dev pwvx nodad"));
            ip("link set pwvx up");
        }
        let back = |line: &str| {
            let done = far.namespace.run(|| Command::new("ip").args(line.split(' ')).status());
            assert!(done.expect("it can be entered").expect("ip is installed").success(), "{line}");
        };
        back("route add 10.77.1.0/24 via 10.78.0.1");
        back("-6 route add fd77:1::/64 via fd78::1");
        ["10.78.0.2", "fd78::2"].map(|text| text.parse().expect("an address"))
    }

    /// Makes what the neighbours are known by stay, so that nobody asks for it again.
    pub(crate) fn keep_neighbours(&self) {
        let spaces = self.workloads.iter().map(|workload| &workload.namespace);
        for space in spaces.chain([&self.node]) {
            let ip = |arguments: &[&str]| {
                let done = space.run(|| Command::new("ip").args(arguments).output());
                done.expect("it can be entered").expect("ip is installed")
            };
            let shown = String::from_utf8(ip(&["neigh", "show"]).stdout).expect("text");
            for line in shown.lines() {
                let words: Vec<&str> = line.split(' ').collect();
                let [address, "dev", device, "lladdr", hardware, ..] = words[..] else { continue };
                let kept = ["neigh", "replace", address, "lladdr", hardware, "dev", device, "nud"];
                assert!(ip(&[&kept[..], &["permanent"]].concat()).status.success(), "{line}");
            }
        }
    }

    /// A bridge whose packets the node's netfilter sees, as kube-proxy needs it.
    fn add_bridge(&self, node: &str) {
        in_node(node, &["link", "add", BRIDGE, "type", "bridge"]);
        in_node(node, &["addr", "add", "10.77.100.1/24", "dev", BRIDGE]);
        in_node(node, &["addr", "add", "fd77:100::1/64", "dev", BRIDGE, "nodad"]);
        in_node(node, &["link", "set", BRIDGE, "up"]);
        for key in ["net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"] {
            sysctl(&self.node, key, "1");
        }
    }

    fn add_workload(&mut self, node: &str, index: usize, shape: Shape) -> Workload {
        let name = format!("{node}w{index}");
        let link = format!("pwl{index}");
        run(&["netns", "add", &name]);
        self.names.push(name.clone());
        sysctl(&open(&name), "net/ipv6/conf/default/accept_dad", "0");
        in_node(
            node,
            &["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &name],
        );
        let (net, host) = shape.place(index);
        match shape {
            Shape::Routed => {
                in_node(node, &["addr", "add", &format!("10.77.{net}.1/24"), "dev", &link]);
                in_node(
                    node,
                    &["addr", "add", &format!("fd77:{net}::1/64"), "dev", &link, "nodad"],
                );
            }
            Shape::Bridged => in_node(node, &["link", "set", &link, "master", BRIDGE]),
        }
        in_node(node, &["link", "set", &link, "up"]);
        in_node(&name, &["link", "set", "lo", "up"]);
        in_node(&name, &["addr", "add", &format!("10.77.{net}.{host}/24"), "dev", "eth0"]);
        in_node(&name, &["addr", "add", &format!("fd77:{net}::{host}/64"), "dev", "eth0", "nodad"]);
        in_node(&name, &["link", "set", "eth0", "up"]);
        in_node(&name, &["route", "add", "default", "via", &format!("10.77.{net}.1")]);
        in_node(&name, &["-6", "route", "add", "default", "via", &format!("fd77:{net}::1")]);
        let interface = self.node.run(|| nix::net::if_::if_nametoindex(link.as_str()));
        let interface = interface.expect("the node can be entered").expect("the link is there");
        Workload::new((index, shape), interface, open(&name))
    }

    /// A lab that another process made: its interfaces, without its namespaces.
    pub(crate) fn elsewhere(interfaces: Vec<u32>) -> Lab {
        let here = || Namespace::open(Path::new("/proc/self/ns/net")).expect("we are somewhere");
        let workload = |(index, interface): (usize, u32)| {
            Workload::new((index, Shape::Routed), interface, here())
        };
        Lab {
            node: here(),
            workloads: interfaces.into_iter().enumerate().map(workload).collect(),
            directory: None,
            names: Vec::new(),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        let directory = self.directory.as_ref().expect("the lab was made here");
        Settings::new(directory.join("bpf/pins"))
    }

    /// Runs `work` in the node's namespace.
    pub(crate) fn in_node<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.node.run(work).expect("the node can be entered")
    }

    /// The datapath of the node.
    pub(crate) fn open(&self) -> Datapath {
        let settings = self.settings();
        self.in_node(move || Datapath::open(&settings)).expect("the datapath opens").0
    }

    /// All workloads in classes of their own, with these tables.
    pub(crate) fn wanted(&self, tables: &[(Arc<Table>, Arc<Table>)]) -> Wanted {
        let mut wanted = Wanted::default();
        for (index, workload) in self.workloads.iter().enumerate() {
            let class = ClassId(u32::try_from(index).expect("few workloads"));
            let addresses = vec![Address::from(workload.v4), Address::from(workload.v6)];
            for address in &addresses {
                wanted.addresses.insert(*address, workload.identity);
            }
            wanted.identities.insert(workload.identity, format!("k8s:app=w{index}"));
            let (enforce, both) = tables[index].clone();
            wanted.classes.insert(class, ClassTables { enforce, both });
            wanted.endpoints.push(Endpoint {
                workload: workload.name.clone(),
                interface: workload.interface,
                addresses,
                class,
            });
        }
        wanted
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let _ = umount2(&directory.join("bpf"), MntFlags::MNT_DETACH);
            let _ = fs::remove_dir_all(directory);
        }
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

/// Sends one datagram and says whether it arrives in time.
pub(crate) fn arrives(
    client: &Workload,
    server: &Workload,
    to: SocketAddr,
    patience: Duration,
) -> bool {
    let listener = bind(server, SocketAddr::new(server.any(to.ip()), to.port()));
    listener.set_read_timeout(Some(patience)).expect("a socket has a timeout");
    let sender = bind(client, SocketAddr::new(client.any(to.ip()), 0));
    let mut buffer = [0; 16];
    sender.send_to(b"hello", to).is_ok() && listener.recv(&mut buffer).is_ok()
}

/// Another test that is starting a process holds a copy of every socket until its `exec`, so that a
/// port which was just given back may be taken for a moment.
pub(crate) fn bind(workload: &Workload, address: SocketAddr) -> UdpSocket {
    let end = Instant::now() + Duration::from_secs(2);
    loop {
        let socket = workload.namespace.run(|| UdpSocket::bind(address));
        match socket.expect("a workload can be entered") {
            Ok(socket) => return socket,
            Err(error) => assert!(Instant::now() < end, "{address}: {error}"),
        }
        std::thread::yield_now();
    }
}

impl Workload {
    fn new((index, shape): (usize, Shape), interface: u32, namespace: Namespace) -> Workload {
        let (net, host) = shape.place(index);
        Workload {
            name: WorkloadName { namespace: "lab".into(), name: format!("w{index}") },
            namespace,
            interface,
            v4: format!("10.77.{net}.{host}").parse().expect("an address"),
            v6: format!("fd77:{net}::{host}").parse().expect("an address"),
            identity: IdentityNumber(256 + u32::try_from(index).expect("few workloads")),
        }
    }

    /// The address of all its addresses, in the family of `ip`.
    fn any(&self, ip: IpAddr) -> IpAddr {
        if ip.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() }
    }
}

fn sysctl(namespace: &Namespace, key: &str, value: &str) {
    let path = Path::new("/proc/sys").join(key);
    let written = namespace.run(|| fs::write(path, value)).expect("a namespace can be entered");
    written.expect("a sysctl of a namespace can be written");
}

fn open(name: &str) -> Namespace {
    Namespace::open(&Path::new("/run/netns").join(name)).expect("the namespace was just made")
}

fn in_node(name: &str, arguments: &[&str]) {
    run(&[&["-n", name], arguments].concat());
}

fn run(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip is installed");
    assert!(
        output.status.success(),
        "ip {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Rules by place, for tables that tests write by hand.
pub(crate) mod rules {
    use super::*;
    use podwall_model::{Direction, PolicyId, PolicyKind, RuleId, Section};
    use podwall_policy::rule::Action;
    use podwall_policy::table::{Decision, Half, Lane, Row, Step};

    pub(crate) fn rule(name: &str, direction: Direction) -> Arc<RuleId> {
        Arc::new(RuleId {
            policy: PolicyId {
                kind: PolicyKind::CiliumNetworkPolicy,
                namespace: Some("lab".into()),
                name: name.into(),
            },
            section: Section { spec: None, direction, deny: false },
            index: Some(0),
            content: 1,
        })
    }

    /// An isolated direction that lets only `peers` through, by this rule, and all lanes or one.
    pub(crate) fn only(peers: &[IdentityNumber], rule: &Arc<RuleId>, lane: Option<Lane>) -> Half {
        let allow = Decision { action: Action::Allow, rule: Some(Arc::clone(rule)), sheet: None };
        let row = match lane {
            None => Row::uniform(allow),
            Some(lane) => Row::new(vec![
                Step { first: Lane(0), decision: Decision::DEFAULT_DENY },
                Step { first: lane, decision: allow },
                Step { first: Lane(lane.0 + 1), decision: Decision::DEFAULT_DENY },
            ]),
        };
        let row = Arc::new(row);
        Half {
            isolated: true,
            fallback: Arc::new(Row::uniform(Decision::DEFAULT_DENY)),
            rows: peers.iter().map(|peer| (*peer, Arc::clone(&row))).collect::<BTreeMap<_, _>>(),
        }
    }

    pub(crate) fn open_table() -> Arc<Table> {
        Arc::new(Table::open())
    }

    pub(crate) fn ingress(half: Half) -> Arc<Table> {
        Arc::new(Table::of(half, Half::open()))
    }
}
