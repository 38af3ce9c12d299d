//! Edges: who talked to whom, from flow records.

use std::collections::HashMap;

use podwall_model::{Direction, Verdict};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::flow::parted;

/// The most groups of flows that one question looks at; what is beyond is counted.
const EDGE_LIMIT: usize = 20_000;

/// Which edges are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeQuestion {
    /// From when on, in milliseconds since the epoch.
    pub since: u64,
    /// Up to when.
    pub until: u64,
    /// Judged at this workload, `namespace/name`.
    pub workload: Option<String>,
    /// Either end is in any of these namespaces; an empty list is everything.
    pub namespaces: Vec<String>,
}

/// Flows between the same two ends, judged alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The client: its workload, else its first name, else its address.
    pub source: End,
    /// The server.
    pub destination: End,
    /// The server's port.
    pub port: u16,
    /// The protocol's number.
    pub protocol: u8,
    /// In or out of the workload that judged.
    pub direction: Direction,
    /// What became of them.
    pub verdict: Verdict,
    /// The policy that decided, or that isolates.
    pub policy: Option<String>,
    /// How many events.
    pub count: u64,
    /// The first, in milliseconds since the epoch.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// One end of an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    /// What it is called.
    pub name: String,
    /// Whether it is a workload.
    pub kind: EndKind,
}

/// What an end is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndKind {
    /// A workload, `namespace/name`.
    Workload,
    /// A name or an address of something else.
    Outside,
}

/// The edges of a time, and how many were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edges {
    /// Those with most events first.
    pub edges: Vec<Edge>,
    /// How many groups of flows were not looked at.
    pub left_out: u64,
}

impl End {
    fn of(party: &str) -> End {
        let party = parted(party);
        match party.workload {
            Some(name) => End { name, kind: EndKind::Workload },
            None => End {
                name: party.names.into_iter().next().unwrap_or(party.address),
                kind: EndKind::Outside,
            },
        }
    }

    fn is_in(&self, namespaces: &[String]) -> bool {
        let namespace = self.name.split_once('/').map(|(namespace, _)| namespace);
        self.kind == EndKind::Workload
            && namespace.is_some_and(|its| namespaces.iter().any(|asked| asked == its))
    }
}

type Same = (End, End, u16, u8, Direction, u8, String);

pub(crate) fn find(connection: &Connection, question: &EdgeQuestion) -> rusqlite::Result<Edges> {
    let mut sql = "SELECT source, destination, port, protocol, direction, verdict, policy,
                          sum(count) AS total, min(time), max(time)
                   FROM flows WHERE time BETWEEN ?1 AND ?2"
        .to_owned();
    let mut values = vec![integer(question.since), integer(question.until)];
    if let Some(workload) = &question.workload {
        sql.push_str(" AND workload = ?3");
        values.push(Value::Text(workload.clone()));
    }
    sql.push_str(
        " GROUP BY source, destination, port, protocol, direction, verdict, policy
          ORDER BY total DESC",
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut found: HashMap<Same, (u64, u64, u64)> = HashMap::new();
    let mut left_out = 0;
    while let Some(row) = rows.next()? {
        let (source, destination) =
            (End::of(row.get_ref(0)?.as_str()?), End::of(row.get_ref(1)?.as_str()?));
        let namespaces = &question.namespaces;
        let asked =
            namespaces.is_empty() || source.is_in(namespaces) || destination.is_in(namespaces);
        if !asked {
            continue;
        }
        let direction =
            if row.get::<_, u8>(4)? == 0 { Direction::Ingress } else { Direction::Egress };
        let same: Same =
            (source, destination, row.get(2)?, row.get(3)?, direction, row.get(5)?, row.get(6)?);
        if found.len() >= EDGE_LIMIT && !found.contains_key(&same) {
            left_out += 1;
            continue;
        }
        let (count, first, last): (u64, u64, u64) = (row.get(7)?, row.get(8)?, row.get(9)?);
        let known = found.entry(same).or_insert((0, first, last));
        *known = (known.0 + count, known.1.min(first), known.2.max(last));
    }
    let edges = found.into_iter().map(|(same, (count, first, last))| {
        let (source, destination, port, protocol, direction, verdict, policy) = same;
        Edge {
            source,
            destination,
            port,
            protocol,
            direction,
            verdict: Verdict::from_number(verdict).unwrap_or(Verdict::Dropped),
            policy: Some(policy).filter(|policy| !policy.is_empty()),
            count,
            first,
            last,
        }
    });
    let mut edges: Vec<Edge> = edges.collect();
    edges.sort_by(|a, b| {
        (b.count.cmp(&a.count)).then_with(|| {
            (&a.source, &a.destination, a.port, a.protocol).cmp(&(
                &b.source,
                &b.destination,
                b.port,
                b.protocol,
            ))
        })
    });
    Ok(Edges { edges, left_out })
}

/// SQLite counts to 2^63.
fn integer(value: u64) -> Value {
    Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}
