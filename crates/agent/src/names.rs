//! Who is behind an address, from the world the agent holds, and for a while after they went.
//!
//! A record is named once, here, when its event is read; nothing is looked up later. Names of
//! addresses that left the world stay for [`DEPARTED_FOR`], so that the last packets of a workload
//! still say whose they were.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use podwall_model::{Labels, Protocol, Workload, WorkloadName, World};

/// How long an address keeps its name after it left the world: longer than a connection's end
/// waits in the kernel (TIME_WAIT is 60 s).
const DEPARTED_FOR: Duration = Duration::from_secs(120);

/// How many departed addresses are remembered; the oldest go first.
const DEPARTED_LIMIT: usize = 65_536;

/// What is known of one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The workload that has it.
    pub(crate) workload: Option<WorkloadName>,
    /// Other names it goes by.
    pub(crate) names: Vec<String>,
    /// The labels of the workload; empty where its identity says them.
    pub(crate) labels: Labels,
}

/// The names of addresses and services.
#[derive(Debug, Default)]
pub(crate) struct Names {
    current: HashMap<IpAddr, Known>,
    departed: HashMap<IpAddr, Departed>,
    order: VecDeque<(Duration, IpAddr)>,
    services: HashMap<(IpAddr, u16, Protocol), String>,
}

#[derive(Debug)]
struct Departed {
    known: Known,
    until: Duration,
}

impl Names {
    /// Takes over another world; who is gone from it is remembered for a while.
    pub(crate) fn update(&mut self, world: &World, uptime: Duration) {
        let current = census(world);
        let gone = std::mem::replace(&mut self.current, current);
        for (ip, known) in gone {
            if !self.current.contains_key(&ip) {
                self.depart(ip, known, uptime);
            }
        }
        self.services = services(world);
        self.expire(uptime);
    }

    /// What is known of an address now, or was a short while ago.
    pub(crate) fn at(&self, ip: IpAddr, uptime: Duration) -> Option<&Known> {
        self.current.get(&ip).or_else(|| {
            let departed = self.departed.get(&ip)?;
            (uptime < departed.until).then_some(&departed.known)
        })
    }

    /// The service that clients reach there, as `namespace/name`.
    pub(crate) fn service(&self, ip: IpAddr, port: u16, protocol: Protocol) -> Option<&str> {
        self.services.get(&(ip, port, protocol)).map(String::as_str)
    }

    /// Forgets those whose time is over.
    pub(crate) fn expire(&mut self, uptime: Duration) {
        while let Some(&(until, ip)) = self.order.front() {
            if uptime < until && self.order.len() <= DEPARTED_LIMIT {
                return;
            }
            self.order.pop_front();
            // A second departure of the same address has a later entry in the order.
            if self.departed.get(&ip).is_some_and(|departed| departed.until == until) {
                self.departed.remove(&ip);
            }
        }
    }

    fn depart(&mut self, ip: IpAddr, known: Known, uptime: Duration) {
        let until = uptime + DEPARTED_FOR;
        self.departed.insert(ip, Departed { known, until });
        self.order.push_back((until, ip));
    }
}

/// Everyone in a world by address. A pod comes before a node, a node before a name.
fn census(world: &World) -> HashMap<IpAddr, Known> {
    let mut known: HashMap<IpAddr, Known> = HashMap::new();
    for workload in world.workloads.iter().filter(|workload| !workload.host_network) {
        for ip in &workload.addresses {
            known.entry(*ip).or_insert_with(|| of_workload(workload, world));
        }
    }
    for node in &world.nodes {
        for ip in &node.addresses {
            known.entry(*ip).or_default().names.push(node.name.clone());
        }
    }
    for ip in &world.api_servers {
        known.entry(*ip).or_default().names.push("kube-apiserver".to_owned());
    }
    for external in &world.names {
        for ip in &external.addresses {
            known.entry(*ip).or_default().names.push(external.name.clone());
        }
    }
    for service in &world.services {
        for ip in &service.addresses {
            let name = format!("{}/{}", service.namespace, service.name);
            known.entry(*ip).or_default().names.push(name);
        }
    }
    known
}

fn of_workload(workload: &Workload, world: &World) -> Known {
    Known {
        workload: Some(workload.name.clone()),
        names: Vec::new(),
        labels: workload.identity_labels(world.namespace(&workload.name.namespace)),
    }
}

fn services(world: &World) -> HashMap<(IpAddr, u16, Protocol), String> {
    let mut names = HashMap::new();
    for service in &world.services {
        for ip in &service.addresses {
            for port in &service.ports {
                let name = format!("{}/{}", service.namespace, service.name);
                names.insert((*ip, port.port, port.protocol), name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use podwall_model::{Service, ServicePort};

    use super::*;
    use crate::fixture::workload;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn named(names: &Names, ip: &str, uptime: u64) -> Option<String> {
        let known = names.at(ip.parse().unwrap(), seconds(uptime))?;
        known.workload.as_ref().map(ToString::to_string)
    }

    #[test]
    fn an_address_that_went_keeps_its_name_for_a_while() {
        let mut names = Names::default();
        let world = World { workloads: vec![workload("web", &["10.0.0.5"])], ..World::default() };
        names.update(&world, seconds(10));
        names.update(&World::default(), seconds(20));
        assert_eq!(named(&names, "10.0.0.5", 139).as_deref(), Some("shop/web"));
        assert_eq!(named(&names, "10.0.0.5", 140), None);
        names.expire(seconds(140));
        assert!(names.departed.is_empty() && names.order.is_empty());
    }

    #[test]
    fn an_address_given_to_another_has_the_new_name_at_once() {
        let mut names = Names::default();
        let mut world =
            World { workloads: vec![workload("web", &["10.0.0.5"])], ..World::default() };
        names.update(&world, seconds(10));
        world.workloads = vec![workload("db", &["10.0.0.5"])];
        names.update(&world, seconds(11));
        assert_eq!(named(&names, "10.0.0.5", 12).as_deref(), Some("shop/db"));
    }

    #[test]
    fn an_address_that_went_twice_is_kept_from_its_second_leaving() {
        let mut names = Names::default();
        let world = World { workloads: vec![workload("web", &["10.0.0.5"])], ..World::default() };
        names.update(&world, seconds(0));
        names.update(&World::default(), seconds(10));
        names.update(&world, seconds(20));
        names.update(&World::default(), seconds(100));
        names.expire(seconds(131));
        assert_eq!(named(&names, "10.0.0.5", 131).as_deref(), Some("shop/web"));
    }

    #[test]
    fn a_service_is_named_by_its_address_port_and_protocol() {
        let service = Service {
            namespace: "shop".into(),
            name: "db".into(),
            addresses: vec!["10.96.0.9".parse().unwrap()],
            ports: vec![ServicePort {
                name: "pg".into(),
                port: 5432,
                target: 5433,
                protocol: Protocol::TCP,
            }],
            ..Service::default()
        };
        let mut names = Names::default();
        names.update(&World { services: vec![service], ..World::default() }, seconds(0));
        let ip = "10.96.0.9".parse().unwrap();
        assert_eq!(names.service(ip, 5432, Protocol::TCP), Some("shop/db"));
        assert_eq!(names.service(ip, 5432, Protocol::UDP), None);
    }
}
