//! Podwall itself in the node of the lab: client and server are workloads with enforcing policies,
//! in a cluster of as many peers and policies as is asked for.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use podwall_datapath::{ClassId, ClassTables, Datapath, Endpoint, Settings, Wanted};
use podwall_model::{Address, Mode, Namespace, Workload, WorkloadName, World};
use podwall_policy::compile::resolve_all;
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;

use crate::lab::{CLIENT, DEVICES, Lab, SERVER};
use crate::traffic::{ALLOWED, ALSO_ALLOWED};

/// How much there is beside client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Other workloads, each an identity that policies tell apart.
    pub(crate) identities: u32,
    /// Policies about the server, each of which allows some of them one port.
    pub(crate) policies: u32,
}

/// Podwall in force in the lab's node; dropping it takes everything away.
pub(crate) struct Ours {
    /// The datapath; `None` only while it is being dropped.
    pub(crate) datapath: Option<Datapath>,
    /// Devices of client and server in the node.
    pub(crate) interfaces: [u32; 2],
    pins: PathBuf,
}

impl Ours {
    /// Loads, compiles and applies.
    pub(crate) fn start(lab: &Lab, size: Size) -> anyhow::Result<Ours> {
        let pins = std::env::temp_dir().join(format!("podwall-bench-{}-bpf", std::process::id()));
        fs::create_dir_all(&pins)?;
        mount(Some("podwall"), &pins, Some("bpf"), MsFlags::empty(), None::<&str>)
            .context("unable to mount a bpffs, hint: run as root")?;
        let mut ours = Ours { datapath: None, interfaces: [0; 2], pins };
        let (interfaces, datapath) = lab.on_thread("node", || {
            let index = |device| nix::net::if_::if_nametoindex(device);
            let interfaces = [index(DEVICES[0])?, index(DEVICES[1])?];
            let mut settings = Settings::new(&ours.pins);
            settings.capacity.connections = 1 << 19;
            settings.capacity.addresses = 1 << 18;
            settings.capacity.identity_names = 1 << 18;
            let (mut datapath, _) = Datapath::open(&settings)?;
            datapath.apply(&wanted(size, interfaces)?)?;
            Ok((interfaces, datapath))
        })?;
        ours.interfaces = interfaces;
        ours.datapath = Some(datapath);
        Ok(ours)
    }

    /// What is in force.
    pub(crate) fn datapath(&self) -> &Datapath {
        self.datapath.as_ref().expect("it is there until it is dropped")
    }

    /// Where a program of it is pinned.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.pins.join("programs").join(name)
    }

    /// Takes it out of the node.
    pub(crate) fn stop(mut self, lab: &Lab) -> anyhow::Result<()> {
        let datapath = self.datapath.take().expect("it is there until it is dropped");
        lab.on_thread("node", || Ok(datapath.remove()?))
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        drop(self.datapath.take());
        // A mount that is already gone needs nothing.
        let _ = umount2(&self.pins, MntFlags::MNT_DETACH);
        let _ = fs::remove_dir(&self.pins);
    }
}

fn wanted(size: Size, interfaces: [u32; 2]) -> anyhow::Result<Wanted> {
    let world = world(size)?;
    let checked = podwall_policy::check(&documents(size), "bench.yaml");
    ensure!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics.first());
    let options = Options { mode: Mode::Enforce, ..Options::default() };
    let mut identities = Identities::default();
    let compiled = resolve_all(&checked.policies, &world, &options, &mut identities);
    let mut wanted = Wanted {
        identities: compiled.resolved.texts(),
        addresses: compiled.resolved.addresses.clone(),
        networks: compiled.resolved.networks.clone(),
        ..Wanted::default()
    };
    let places: HashMap<&str, u32> =
        HashMap::from([("client", interfaces[0]), ("server", interfaces[1])]);
    for (number, class) in &compiled.classes {
        let id = ClassId(*number);
        let tables = ClassTables { enforce: class.enforce.clone(), both: class.both.clone() };
        wanted.classes.insert(id, tables);
        for name in &class.workloads {
            let workload = world.workload(name).expect("classes hold workloads of the world");
            wanted.endpoints.push(Endpoint {
                workload: name.clone(),
                interface: places[name.name.as_str()],
                addresses: workload.addresses.iter().map(|ip| Address::from(*ip)).collect(),
                class: id,
            });
        }
    }
    Ok(wanted)
}

fn world(size: Size) -> anyhow::Result<World> {
    let near = |name: &str, ips: [&str; 2]| -> anyhow::Result<Workload> {
        Ok(workload(name, "", vec![ips[0].parse()?, ips[1].parse()?]))
    };
    let mut world = World {
        namespaces: vec![Namespace { name: "bench".into(), ..Namespace::default() }],
        workloads: vec![near("client", CLIENT)?, near("server", SERVER)?],
        ..World::default()
    };
    world.nodes.push(podwall_model::Node {
        name: "here".into(),
        local: true,
        ..podwall_model::Node::default()
    });
    for number in 0..size.identities {
        world.workloads.push(workload(&format!("peer-{number}"), "there", far(number)));
    }
    Ok(world)
}

/// The addresses of a peer elsewhere.
fn far(number: u32) -> Vec<IpAddr> {
    let v4 = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 128, 0, 0)) + number);
    let v6 = Ipv6Addr::from(0xfd98_u128 << 112 | u128::from(number));
    vec![v4.into(), v6.into()]
}

fn workload(name: &str, node: &str, addresses: Vec<IpAddr>) -> Workload {
    Workload {
        name: WorkloadName { namespace: "bench".into(), name: name.into() },
        labels: BTreeMap::from([("app".to_owned(), name.to_owned())]),
        service_account: "default".into(),
        node: node.into(),
        addresses,
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

/// One policy for the pair, and as many as are asked for that let peers in or out.
fn documents(size: Size) -> String {
    let mut text = String::new();
    let mut policy = |name: &str, subject: &str, peer: &str, port: u16| {
        let _ = write!(
            text,
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
             metadata: {{name: {name}, namespace: bench}}\nspec:\n  \
             podSelector: {{matchLabels: {{app: {subject}}}}}\n  \
             policyTypes: [Ingress, Egress]\n  \
             ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {peer}}}}}}}], \
             ports: [{{port: {port}, protocol: TCP}}, {{port: {port}, protocol: UDP}}]}}]\n  \
             egress: [{{to: [{{podSelector: {{matchLabels: {{app: {peer}}}}}}}], \
             ports: [{{port: {port}, protocol: TCP}}, {{port: {port}, protocol: UDP}}]}}]\n"
        );
    };
    policy("client", "client", "server", ALLOWED);
    policy("server", "server", "client", ALLOWED);
    policy("client-too", "client", "server", ALSO_ALLOWED);
    for number in 1..size.policies {
        let peer = format!("peer-{}", number % size.identities.max(1));
        policy(&format!("p{number}"), "server", &peer, 1000 + (number % 5000) as u16);
    }
    text
}
