//! The object in the kernel with two workloads on it, run packet by packet.
//!
//! Workload 1 and 2 have a device, a slot and an address of each family. Each node lives in a
//! network namespace that its thread makes for itself, so that nothing of the machine is touched.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Command;

use libbpf_rs::{MapCore, MapFlags, Object, ObjectBuilder, ProgramInput};
use podwall_datapath::abi;
use podwall_model::Address;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The action of a step.
pub(crate) const ALLOW: u32 = abi::ALLOW;
/// The action of a step.
pub(crate) const DENY: u32 = abi::DENY;

/// A step: first lane, action, rule.
pub(crate) type Step = (u32, u32, u32);

/// Which hook a frame is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The workload sends it.
    Out,
    /// It arrives at the workload from elsewhere.
    In,
    /// It arrives at the workload, and this machine made it.
    InFromHost,
}

/// The context of a run, as `struct __sk_buff`: 192 bytes.
#[derive(Clone, Copy)]
struct Context([u8; 192]);

impl Context {
    const MARK: usize = 8;
    const INGRESS_IFINDEX: usize = 36;
    const IFINDEX: usize = 40;
    const GSO_SEGS: usize = 164;
    const GSO_SIZE: usize = 176;

    fn set(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
}

thread_local! {
    /// What this thread's nodes load instead of the build's object.
    static OTHER: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// The object, loaded.
pub(crate) struct Node {
    object: Object,
    /// The devices of workload 1 and 2.
    pub(crate) devices: [u32; 2],
    steps: RefCell<u32>,
}

/// The lane of a protocol and port.
pub(crate) fn lane(protocol: u8, port: u16) -> u32 {
    u32::from(protocol) << 16 | u32::from(port)
}

/// The address of workload 1 or 2.
pub(crate) fn pod(number: u8, like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => format!("10.0.0.{number}").parse().expect("an address"),
        IpAddr::V6(_) => format!("fd00::{number}").parse().expect("an address"),
    }
}

/// One address of each family outside.
pub(crate) const OUTSIDE: [&str; 2] = ["203.0.113.9", "2001:db8::9"];

/// Both families, by an outside address of each.
pub(crate) fn families() -> [IpAddr; 2] {
    OUTSIDE.map(|text| text.parse().expect("an address"))
}

fn with_sizes(bytes: &[u8], sizes: &BTreeMap<&str, u32>, settings: abi::Settings) -> Object {
    let mut open = ObjectBuilder::default().open_memory(bytes).expect("the object opens");
    for mut map in open.maps_mut() {
        let name = map.name().to_string_lossy().into_owned();
        if name == ".rodata.settings" {
            map.set_initial_value(settings.as_bytes()).expect("the kernel answers");
        }
        if let Some(size) = sizes.get(name.as_str()) {
            map.set_max_entries(*size).expect("the kernel answers");
        }
    }
    open.load().expect("the object loads (needs root)")
}

impl Node {
    /// A node with small maps.
    pub(crate) fn new() -> Node {
        let sizes = BTreeMap::from([
            ("pw_connections", 1024),
            ("pw_counters", 512),
            ("pw_counter_ids", 512),
            ("pw_steps", 4096),
            ("pw_rows", 1024),
            ("pw_events", 65536),
        ]);
        Node::sized(&sizes, Self::settings())
    }

    /// A node whose packets' conntrack entries are read another way, or not at all.
    pub(crate) fn reading_conntrack(nat: u32) -> Node {
        let sizes = BTreeMap::from([("pw_connections", 1024), ("pw_steps", 4096)]);
        Node::sized(&sizes, abi::Settings { nat })
    }

    /// The settings of these tests.
    pub(crate) fn settings() -> abi::Settings {
        abi::Settings { nat: abi::NAT_CAST }
    }

    /// Runs something with nodes that have another object than the build's.
    pub(crate) fn in_place_of_the_object<T>(object: &[u8], run: impl FnOnce() -> T) -> T {
        OTHER.set(Some(object.to_vec()));
        let result = run();
        OTHER.set(None);
        result
    }

    /// A node with maps of these sizes.
    pub(crate) fn sized(sizes: &BTreeMap<&str, u32>, settings: abi::Settings) -> Node {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).expect("needs root");
        let made = Command::new("ip")
            .args(["link", "add", "pod1", "type", "veth", "peer", "name", "pod2"])
            .status()
            .expect("needs iproute2");
        assert!(made.success());
        let devices = ["pod1", "pod2"]
            .map(|name| nix::net::if_::if_nametoindex(name).expect("the kernel answers"));
        let other = OTHER.with_borrow(Clone::clone);
        let bytes = other.as_deref().unwrap_or(podwall_datapath::OBJECT);
        let object = with_sizes(bytes, sizes, settings);
        let node = Node { object, devices, steps: RefCell::new(1) };
        for number in [1, 2] {
            node.place(number);
        }
        let counters = sizes.get("pw_counters").copied().unwrap_or(512);
        for number in 1..counters {
            let free = node.map("pw_counters_free");
            free.update(&[], &number.to_ne_bytes(), MapFlags::ANY).expect("a queue takes it");
        }
        node
    }

    fn place(&self, number: u8) {
        let slot = u32::from(number);
        let ifindex = self.devices[usize::from(number) - 1];
        self.put("pw_devices", &ifindex, &abi::Device { slot, pad: 0 });
        for family in families() {
            let address = Address::from(pod(number, family)).0;
            self.put("pw_endpoints", &address, &abi::Endpoint { ifindex, slot });
            self.put("pw_addresses", &address, &(300 + slot));
        }
        self.put("pw_quotas", &slot, &abi::Quota { closed: 0, limit: 512, pad: 0 });
    }

    /// Writes one element of a map.
    pub(crate) fn put<K: IntoBytes + Immutable, V: IntoBytes + Immutable>(
        &self,
        map: &str,
        key: &K,
        value: &V,
    ) {
        self.map(map).update(key.as_bytes(), value.as_bytes(), MapFlags::ANY).expect("a map write");
    }

    /// Reads one element of a map.
    pub(crate) fn read<K: IntoBytes + Immutable, V: FromBytes>(
        &self,
        map: &str,
        key: &K,
    ) -> Option<V> {
        let bytes = self.map(map).lookup(key.as_bytes(), MapFlags::ANY).expect("a map read")?;
        Some(V::read_from_bytes(&bytes).expect("the value has its size"))
    }

    pub(crate) fn map(&self, name: &str) -> libbpf_rs::Map<'_> {
        self.object.maps().find(|map| map.name() == name).expect("the object has this map")
    }

    /// How many elements a hash holds.
    pub(crate) fn count(&self, map: &str) -> usize {
        self.map(map).keys().count()
    }

    fn store(&self, steps: &[Step]) -> abi::Row {
        let start = *self.steps.borrow();
        for (index, (first, action, rule)) in (start..).zip(steps) {
            let decision = action << abi::ACTION_SHIFT | rule;
            self.put("pw_steps", &index, &abi::Step { first: *first, decision });
        }
        let length = u32::try_from(steps.len()).expect("the kernel answers");
        *self.steps.borrow_mut() += length;
        abi::Row { start, length }
    }

    /// A table: fallbacks of egress and ingress, each isolated if it has a step.
    pub(crate) fn table(&self, number: u32, egress: &[Step], ingress: &[Step]) {
        let isolated = [u32::from(!egress.is_empty()), u32::from(!ingress.is_empty())];
        let fallback = [self.store(egress), self.store(ingress)];
        self.put("pw_tables", &number, &abi::Table { fallback, isolated });
    }

    /// The row of an identity in one direction of a table.
    pub(crate) fn row(&self, table: u32, direction: u8, identity: u32, steps: &[Step]) {
        let row = self.store(steps);
        let key = abi::RowKey { table, identity, direction: u32::from(direction) };
        self.put("pw_rows", &key, &row);
    }

    /// Switches a slot: generation, table of E, table of E+D.
    pub(crate) fn slot(&self, slot: u32, generation: u32, enforce: u32, both: u32) {
        self.put("pw_slots", &slot, &abi::SlotWord { generation, both, enforce }.pack());
    }

    /// Gives a frame to a hook of workload `number`. Whether it passed.
    pub(crate) fn give(&self, way: Way, number: u8, frame: &[u8]) -> bool {
        let mut context = Context([0; 192]);
        self.run(way, number, frame, &mut context)
    }

    /// The same for a large packet of several segments.
    pub(crate) fn give_large(&self, way: Way, number: u8, frame: &[u8], segments: u32) -> bool {
        let mut context = Context([0; 192]);
        context.set(Context::GSO_SEGS, segments);
        context.set(Context::GSO_SIZE, 100);
        self.run(way, number, frame, &mut context)
    }

    /// The same for a packet that carries a mark.
    pub(crate) fn give_marked(&self, way: Way, number: u8, frame: &[u8], mark: u32) -> bool {
        let mut context = Context([0; 192]);
        context.set(Context::MARK, mark);
        self.run(way, number, frame, &mut context)
    }

    fn run(&self, way: Way, number: u8, frame: &[u8], context: &mut Context) -> bool {
        self.aim(way, number, context);
        match self.test_run(way, frame, context, 1).0 {
            u32::MAX => true,
            2 => false,
            other => panic!("a hook said {other}"),
        }
    }

    fn aim(&self, way: Way, number: u8, context: &mut Context) {
        let device = self.devices[usize::from(number) - 1];
        context.set(Context::IFINDEX, device);
        match way {
            Way::Out => context.set(Context::INGRESS_IFINDEX, device),
            Way::In => context.set(Context::INGRESS_IFINDEX, 1),
            Way::InFromHost => context.set(Context::INGRESS_IFINDEX, 0),
        }
    }

    /// Mean time of one run in nanoseconds.
    pub(crate) fn time(&self, way: Way, number: u8, frame: &[u8], repeat: u32) -> u128 {
        let mut context = Context([0; 192]);
        self.aim(way, number, &mut context);
        self.test_run(way, frame, &mut context, repeat).1
    }

    fn test_run(&self, way: Way, frame: &[u8], context: &mut Context, repeat: u32) -> (u32, u128) {
        let name = if way == Way::Out { "from_pod" } else { "to_pod" };
        let program = self
            .object
            .progs_mut()
            .find(|program| program.name() == name)
            .expect("the kernel answers");
        let input = ProgramInput {
            context_in: Some(&mut context.0),
            data_in: Some(frame),
            repeat,
            ..Default::default()
        };
        let output = program.test_run(input).expect("the kernel takes the frame");
        (output.return_value, output.duration.as_nanos())
    }
}
