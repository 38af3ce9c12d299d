//! Cases for Cilium's own policy engine, and its answers held against ours.
//!
//! `tools/cilium/oracle` reads a case a line and answers a line. What it once answered is recorded
//! as a sample, so that a plain test run needs neither Go nor Cilium; a case whose text is no
//! longer the one that was asked is told apart by its digest.

mod answer;
mod around;
mod compare;
mod document;
mod mutation;
mod naming;
mod program;
mod question;
mod wanted;
mod world;

use podwall_model::{Mode, World};
use podwall_policy::options::{Enforcement, Options};
use podwall_policy::{Dialect, Gate, Reading};
use serde_json::Value;

pub use self::answer::{Answer, Recorded, Said, SampleError};
pub use self::compare::{Comparison, Difference, Tally, compare, compare_documents, verdicts};
pub use self::naming::{Pair, Pairs, RecordedPairs};
pub use self::program::{Program, sample};
pub use self::wanted::{WANTED, WANTED_DOCUMENTS, WantedDocument};
use super::chance::Chance;
use super::random::Packet;

/// The local node as the subject of a flow; it is in no namespace.
pub const HOST: &str = "host";

/// Flows of one case.
const FLOWS: usize = 20;
/// Documents of a case that asks about them alone.
const DOCUMENTS: usize = 20;

/// A world, documents and flows.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// Namespaces, nodes and workloads.
    pub world: World,
    /// Documents as objects, or as texts; some are meant to be refused.
    pub documents: Vec<Value>,
    /// The cluster-wide choices.
    pub options: Options,
    /// First packets of connections.
    pub flows: Vec<Packet>,
}

impl Case {
    /// The case of a seed.
    pub fn new(seed: u64) -> Case {
        let mut chance = Chance::new(seed ^ 0x6f72_6163_6c65);
        let world = world::random(&mut chance);
        let documents = document::random(&mut chance);
        let options = Options {
            mode: Mode::Enforce,
            enforcement: match chance.below(20) {
                0 => Enforcement::Always,
                1 => Enforcement::Never,
                _ => Enforcement::Default,
            },
            host_access: chance.percent(80),
            node_labels: chance.percent(20),
            ..Options::default()
        };
        let flows = world::flows(&world, FLOWS, &mut chance);
        Case { seed, world, documents, options, flows }
    }

    /// The case of a seed that asks about documents alone: each is one that might be taken, changed
    /// in a place or two.
    pub fn of_documents(seed: u64) -> Case {
        let mut chance = Chance::new(seed ^ 0x6d75_7461_7465);
        let documents = (0..DOCUMENTS).map(|at| mutation::random(at, &mut chance)).collect();
        let options = Options { node_labels: chance.percent(50), ..Options::default() };
        Case { seed, world: World::default(), documents, options, flows: Vec::new() }
    }

    /// The case of a seed about documents of Kubernetes' own kinds alone, changed likewise.
    pub fn of_kubernetes_documents(seed: u64) -> Case {
        let mut chance = Chance::new(seed ^ 0x006b_3873);
        let documents = (0..DOCUMENTS).map(|at| mutation::of_kubernetes(at, &mut chance)).collect();
        let options = Options { node_labels: true, ..Options::default() };
        Case { seed, world: World::default(), documents, options, flows: Vec::new() }
    }

    /// The case of a seed for a witness that knows NetworkPolicy alone: those, pods of one cluster
    /// whose labels are known, and no way of the node's own.
    pub fn of_network_policies(seed: u64) -> Case {
        let mut chance = Chance::new(seed ^ 0x006b_6e70);
        let mut world = world::random(&mut chance);
        for workload in &mut world.workloads {
            workload.labels_resolved = true;
            "default".clone_into(&mut workload.cluster);
        }
        let documents = document::network_policies(&mut chance);
        let options = Options { mode: Mode::Enforce, host_access: false, ..Options::default() };
        let flows = world::flows(&world, FLOWS, &mut chance);
        Case { seed, world, documents, options, flows }
    }

    /// The case around documents that somebody published: without a namespace they go into
    /// `default`.
    pub fn around(seed: u64, mut documents: Vec<Value>) -> Case {
        for document in &mut documents {
            let clusterwide =
                document["kind"].as_str().is_some_and(|kind| kind.contains("Cluster"));
            if !clusterwide && document["metadata"]["namespace"].is_null() {
                document["metadata"]["namespace"] = "default".into();
            }
        }
        let found = around::found(&documents);
        let world = around::world(&found);
        let node_labels = found.has_nodes();
        let options = Options {
            mode: Mode::Enforce,
            node_labels,
            host_policies: found.has_hosts(),
            ..Options::default()
        };
        let mut case = Case { seed, world, documents, options, flows: Vec::new() };
        case.flows = around::flows(&case, &found);
        case
    }

    /// How its documents are read; those about nodes wherever no workload is judged.
    pub fn dialect(&self) -> Dialect {
        let taken = |is: bool| if is { Reading::Accepted } else { Reading::Refused };
        let node_labels = taken(self.options.node_labels);
        let host_policies = taken(self.options.host_policies || self.flows.is_empty());
        Dialect { node_labels, host_policies, gate: Gate::Present, ..Dialect::default() }
    }

    /// The line that the oracle reads.
    pub fn line(&self) -> String {
        question::line(self)
    }

    /// A number that changes when the line does.
    pub fn digest(&self) -> u32 {
        digest(&self.line())
    }
}

/// A number that changes when a text does (FNV-1a).
fn digest(text: &str) -> u32 {
    text.bytes()
        .fold(0x811c_9dc5, |digest: u32, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
