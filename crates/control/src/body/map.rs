//! The map: edges of the ledger, joined by who talked to whom.

use std::collections::{BTreeMap, BTreeSet};

use podwall_ledger::{Edge, Edges, End, EndKind};
use podwall_model::{Direction, Protocol, Verdict};
use podwall_wire::rest::{Hold, Map, MapEdge, MapGroup, MapKind, MapNode, MapPort, VerdictCounts};

use crate::selection::labelled;
use crate::state::State;

/// The most edges that are told; what is beyond is counted.
const EDGE_LIMIT: usize = 2_000;
/// The most ports that are told of one edge; each still counts in the edge's sums.
const PORT_LIMIT: usize = 50;

#[derive(Default)]
struct Joined {
    egress: VerdictCounts,
    ingress: VerdictCounts,
    ports: BTreeMap<String, (VerdictCounts, VerdictCounts)>,
    policies: BTreeSet<String>,
    first: u64,
    last: u64,
}

/// `GET /api/v1/map`.
pub(crate) fn map(
    state: &State,
    edges: &Edges,
    group: MapGroup,
    (since, until): (u64, u64),
    namespaces: &[String],
) -> Map {
    let mut joined: BTreeMap<(String, String), Joined> = BTreeMap::new();
    let mut nodes = known(state, group, namespaces);
    for edge in &edges.edges {
        let (source, destination) = (id(&edge.source, group), id(&edge.destination, group));
        for (id, end) in [(&source, &edge.source), (&destination, &edge.destination)] {
            nodes.entry(id.clone()).or_insert_with(|| gone(id, end, group));
        }
        joined.entry((source, destination)).or_default().add(edge);
    }
    let mut told: Vec<MapEdge> = joined.into_iter().map(shown).collect();
    told.sort_by_key(|edge| {
        let sums = [edge.egress, edge.ingress];
        let stopped: u64 = sums.iter().map(|sum| sum.dropped + sum.would_drop).sum();
        let passed: u64 = sums.iter().map(|sum| sum.forwarded).sum();
        std::cmp::Reverse((stopped, passed))
    });
    let left_out = edges.left_out + told.len().saturating_sub(EDGE_LIMIT) as u64;
    told.truncate(EDGE_LIMIT);
    Map {
        group,
        since,
        until,
        nodes: nodes.into_values().collect(),
        edges: told,
        left_out,
        unnamed: edges.unnamed,
        lost: 0,
    }
}

impl Joined {
    fn add(&mut self, edge: &Edge) {
        let port = self.ports.entry(port_text(edge.port, edge.protocol)).or_default();
        let (sum, of_port) = match edge.direction {
            Direction::Egress => (&mut self.egress, &mut port.0),
            Direction::Ingress => (&mut self.ingress, &mut port.1),
        };
        count(sum, edge.verdict, edge.count);
        count(of_port, edge.verdict, edge.count);
        self.policies.extend(edge.policy.clone());
        self.first = if self.first == 0 { edge.first } else { self.first.min(edge.first) };
        self.last = self.last.max(edge.last);
    }
}

/// Adds events of one verdict; what would pass if all were enforced is dropped today.
pub(crate) fn count(sum: &mut VerdictCounts, verdict: Verdict, count: u64) {
    match verdict {
        Verdict::Forwarded => sum.forwarded += count,
        Verdict::WouldDrop => sum.would_drop += count,
        Verdict::Dropped | Verdict::WouldAllow => sum.dropped += count,
    }
}

/// `5432/TCP`, or the protocol alone where it has no ports.
pub(super) fn port_text(port: u16, protocol: u8) -> String {
    let protocol = Protocol(protocol);
    match protocol.has_ports() {
        true => format!("{port}/{protocol}"),
        false => protocol.to_string(),
    }
}

fn shown(((source, destination), joined): ((String, String), Joined)) -> MapEdge {
    let ports = joined.ports.into_iter();
    let mut ports: Vec<MapPort> =
        ports.map(|(port, (egress, ingress))| MapPort { port, egress, ingress }).collect();
    ports.sort_by_key(|port| {
        let stopped = [port.egress, port.ingress].map(|sum| sum.dropped + sum.would_drop);
        let passed = [port.egress, port.ingress].map(|sum| sum.forwarded);
        std::cmp::Reverse((stopped.iter().sum::<u64>(), passed.iter().sum::<u64>()))
    });
    ports.truncate(PORT_LIMIT);
    MapEdge {
        source,
        destination,
        egress: joined.egress,
        ingress: joined.ingress,
        ports,
        policies: joined.policies.into_iter().collect(),
        first: joined.first,
        last: joined.last,
    }
}

fn id(end: &End, group: MapGroup) -> String {
    match (end.kind, group) {
        (EndKind::Workload, MapGroup::Namespace) => {
            format!("{}/", end.name.split('/').next().unwrap_or_default())
        }
        (EndKind::Workload, MapGroup::Workload) | (EndKind::Outside, _) => end.name.clone(),
    }
}

/// The workloads that are here, whether they talk or not.
fn known(state: &State, group: MapGroup, namespaces: &[String]) -> BTreeMap<String, MapNode> {
    let mut nodes: BTreeMap<String, MapNode> = BTreeMap::new();
    for (workload, _) in labelled(state.world()) {
        let name = &workload.name;
        if !namespaces.is_empty() && !namespaces.contains(&name.namespace) {
            continue;
        }
        let (ingress, egress) = state.holds.of_workload(name);
        let node = match group {
            MapGroup::Workload => nodes.entry(name.to_string()).or_insert_with(|| MapNode {
                id: name.to_string(),
                kind: MapKind::Workload,
                namespace: Some(name.namespace.clone()),
                name: name.name.clone(),
                workloads: 0,
                ingress: None,
                egress: None,
            }),
            MapGroup::Namespace => {
                let id = format!("{}/", name.namespace);
                nodes.entry(id.clone()).or_insert_with(|| MapNode {
                    id,
                    kind: MapKind::Namespace,
                    namespace: Some(name.namespace.clone()),
                    name: name.namespace.clone(),
                    workloads: 0,
                    ingress: None,
                    egress: None,
                })
            }
        };
        node.workloads += 1;
        node.ingress = Some(node.ingress.map_or(ingress, |its| weaker(its, ingress)));
        node.egress = Some(node.egress.map_or(egress, |its| weaker(its, egress)));
    }
    nodes
}

fn weaker(a: Hold, b: Hold) -> Hold {
    match (a, b) {
        (Hold::Open, _) | (_, Hold::Open) => Hold::Open,
        (Hold::Detected, _) | (_, Hold::Detected) => Hold::Detected,
        (Hold::Enforced, Hold::Enforced) => Hold::Enforced,
    }
}

/// An end that talked and is no workload of today.
fn gone(id: &str, end: &End, group: MapGroup) -> MapNode {
    let (kind, workloads) = match (end.kind, group) {
        (EndKind::Outside, _) => (MapKind::Outside, 0),
        (EndKind::Workload, MapGroup::Workload) => (MapKind::Workload, 0),
        (EndKind::Workload, MapGroup::Namespace) => (MapKind::Namespace, 0),
    };
    let parts = (end.kind == EndKind::Workload).then(|| end.name.split_once('/')).flatten();
    MapNode {
        id: id.to_owned(),
        kind,
        namespace: parts.map(|(namespace, _)| namespace.to_owned()),
        name: match (parts, group) {
            (Some((namespace, _)), MapGroup::Namespace) => namespace.to_owned(),
            (Some((_, name)), MapGroup::Workload) => name.to_owned(),
            (None, _) => end.name.clone(),
        },
        workloads,
        ingress: None,
        egress: None,
    }
}
