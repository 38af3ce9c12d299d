//! From an event of the kernel to a flow record: both ends named, once, from the world in force.
//!
//! The kernel speaks of the workload's end and the other; a record speaks of client and server.
//! Behind a service the server is the real backend, behind masquerade the client is the real one.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use podwall_datapath::Event as Seen;
use podwall_model::{Address, Connection, Direction, Flow, Labels, Side, World};
use podwall_policy::identity::{Identity, Resolved};
use podwall_policy::table::IdentityNumber;

use crate::moment::Moment;
use crate::names::Names;

/// What records are named from.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    names: Names,
    labels: HashMap<IdentityNumber, Labels>,
    /// The numbers before the last change: events of that time are still to come.
    former_labels: HashMap<IdentityNumber, Labels>,
    numbers: BTreeMap<Address, IdentityNumber>,
}

impl Recorder {
    /// One that knows only the identities an earlier agent left in the kernel.
    pub(crate) fn adopt(texts: &BTreeMap<IdentityNumber, String>) -> Recorder {
        let read = texts.iter().filter_map(|(number, text)| {
            let identity: Identity = text.parse().ok()?;
            Some((*number, identity.labels))
        });
        Recorder { labels: read.collect(), ..Recorder::default() }
    }

    /// Another world is in force.
    pub(crate) fn update(&mut self, world: &World, resolved: &Resolved, uptime: Duration) {
        self.names.update(world, uptime);
        let labels = resolved.identities.iter().map(|(n, i)| (*n, i.labels.clone())).collect();
        self.former_labels = std::mem::replace(&mut self.labels, labels);
        self.numbers.clone_from(&resolved.addresses);
    }

    /// Forgets names whose time is over.
    pub(crate) fn expire(&mut self, uptime: Duration) {
        self.names.expire(uptime);
    }

    /// The record of one event, without its nearest rules; none for a packet that met no workload.
    pub(crate) fn record(&self, seen: &Seen, now: Moment) -> Option<Flow> {
        let workload = seen.workload.clone()?;
        let connection = connection(seen);
        let own = self.numbers.get(&seen.own).copied().unwrap_or(IdentityNumber(0));
        let pod = Side { workload: Some(workload.clone()), ..self.side(seen.own, own, now) };
        let far = seen.far.map_or(seen.peer, |(address, _)| address);
        let peer = self.side(far, seen.identity, now);
        let (source, destination) = match seen.direction {
            Direction::Ingress => (peer, pod),
            Direction::Egress => (pod, peer),
        };
        let (backend, service) = match seen.direction {
            Direction::Ingress => (None, None),
            Direction::Egress => self.service(seen, connection),
        };
        Some(Flow {
            time: now.wall_at(seen.time),
            kind: seen.kind,
            workload,
            direction: seen.direction,
            connection,
            source,
            destination,
            backend,
            service,
            verdict: seen.verdict,
            reason: seen.reason,
            rule: seen.rule.as_deref().cloned(),
            nearest: Vec::new(),
            tcp_flags: seen.tcp_flags,
            generation: seen.generation,
            count: 1,
        })
    }

    fn side(&self, address: Address, number: IdentityNumber, now: Moment) -> Side {
        let known = self.names.at(address.ip(), now.uptime);
        let of_identity =
            || self.labels.get(&number).or_else(|| self.former_labels.get(&number)).cloned();
        Side {
            workload: known.and_then(|known| known.workload.clone()),
            names: known.map(|known| known.names.clone()).unwrap_or_default(),
            identity: number.0,
            labels: match known {
                Some(known) if !known.labels.is_empty() => known.labels.clone(),
                Some(_) | None => of_identity().unwrap_or_default(),
            },
        }
    }

    /// The backend and the name of the service that a workload asked for.
    fn service(
        &self,
        seen: &Seen,
        connection: Connection,
    ) -> (Option<(std::net::IpAddr, u16)>, Option<String>) {
        let Connection { destination, destination_port: port, protocol, .. } = connection;
        let service = self.names.service(destination, port, protocol).map(str::to_owned);
        let backend = seen.far.map(|(address, port)| (address.ip(), port));
        let rewritten = backend.filter(|backend| *backend != (destination, port));
        (rewritten, service)
    }
}

/// Both ends as the client sees them.
fn connection(seen: &Seen) -> Connection {
    let (pod, peer) = (seen.own.ip(), seen.peer.ip());
    let (client, server) = match seen.direction {
        Direction::Ingress => ((peer, seen.peer_port), (pod, seen.own_port)),
        Direction::Egress => ((pod, seen.own_port), (peer, seen.peer_port)),
    };
    let has_ports = seen.protocol.has_ports();
    let lane_port = u16::try_from(seen.lane.0 & 0xffff).expect("16 bits fit 16 bits");
    Connection {
        source: client.0,
        destination: server.0,
        source_port: if has_ports { client.1 } else { 0 },
        destination_port: if has_ports { server.1 } else { lane_port },
        protocol: seen.protocol,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use podwall_datapath::Hook;
    use podwall_model::{FlowKind, Protocol, Reason, Service, ServicePort, Verdict};
    use podwall_policy::table::Lane;

    use super::*;
    use crate::fixture::{name, workload};

    fn address(ip: &str) -> Address {
        ip.parse::<IpAddr>().unwrap().into()
    }

    fn recorder() -> Recorder {
        let service = Service {
            namespace: "shop".into(),
            name: "data".into(),
            addresses: vec!["10.96.0.9".parse().unwrap()],
            ports: vec![ServicePort {
                name: "pg".into(),
                port: 5432,
                target: 6432,
                protocol: Protocol::TCP,
            }],
            ..Service::default()
        };
        let world = World {
            workloads: vec![workload("web", &["10.0.0.5"]), workload("db", &["10.0.0.9"])],
            services: vec![service],
            ..World::default()
        };
        let mut recorder = Recorder::default();
        let addresses = [(address("10.0.0.5"), IdentityNumber(256))].into();
        let resolved = Resolved { addresses, ..Resolved::default() };
        recorder.update(&world, &resolved, Duration::ZERO);
        recorder
    }

    fn event(direction: Direction, own: &str, peer: &str) -> Seen {
        Seen {
            time: Duration::from_secs(3),
            kind: FlowKind::New,
            hook: Hook::ToPod,
            workload: Some(name(if own == "10.0.0.5" { "web" } else { "db" })),
            slot: 1,
            direction,
            own: address(own),
            peer: address(peer),
            own_port: 40_000,
            peer_port: 5432,
            far: None,
            through_service: false,
            protocol: Protocol::TCP,
            lane: Lane::new(Protocol::TCP, 6432),
            identity: IdentityNumber(300),
            verdict: Verdict::Forwarded,
            reason: Reason::None,
            rule: None,
            tcp_flags: 2,
            length: 60,
            packets: 1,
            generation: 1,
        }
    }

    #[test]
    fn behind_a_service_the_server_is_the_backend_and_both_are_told() {
        let mut seen = event(Direction::Egress, "10.0.0.5", "10.96.0.9");
        seen.far = Some((address("10.0.0.9"), 6432));
        seen.through_service = true;
        let flow = recorder().record(&seen, Moment::default()).unwrap();
        assert_eq!(flow.service.as_deref(), Some("shop/data"));
        assert_eq!(flow.backend, Some(("10.0.0.9".parse().unwrap(), 6432)));
        assert_eq!(flow.destination.workload, Some(name("db")));
        assert_eq!(flow.connection.destination.to_string(), "10.96.0.9");
        assert_eq!((flow.source.workload, flow.source.identity), (Some(name("web")), 256));
    }

    #[test]
    fn behind_masquerade_the_client_is_the_real_one() {
        let mut seen = event(Direction::Ingress, "10.0.0.9", "192.0.2.1");
        seen.far = Some((address("10.0.0.5"), 40_001));
        let flow = recorder().record(&seen, Moment::default()).unwrap();
        assert_eq!(flow.source.workload, Some(name("web")));
        assert_eq!(flow.connection.source.to_string(), "192.0.2.1");
        assert_eq!((flow.backend, flow.service), (None, None));
    }

    #[test]
    fn icmp_has_a_type_and_no_ports() {
        let mut seen = event(Direction::Ingress, "10.0.0.9", "10.0.0.5");
        seen.protocol = Protocol::ICMP;
        seen.lane = Lane::new(Protocol::ICMP, 8);
        let flow = recorder().record(&seen, Moment::default()).unwrap();
        assert_eq!((flow.connection.source_port, flow.connection.destination_port), (0, 8));
    }

    #[test]
    fn a_packet_that_met_no_workload_makes_no_record() {
        let mut seen = event(Direction::Ingress, "10.0.0.9", "10.0.0.5");
        seen.workload = None;
        assert_eq!(recorder().record(&seen, Moment::default()), None);
    }
}
