//! The nested node: its namespace and those in front of it, wires, addresses, routes, settings and
//! address translation. The machine's own namespace gets nothing.

use std::io::Write;
use std::net::IpAddr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use podwall_host::{Made, Namespace, Network, Route, process, sysctl};
use podwall_model::Cidr;

use crate::plan::{self, Addresses, BridgeFilter, Place, Wire};
use crate::translation::{self, METADATA_LINK, UPLINK};

/// The node's bridge.
const BRIDGE: &str = "bridge";
/// The far end of every wire.
const INNER: &str = "eth0";
/// That bridged packets of both families pass the packet filter.
const BRIDGE_FILTERS: [&str; 2] =
    ["net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"];

/// For every namespace: addresses are usable at once, and nobody asks for a router or believes one.
const SETTINGS: [(&str, &str); 8] = [
    ("net/ipv6/conf/all/disable_ipv6", "0"),
    ("net/ipv6/conf/default/disable_ipv6", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    ("net/ipv6/conf/default/accept_redirects", "0"),
    ("net/ipv6/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/default/accept_redirects", "0"),
];
/// For the node: it forwards, and sends nobody another way.
const NODE_SETTINGS: [(&str, &str); 5] = [
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv6/conf/all/forwarding", "1"),
    ("net/ipv6/conf/default/forwarding", "1"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
];

/// The namespaces of the demo, open.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) namespace: Namespace,
    pub(crate) outside: Namespace,
    pub(crate) metadata: Namespace,
    pub(crate) workloads: Vec<(Place, Namespace)>,
}

impl Node {
    /// Makes all of it, named with this prefix.
    pub(crate) fn build(prefix: &str, made: &mut Made) -> Result<Node> {
        let namespace = fresh(prefix, "node", made)?;
        sysctl::write(&namespace, &NODE_SETTINGS)?;
        let filter = filter_bridged(&namespace)?;
        let network = Network::open(&namespace)?;
        network.bring_up("lo")?;
        network.add_bridge(BRIDGE)?;
        give(&network, BRIDGE, plan::BRIDGE, plan::BRIDGE_LENGTHS)?;
        let mut workloads = Vec::new();
        for place in plan::places(filter) {
            let inside = fresh(prefix, place.name, made)?;
            wire(&network, &inside, &place)
                .with_context(|| format!("unable to wire the workload: `{}`", place.name))?;
            workloads.push((place, inside));
        }
        let outside = fresh(prefix, "outside", made)?;
        wire_outside(&network, &outside)?;
        let metadata = fresh(prefix, "metadata", made)?;
        wire_metadata(&network, &metadata)?;
        let places: Vec<Place> = workloads.iter().map(|(place, _)| *place).collect();
        translate(&namespace, &translation::rules(&places))?;
        Ok(Node { namespace, outside, metadata, workloads })
    }
}

fn fresh(prefix: &str, part: &str, made: &mut Made) -> Result<Namespace> {
    let namespace = Namespace::create(&format!("{prefix}-{part}"), made)?;
    sysctl::write(&namespace, &SETTINGS)?;
    Network::open(&namespace)?.bring_up("lo")?;
    Ok(namespace)
}

/// The kernel filters bridged packets only where its bridge filter is there already: loading it
/// would change the machine.
fn filter_bridged(node: &Namespace) -> Result<BridgeFilter> {
    if !sysctl::exists(node, BRIDGE_FILTERS[0])? {
        return Ok(BridgeFilter::Off);
    }
    sysctl::write(node, &BRIDGE_FILTERS.map(|name| (name, "1")))?;
    Ok(BridgeFilter::On)
}

fn wire(node: &Network, inside: &Namespace, place: &Place) -> Result<()> {
    node.add_veth(place.name, INNER, inside)?;
    let network = Network::open(inside)?;
    match place.wire {
        Wire::Bridged => {
            node.join_bridge(place.name, BRIDGE)?;
            node.bring_up(place.name)?;
            give(&network, INNER, place.addresses, plan::BRIDGE_LENGTHS)?;
            lead_everything(&network, plan::BRIDGE)
        }
        Wire::Routed => {
            give(node, place.name, plan::GATEWAY, [32, 64])?;
            give(&network, INNER, place.addresses, [32, 128])?;
            lead_to(node, place.name, place.addresses)?;
            network.add_route(on_link(plan::GATEWAY.v4.into()))?;
            lead_everything(&network, plan::GATEWAY)
        }
    }
}

fn wire_outside(node: &Network, outside: &Namespace) -> Result<()> {
    node.add_veth(UPLINK, INNER, outside)?;
    give(node, UPLINK, plan::NODE, plan::OUTSIDE_LENGTHS)?;
    give(&Network::open(outside)?, INNER, plan::OUTSIDE, plan::OUTSIDE_LENGTHS)
}

fn wire_metadata(node: &Network, metadata: &Namespace) -> Result<()> {
    node.add_veth(METADATA_LINK, INNER, metadata)?;
    give(node, METADATA_LINK, plan::METADATA_NEAR, [32, 128])?;
    lead_to(node, METADATA_LINK, plan::METADATA)?;
    let network = Network::open(metadata)?;
    give(&network, INNER, plan::METADATA, [32, 128])?;
    plan::METADATA_NEAR.both().into_iter().try_for_each(|ip| Ok(network.add_route(on_link(ip))?))
}

/// Brings an interface up with both addresses.
fn give(network: &Network, device: &str, addresses: Addresses, lengths: [u8; 2]) -> Result<()> {
    network.bring_up(device)?;
    for (ip, length) in addresses.both().into_iter().zip(lengths) {
        network.add_address(device, ip, length)?;
    }
    Ok(())
}

fn lead_to(network: &Network, device: &str, addresses: Addresses) -> Result<()> {
    let routes = addresses.both().map(|ip| Route { device, ..on_link(ip) });
    routes.into_iter().try_for_each(|route| Ok(network.add_route(route)?))
}

fn lead_everything(network: &Network, gateway: Addresses) -> Result<()> {
    for (everything, gateway) in ["0.0.0.0/0", "::/0"].into_iter().zip(gateway.both()) {
        let destination = everything.parse().expect("a range");
        network.add_route(Route { destination, gateway: Some(gateway), device: INNER })?;
    }
    Ok(())
}

fn on_link(ip: IpAddr) -> Route<'static> {
    Route { destination: Cidr::host(ip), gateway: None, device: INNER }
}

fn translate(node: &Namespace, rules: &str) -> Result<()> {
    let mut command = Command::new("nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process::spawn_in(node, &mut command)
        .context("unable to run `nft`, hint: install the package nftables")?;
    let mut input = child.stdin.take().expect("stdin was piped");
    input.write_all(rules.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`nft` refused the node's address translation: {}", said.trim());
    }
    Ok(())
}
