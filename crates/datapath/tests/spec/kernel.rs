//! The kernel as a witness: a node whose maps `apply` wrote, asked packet by packet.
//!
//! Its thread has a network and a mount namespace of its own, so that everything it makes goes
//! with it. Each workload of a case has an end of a veth; nothing is sent on it.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use libbpf_rs::{MapCore, MapHandle};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use podwall_datapath::{
    ClassId, ClassTables, Counter, Datapath, Endpoint, Events, Frame, Program, Settings, Timeouts,
    Wanted,
};
use podwall_model::{Address, Direction, Protocol, Reason, RuleId, Verdict, WorkloadName};
use podwall_policy::compile::{Compiled, resolve_all};
use podwall_policy::end::End;
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_policy::table::Table;
use podwall_testkit::spec::{Crossing, State, Told, Unfit, Witness};

use crate::frame;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The class of those who rest.
const IDLE: ClassId = ClassId(u32::MAX);

/// A node, and who stands at which interface.
pub(crate) struct Kernel {
    datapath: Datapath,
    /// Connections as the programs keep them: emptied, so that no packet is an answer to another.
    connections: MapHandle,
    interfaces: Vec<u32>,
    /// An interface that belongs to no workload.
    elsewhere: u32,
    identities: Identities,
    stands_at: BTreeMap<WorkloadName, u32>,
    /// Who has its hooks on and no part in the world: to put them on anew costs tens of
    /// milliseconds, under a lock that all nodes of a machine share.
    resting: BTreeMap<WorkloadName, u32>,
    directory: PathBuf,
    /// How many packets were judged.
    pub(crate) packets: u64,
}

impl Kernel {
    /// A node for worlds with up to so many local workloads.
    pub(crate) fn new(workloads: usize) -> Kernel {
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("tests need root");
        let none = None::<&str>;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(none, "/", none, private, none).expect("mounts can be kept from others");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pw{}spec{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory can be made");
        mount(Some("podwall"), &directory, Some("bpf"), MsFlags::empty(), none)
            .expect("a bpffs can be mounted");
        let interfaces = (0..workloads).map(add_veth).collect();
        let mut settings = Settings::new(directory.join("pins"));
        settings.capacity.connections = 16 * 1024;
        settings.capacity.slots = 64;
        let (datapath, adopted) = Datapath::open(&settings).expect("the datapath opens");
        assert!(adopted.fresh);
        let pin = directory.join("pins/maps/pw_connections");
        Kernel {
            datapath,
            connections: MapHandle::from_pinned_path(pin).expect("connections are pinned"),
            interfaces,
            elsewhere: index_of("b0"),
            identities: Identities::default(),
            stands_at: BTreeMap::new(),
            resting: BTreeMap::new(),
            directory,
            packets: 0,
        }
    }

    fn wanted(&mut self, compiled: &Compiled, state: &State) -> Wanted {
        let mut wanted = Wanted {
            identities: compiled.resolved.texts(),
            addresses: compiled.resolved.addresses.clone(),
            networks: compiled.resolved.networks.clone(),
            ..Wanted::default()
        };
        for (address, end) in reserved_ends() {
            let mut known = compiled.resolved.identities.iter();
            let found = known.find(|(_, identity)| identity.labels == end.labels);
            let (number, _) = found.expect("the well-known identities are always there");
            wanted.addresses.insert(address, *number);
        }
        for (&class, tables) in &compiled.classes {
            let class = ClassId(class);
            let (enforce, both) = (tables.enforce.clone(), tables.both.clone());
            wanted.classes.insert(class, ClassTables { enforce, both });
            for name in &tables.workloads {
                let interface = self.interface_of(name);
                let workload = state.world.workload(name).expect("a workload of this world");
                let addresses = workload.addresses.iter().map(|ip| Address::from(*ip)).collect();
                wanted.endpoints.push(Endpoint {
                    workload: name.clone(),
                    interface,
                    addresses,
                    class,
                });
            }
        }
        wanted.endpoints.extend(self.idle());
        if !self.resting.is_empty() {
            let open = Arc::new(Table::open());
            wanted.classes.insert(IDLE, ClassTables { enforce: open.clone(), both: open });
        }
        wanted
    }

    /// Where a workload stands, from now on if it did not.
    fn interface_of(&mut self, name: &WorkloadName) -> u32 {
        if let Some(interface) = self.resting.remove(name) {
            self.stands_at.insert(name.clone(), interface);
        }
        let number = self.stands_at.len() + self.resting.len();
        *self.stands_at.entry(name.clone()).or_insert_with(|| self.interfaces[number])
    }

    /// Those who rest: without addresses, so that nothing is for them.
    fn idle(&self) -> impl Iterator<Item = Endpoint> {
        self.resting.iter().map(|(name, interface)| Endpoint {
            workload: name.clone(),
            interface: *interface,
            addresses: Vec::new(),
            class: IDLE,
        })
    }

    /// All counters by what they count. A workload that came back in another slot has two.
    pub(crate) fn counters(&self) -> BTreeMap<Counted, (u64, u64)> {
        let mut counters = BTreeMap::new();
        for counter in self.datapath.counters().expect("counters can be read") {
            let Counter { workload, direction, verdict, reason, rule, packets, bytes } = counter;
            let key = Counted { workload, direction, verdict, reason, rule };
            let sum: &mut (u64, u64) = counters.entry(key).or_default();
            *sum = (sum.0 + packets, sum.1 + bytes);
        }
        counters
    }

    /// Gives a packet to the hook that meets it first. Whether it passed.
    pub(crate) fn give(&mut self, asked: &Asked<'_>) -> Result<bool, Unfit> {
        let Crossing { subject, direction, peer, .. } = asked.crossing;
        let interface = *self
            .stands_at
            .get(subject)
            .ok_or_else(|| Unfit(format!("a workload without an interface: `{subject}`")))?;
        let (program, sender) = match direction {
            Direction::Egress => (Program::FromPod, interface),
            Direction::Ingress if peer.is_host() => (Program::ToPod, 0),
            Direction::Ingress => (Program::ToPod, self.elsewhere),
        };
        let frame = Frame { interface, sender, bytes: &asked.frame() };
        let ran = self.datapath.run(program, frame, 1).expect("the kernel takes the frame");
        self.packets += 1;
        Ok(ran.passed)
    }

    /// Lets every workload rest, and forgets what was kept of them.
    pub(crate) fn rest(&mut self) {
        self.resting.append(&mut self.stands_at);
        let at_once = Timeouts {
            tcp: Duration::ZERO,
            tcp_unanswered: Duration::ZERO,
            tcp_closed: Duration::ZERO,
            udp: Duration::ZERO,
            udp_unanswered: Duration::ZERO,
            other: Duration::ZERO,
        };
        // Those of this very tick of the clock stay until the next.
        while self.connections.keys().next().is_some() {
            self.datapath.expire(&at_once, |_| false).expect("connections can be read");
        }
    }

    /// The events since they were last asked for.
    pub(crate) fn events(&self) -> Events {
        self.datapath.events().expect("the ring can be mapped")
    }
}

/// What a counter counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counted {
    pub(crate) workload: Option<WorkloadName>,
    pub(crate) direction: Direction,
    pub(crate) verdict: Verdict,
    pub(crate) reason: Reason,
    pub(crate) rule: Option<Arc<RuleId>>,
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(&self.directory, nix::mount::MntFlags::MNT_DETACH);
        let _ = fs::remove_dir(&self.directory);
    }
}

impl Witness for Kernel {
    fn name(&self) -> &'static str {
        "kernel"
    }

    /// No hook is on the way between a node and its own sockets.
    fn knows_nodes(&self) -> bool {
        false
    }

    fn settle(&mut self, state: &State) -> Result<(), Unfit> {
        let State { policies, world, options, enforcement, .. } = state;
        let options = Options { enforcement: *enforcement, ..*options };
        let compiled = resolve_all(policies, world, &options, &mut self.identities);
        let wanted = self.wanted(&compiled, state);
        self.datapath.apply(&wanted).expect("a small world fits");
        assert_eq!(self.datapath.verify().expect("the kernel can be read"), Vec::<String>::new());
        Ok(())
    }

    fn judge(&mut self, _: &State, crossing: &Crossing) -> Result<Told, Unfit> {
        // What a workload sends to itself stays within it. Through a service of its own it comes
        // back masqueraded, which only the tests with real packets can show.
        if crossing.peer.workload.as_ref() == Some(&crossing.subject) {
            return Ok(Told { verdict: Verdict::Forwarded, reason: Reason::None, rule: None });
        }
        let own = crossing.own.address.expect("a workload has an address");
        let peer = crossing.peer.address.unwrap_or_else(|| reserved_address(&crossing.peer, own));
        let asked = Asked { crossing, ends: (own, peer), client: 40000 };
        let before = self.counters();
        let passed = self.give(&asked)?;
        let mut changed = self.counters();
        changed.retain(|key, sum| before.get(key) != Some(sum));
        assert_eq!(changed.len(), 1, "one counter changes: {changed:#?}");
        let (key, sum) = changed.pop_first().expect("it is one");
        let old = before.get(&key).copied().unwrap_or_default();
        let bytes = u64::try_from(asked.frame().len() - 14).expect("a frame is short");
        assert_eq!(sum, (old.0 + 1, old.1 + bytes), "by one packet");
        for key in self.connections.keys() {
            self.connections.delete(&key).expect("a connection can be deleted");
        }
        assert_eq!(passed, key.verdict.passed(), "what is counted is what happens");
        assert_eq!(key.workload.as_ref(), Some(&crossing.subject));
        assert_eq!(key.direction, crossing.direction);
        Ok(Told { verdict: key.verdict, reason: key.reason, rule: key.rule.as_deref().cloned() })
    }
}

/// One packet between addresses.
pub(crate) struct Asked<'a> {
    pub(crate) crossing: &'a Crossing,
    /// The workload's address and the other end's.
    pub(crate) ends: (IpAddr, IpAddr),
    /// The client's port, or the id of its ICMP query.
    pub(crate) client: u16,
}

impl Asked<'_> {
    /// The first packet that the client sends.
    pub(crate) fn frame(&self) -> Vec<u8> {
        let packet = self.crossing.packet;
        let ends = match self.crossing.direction {
            Direction::Egress => self.ends,
            Direction::Ingress => (self.ends.1, self.ends.0),
        };
        let payload = match packet.protocol {
            Protocol::TCP => frame::tcp((self.client, packet.port), frame::SYN),
            Protocol::UDP => frame::udp((self.client, packet.port)),
            Protocol::SCTP => sctp_init(self.client, packet.port),
            Protocol::ICMP | Protocol::ICMP6 => {
                let kind = u8::try_from(packet.port).expect("an ICMP type is a byte");
                let quoted = frame::ip((ends.1, ends.0), 6, &frame::tcp((9, 9), frame::SYN));
                frame::icmp(kind, 0, self.client, &quoted[14..])
            }
            _ => vec![0x16; 24],
        };
        frame::ip(ends, packet.protocol.0, &payload)
    }
}

fn sctp_init(from: u16, to: u16) -> Vec<u8> {
    let mut sctp = Vec::new();
    sctp.extend(from.to_be_bytes());
    sctp.extend(to.to_be_bytes());
    sctp.extend([0; 8]);
    // One INIT chunk, as long as its fixed part.
    sctp.extend([1, 0, 0, 20]);
    sctp.extend([0; 16]);
    sctp
}

/// Ends that have a label of the product and no address in a world: each is given one.
const RESERVED: [&str; 4] = ["health", "ingress", "init", "unmanaged"];

fn reserved_ends() -> impl Iterator<Item = (Address, End)> {
    RESERVED.iter().flat_map(|name| {
        let end = End::reserved(name);
        ["198.18.0.0", "fd18::"].map(|family| {
            let like: IpAddr = family.parse().expect("an address");
            (Address::from(reserved_address(&end, like)), end.clone())
        })
    })
}

fn reserved_address(end: &End, like: IpAddr) -> IpAddr {
    let number = RESERVED.iter().position(|name| *end == End::reserved(name));
    let number = number.unwrap_or_else(|| panic!("an end without an address: {end:?}")) + 1;
    let text =
        if like.is_ipv4() { format!("198.18.0.{number}") } else { format!("fd18::{number}") };
    text.parse().expect("an address")
}

fn add_veth(number: usize) -> u32 {
    let (one, other) = (format!("a{number}"), format!("b{number}"));
    let arguments = ["link", "add", &one, "type", "veth", "peer", "name", &other];
    let made = Command::new("ip").args(arguments).status().expect("tests need iproute2");
    assert!(made.success(), "a veth can be made");
    index_of(&one)
}

fn index_of(name: &str) -> u32 {
    nix::net::if_::if_nametoindex(name).expect("the interface was just made")
}
