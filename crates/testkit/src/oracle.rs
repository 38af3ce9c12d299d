//! Cases for Cilium's own policy engine, and its answers held against ours.
//!
//! `tools/cilium/oracle` reads a case a line and answers a line. What it once answered is recorded
//! as a sample, so that a plain test run needs neither Go nor Cilium; a case whose text is no
//! longer the one that was asked is told apart by its digest.

mod answer;
mod compare;
mod document;
mod question;
mod world;

use podwall_model::{Mode, World};
use podwall_policy::options::{Enforcement, Options};
use serde_json::Value;

pub use self::answer::{Answer, Recorded, Said, SampleError};
pub use self::compare::{Comparison, Difference, Tally, WANTED, WANTED_DOCUMENTS, compare};
use super::chance::Chance;
use super::random::Packet;

/// Flows of one case.
const FLOWS: usize = 20;

/// A world, documents and flows.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it was made from.
    pub seed: u64,
    /// Namespaces, nodes and workloads.
    pub world: World,
    /// Documents as objects; some are meant to be refused.
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
            ..Options::default()
        };
        let flows = world::flows(&world, FLOWS, &mut chance);
        Case { seed, world, documents, options, flows }
    }

    /// The line that the oracle reads.
    pub fn line(&self) -> String {
        question::line(self)
    }

    /// A number that changes when the line does (FNV-1a).
    pub fn digest(&self) -> u32 {
        self.line().bytes().fold(0x811c_9dc5, |digest: u32, byte| {
            (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        })
    }
}
