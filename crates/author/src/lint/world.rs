//! Findings about services and addresses that a world shows: a port that only the service has, and
//! a range that was meant for pods.

use std::net::IpAddr;

use podwall_model::{Cidr, Direction, Service, ServicePort, Workload, World};
use podwall_policy::matching::matches;
use podwall_policy::rule::{Peer, Peers, Reach, Rule, Selector, Subject};
use podwall_policy::yaml::{Node, Value};

use super::element::{Element, Family, Sheet, field, items, scalar};
use super::mend::{Edit, Mend};
use super::{Desk, Finding, catalog};

/// A port of a service where the port of the pods behind it is meant.
pub(super) fn service_port(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let Some(world) = desk.around.world else { return };
    for sheet in &desk.sheets {
        for element in sheet.elements() {
            let Some(rule) = sheet.rule(element) else { continue };
            let servers = servers(rule, world);
            let lists = element.port_lists();
            let written: Vec<&str> = lists
                .iter()
                .flat_map(|list| items(list))
                .filter_map(|item| field(item, "port").and_then(scalar))
                .collect();
            for item in lists.iter().flat_map(|list| items(list)) {
                let Some(port) = field(item, "port") else { continue };
                let Some(number) = scalar(port).and_then(|word| word.parse::<u16>().ok()) else {
                    continue;
                };
                if field(item, "endPort").is_some() {
                    continue;
                }
                if let Some((service, target)) = misplaced(world, &servers, number, &written) {
                    found.push(finding(desk, sheet, port, (number, service, target)));
                }
            }
        }
    }
}

/// The workloads that serve under a rule.
fn servers<'w>(rule: &Rule, world: &'w World) -> Vec<&'w Workload> {
    let fits = |selector: &Selector, workload: &Workload| {
        let namespace = world.namespace(&workload.name.namespace);
        !workload.host_network && matches(selector, &workload.identity_labels(namespace))
    };
    let selectors: Vec<&Selector> = match (rule.direction, &rule.subject, &rule.peers) {
        (Direction::Ingress, Subject::Endpoints(selector), _) => vec![selector],
        (Direction::Egress, _, Peers::AnyOf(list)) => list
            .iter()
            .filter_map(
                |peer| if let Peer::Labels(selector) = peer { Some(selector) } else { None },
            )
            .collect(),
        (Direction::Ingress, Subject::Nodes(_), _) | (Direction::Egress, _, Peers::Anyone) => {
            Vec::new()
        }
    };
    world.workloads.iter().filter(|w| selectors.iter().any(|one| fits(one, w))).collect()
}

/// The service whose port this is, and the port that its pods have instead: where every server of
/// the rule stands behind it, none says that it serves on the number, and the target is not there.
fn misplaced<'w>(
    world: &'w World,
    servers: &[&Workload],
    number: u16,
    written: &[&str],
) -> Option<(&'w Service, u16)> {
    let serves = |workload: &&Workload| workload.ports.iter().any(|port| port.port == number);
    if servers.is_empty() || servers.iter().any(serves) {
        return None;
    }
    let behind = |service: &Service, workload: &Workload| {
        !service.selector.is_empty()
            && workload.name.namespace == service.namespace
            && service.selector.iter().all(|(k, v)| workload.labels.get(k) == Some(v))
    };
    let offers = |service: &'w Service| -> Option<&'w ServicePort> {
        service.ports.iter().find(|port| port.port == number)
    };
    let leading: Vec<(&Service, &ServicePort)> = world
        .services
        .iter()
        .filter(|service| servers.iter().any(|workload| behind(service, workload)))
        .filter_map(|service| offers(service).map(|port| (service, port)))
        .collect();
    let (service, port) = *leading.first()?;
    let target = port.target;
    let certain = target != number
        && leading.iter().all(|(_, other)| other.target == target)
        && servers.iter().all(|workload| leading.iter().any(|(s, _)| behind(s, workload)))
        && !written.contains(&target.to_string().as_str());
    certain.then_some((service, target))
}

fn finding(
    desk: &Desk<'_>,
    sheet: &Sheet<'_>,
    port: &Node,
    (number, service, target): (u16, &Service, u16),
) -> Finding {
    let name = format!("{}/{}", service.namespace, service.name);
    let message =
        format!("`{number}` is the port of the service `{name}`; its pods serve on {target}");
    let help = format!("policies see the pods' port: write {target}");
    let found = desk.find(sheet, catalog::SERVICE_PORT, port.span, (message, help));
    let Value::Scalar { plain, .. } = &port.value else { return found };
    let text = if *plain { target.to_string() } else { format!("\"{target}\"") };
    let title = format!("write {target} for {number}");
    Finding { mend: Some(Mend { title, edits: vec![Edit::replace(&port.bytes, text)] }), ..found }
}

/// The widest range that is taken for one of pods: wider ones are networks of companies.
const WIDEST: u8 = 12;
const WIDEST_V6: u8 = 40;

/// Ranges of CNP and CCNP with a pod, a node or a service in them, which they never mean.
pub(super) fn range_for_pods(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let Some(world) = desk.around.world else { return };
    for sheet in desk.sheets.iter().filter(|sheet| sheet.is(Family::Cilium)) {
        for element in sheet.elements() {
            let Some(Peers::AnyOf(list)) = sheet.rule(element).map(|rule| &rule.peers) else {
                continue;
            };
            let written = ranges(element);
            for peer in list {
                let Peer::Cidr { cidr, except, reach: Reach::World } = peer else { continue };
                let widest = if cidr.network().is_ipv4() { WIDEST } else { WIDEST_V6 };
                let inside =
                    |ip: &IpAddr| cidr.contains(*ip) && !except.iter().any(|e| e.contains(*ip));
                let Some(whose) = whose(desk, world, inside).filter(|_| cidr.length() >= widest)
                else {
                    continue;
                };
                let is_it = |node: &&&Node| {
                    scalar(node).and_then(|t| t.parse::<Cidr>().ok()) == Some(*cidr)
                };
                let span = written.iter().find(is_it).map_or(element.node.span, |node| node.span);
                let message = format!("the range never means {whose}: `{cidr}`");
                let help = "a range of this kind is about addresses outside of the cluster; \
                            name pods with `matchLabels`, nodes with `entities`";
                found.push(desk.find(sheet, catalog::RANGE_FOR_PODS, span, (message, help)));
            }
        }
    }
}

fn ranges<'a>(element: &Element<'a>) -> Vec<&'a Node> {
    let lists = element.peers().flat_map(|(_, list)| items(list));
    lists.map(|item| field(item, "cidr").unwrap_or(item)).collect()
}

/// Whom of the cluster a range holds.
fn whose(desk: &Desk<'_>, world: &World, inside: impl Fn(&IpAddr) -> bool) -> Option<String> {
    let options = desk.around.options;
    let pods = world.workloads.iter().filter(|workload| !workload.host_network);
    let mut pods = pods.filter(|workload| workload.addresses.iter().any(&inside));
    if let (Some(pod), false) = (pods.next(), options.cidr_means_pods) {
        return Some(format!("the pod {} in it", pod.name));
    }
    let mut nodes = world.nodes.iter().filter(|node| node.addresses.iter().any(&inside));
    if let (Some(node), false) = (nodes.next(), options.cidr_means_nodes) {
        return Some(format!("the node {} in it", node.name));
    }
    let mut services = world.services.iter();
    let service = services.find(|service| service.addresses.iter().any(&inside))?;
    Some(format!("the pods behind the service {}/{} in it", service.namespace, service.name))
}
