//! The demo as data: who is where, under which addresses, behind which service.
//!
//! The node, the world, the address translation and the programs all read it from here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use podwall_model::Protocol;

/// Both addresses of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// IPv4.
    pub(crate) v4: Ipv4Addr,
    /// IPv6.
    pub(crate) v6: Ipv6Addr,
}

impl Addresses {
    const fn new(v4: [u8; 4], v6: [u16; 8]) -> Addresses {
        let [a, b, c, d] = v4;
        let [s, t, u, v, w, x, y, z] = v6;
        let (v4, v6) = (Ipv4Addr::new(a, b, c, d), Ipv6Addr::new(s, t, u, v, w, x, y, z));
        Addresses { v4, v6 }
    }

    /// Both, IPv4 first.
    pub(crate) fn both(self) -> [IpAddr; 2] {
        [self.v4.into(), self.v6.into()]
    }
}

/// How a workload is wired to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A veth of its own with a route to the workload's exact address.
    Routed,
    /// A veth into the node's bridge, with the neighbours on the same link.
    Bridged,
}

/// One workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) app: &'static str,
    pub(crate) wire: Wire,
    pub(crate) addresses: Addresses,
    pub(crate) ports: &'static [Port],
}

/// A port that a workload names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) protocol: Protocol,
}

/// A service address in front of the workloads of one application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Front {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) app: &'static str,
    pub(crate) addresses: Addresses,
    pub(crate) port: u16,
    pub(crate) target: Port,
    pub(crate) kind: FrontKind,
}

/// Where a service can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrontKind {
    /// At an address of its own, inside the cluster.
    Cluster,
    /// At a port of the node, from outside; the sender is masqueraded.
    NodePort,
}

const HTTP: Port = Port { name: "http", port: 8080, protocol: Protocol::TCP };
const PROBE: Port = Port { name: "probe", port: 7000, protocol: Protocol::UDP };
const STORE: Port = Port { name: "store", port: 6379, protocol: Protocol::TCP };
const DNS: Port = Port { name: "dns", port: 53, protocol: Protocol::UDP };
const DNS_TCP: Port = Port { name: "dns-tcp", port: 53, protocol: Protocol::TCP };

/// The port that the numbered probes go to.
pub(crate) const PROBE_PORT: u16 = PROBE.port;
/// The port that HTTP servers of the cluster listen on.
pub(crate) const HTTP_PORT: u16 = HTTP.port;
/// The port of the database.
pub(crate) const STORE_PORT: u16 = STORE.port;
/// The port of the DNS server.
pub(crate) const DNS_PORT: u16 = DNS.port;
/// The port of the node that leads to the web front.
pub(crate) const NODE_PORT: u16 = 30080;
/// The port of the payment service outside.
pub(crate) const PAYMENT_PORT: u16 = 8443;

/// The name of the cluster's own zone.
pub(crate) const ZONE: &str = "svc.cluster.local";
/// The name of the payment service outside.
pub(crate) const PAYMENT_NAME: &str = "payments.example";

/// What pods of the routed kind have for a gateway: the same on each of the node's ends.
pub(crate) const GATEWAY: Addresses =
    Addresses::new([169, 254, 1, 1], [0xfe80, 0, 0, 0, 0, 0, 0, 1]);
/// The node on its bridge.
pub(crate) const BRIDGE: Addresses = Addresses::new([10, 44, 1, 1], [0xfd44, 0, 0, 1, 0, 0, 0, 1]);
/// The node towards the outside.
pub(crate) const NODE: Addresses =
    Addresses::new([203, 0, 113, 10], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10]);
/// Somebody outside.
pub(crate) const OUTSIDE: Addresses =
    Addresses::new([203, 0, 113, 9], [0x2001, 0xdb8, 0, 0, 0, 0, 0, 9]);
/// The node towards the cloud's metadata.
pub(crate) const METADATA_NEAR: Addresses =
    Addresses::new([169, 254, 168, 1], [0xfd00, 0xec2, 0, 0, 0, 0, 0, 1]);
/// The cloud's metadata, as AWS has it.
pub(crate) const METADATA: Addresses =
    Addresses::new([169, 254, 169, 254], [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]);

/// What all pods' addresses lie in.
pub(crate) const POD_RANGES: [&str; 2] = ["10.44.0.0/16", "fd44::/48"];
/// The lengths of the bridge's prefixes.
pub(crate) const BRIDGE_LENGTHS: [u8; 2] = [24, 64];
/// The lengths of the prefixes of the wire to the outside.
pub(crate) const OUTSIDE_LENGTHS: [u8; 2] = [24, 64];

/// The namespaces of the cluster.
pub(crate) const NAMESPACES: [&str; 4] = ["shop", "data", "lab", "kube-system"];

/// The workloads. Where the kernel does not filter bridged packets, no client shares the bridge
/// with a service's backend, since translation would be gone round there.
pub(crate) fn places(filtered: BridgeFilter) -> Vec<Place> {
    let place = |namespace, name, app, wire, last, ports| {
        let net = match wire {
            Wire::Routed => 0,
            Wire::Bridged => 1,
        };
        let v6 = [0xfd44, 0, 0, u16::from(net), 0, 0, 0, digits(last)];
        let addresses = Addresses::new([10, 44, net, last], v6);
        Place { namespace, name, app, wire, addresses, ports }
    };
    let report = match filtered {
        BridgeFilter::On => Wire::Bridged,
        BridgeFilter::Off => Wire::Routed,
    };
    vec![
        place("shop", "web", "web", Wire::Routed, 11, &[HTTP]),
        place("shop", "cart-1", "cart", Wire::Bridged, 21, &[HTTP]),
        place("shop", "cart-2", "cart", Wire::Routed, 22, &[HTTP]),
        place("shop", "orders", "orders", Wire::Routed, 31, &[HTTP, PROBE]),
        place("data", "db", "db", Wire::Bridged, 41, &[STORE]),
        place("data", "report", "report", report, 51, &[]),
        place("lab", "intruder", "intruder", Wire::Routed, 66, &[]),
        place("kube-system", "dns", "dns", Wire::Routed, 53, &[DNS, DNS_TCP]),
    ]
}

/// Whether bridged packets pass the node's packet filter, as kube-proxy needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BridgeFilter {
    /// They do.
    On,
    /// They do not.
    Off,
}

/// The services.
pub(crate) fn fronts() -> Vec<Front> {
    let front = |namespace, name, app, last: u8, port, target| Front {
        namespace,
        name,
        app,
        addresses: service(last),
        port,
        target,
        kind: FrontKind::Cluster,
    };
    vec![
        front("kube-system", "dns", "dns", 10, 53, DNS),
        front("kube-system", "dns", "dns", 10, 53, DNS_TCP),
        front("shop", "cart", "cart", 20, 80, HTTP),
        front("shop", "orders", "orders", 30, 80, HTTP),
        front("shop", "web", "web", 40, 80, HTTP),
        front("data", "db", "db", 50, 6379, STORE),
        Front {
            addresses: NODE,
            port: NODE_PORT,
            kind: FrontKind::NodePort,
            ..front("shop", "web-node-port", "web", 0, NODE_PORT, HTTP)
        },
    ]
}

/// The addresses of the DNS service, which every workload knows.
pub(crate) const RESOLVER: Addresses = service(10);
/// The addresses of the database's service, as the intruder knows them too.
pub(crate) const STORE_SERVICE: Addresses = service(50);

/// 10.96.0.N and `fd96::N`.
const fn service(last: u8) -> Addresses {
    Addresses::new([10, 96, 0, last], [0xfd96, 0, 0, 0, 0, 0, 0, digits(last)])
}

/// The number below 100 that hexadecimal writes with the same digits as decimal writes `number`.
const fn digits(number: u8) -> u16 {
    (number / 10 * 16 + number % 10) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_bridge_filter_no_client_shares_the_bridge_with_a_backend() {
        let bridged = |filter| -> Vec<&str> {
            let bridged = places(filter).into_iter().filter(|place| place.wire == Wire::Bridged);
            bridged.map(|place| place.name).collect()
        };
        assert_eq!(bridged(BridgeFilter::On), ["cart-1", "db", "report"]);
        // The cart asks the orders and the DNS server; the database asks nobody.
        assert_eq!(bridged(BridgeFilter::Off), ["cart-1", "db"]);
    }

    #[test]
    fn all_addresses_differ() {
        let places = places(BridgeFilter::Off).into_iter().map(|place| place.addresses);
        let clusters = fronts().into_iter().filter(|front| front.kind == FrontKind::Cluster);
        let mut all: Vec<IpAddr> = places.flat_map(Addresses::both).collect();
        let mut services: Vec<IpAddr> = clusters.flat_map(|front| front.addresses.both()).collect();
        services.sort();
        services.dedup();
        all.extend(services);
        all.extend(
            [NODE, OUTSIDE, METADATA, BRIDGE, GATEWAY].iter().flat_map(|known| known.both()),
        );
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
