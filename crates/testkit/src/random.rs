//! Random cases: a small world, policies in every form of a rule, and packets that meet them.
//!
//! The vocabulary is small, so that selectors, ranges and ports hit and miss about equally often.

mod packet;
mod policies;
mod world;

use podwall_model::{Direction, Mode, WorkloadName, World};
use podwall_policy::options::{Enforcement, Options};
use podwall_policy::rule::Policy;

pub use self::packet::Packet;
use super::chance::Chance;

/// One world, what is in force in it, and the choices of its operator.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// Namespaces, nodes and workloads.
    pub world: World,
    /// Policies, in a random order.
    pub policies: Vec<Policy>,
    /// The cluster-wide choices.
    pub options: Options,
}

impl Case {
    /// The case of a seed.
    pub fn new(seed: u64) -> Case {
        let mut chance = Chance::new(seed);
        let world = world::random(&mut chance);
        let policies = policies::random(&mut chance);
        let options = Options {
            mode: chance.one_of(&[Mode::Detect, Mode::Enforce, Mode::Enforce]),
            enforcement: match chance.below(20) {
                0 => Enforcement::Always,
                1 => Enforcement::Never,
                _ => Enforcement::Default,
            },
            host_access: chance.percent(75),
            cidr_means_nodes: chance.percent(10),
            cidr_means_pods: chance.percent(10),
            node_labels: chance.percent(10),
            host_policies: false,
        };
        Case { seed, world, policies, options }
    }

    /// So many packets of its local workloads, in and out.
    pub fn packets(&self, count: usize) -> Vec<Packet> {
        let mut chance = Chance::new(self.seed ^ 0x7061_636b_6574);
        let subjects = self.subjects();
        let packets = (0..count * 2).filter_map(|_| {
            let subject = chance.pick(&subjects).clone();
            let direction = chance.one_of(&Direction::BOTH);
            packet::random(&self.world, subject, direction, &mut chance)
        });
        packets.take(count).collect()
    }

    /// The local workloads with a hook of their own; there is always one.
    pub fn subjects(&self) -> Vec<WorkloadName> {
        let local = |workload: &&podwall_model::Workload| {
            !workload.host_network && (workload.node.is_empty() || workload.node == world::LOCAL)
        };
        self.world.workloads.iter().filter(local).map(|workload| workload.name.clone()).collect()
    }
}
