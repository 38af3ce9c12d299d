//! From rules and a world to tables: what the kernel will look up.
//!
//! Rules are ranked once (denies first, then by id), peers become lists of identities, and each
//! identity's rules are swept over the line of lanes into a row. Whatever is equal is made once:
//! selectors, lists, rows, halves and tables.

mod class;
mod fault;
mod gated;
mod half;
mod members;
mod node;
mod posting;
mod ranking;
pub(crate) mod reference;
mod span;
mod sweep;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use podwall_model::{Direction, Labels, Mode, WorkloadName, World};

pub use self::class::Class;
use self::fault::{Fault, seeded};
use self::half::{HalfKey, Halves};
use self::posting::{Bearer, Postings};
use self::ranking::{Rank, Ranking};
use crate::identity::{Identities, Identity, Ranges, Resolved};
use crate::mode;
use crate::options::{Enforcement, Options};
use crate::rule::{Policy, Subject};
use crate::table::{IdentityNumber, Table};

/// All tables of one node, and who is who in them.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The classes of local workloads, by a number that is as lasting as an identity's.
    pub classes: BTreeMap<u32, CompiledClass>,
    /// Identities, addresses and ranges.
    pub resolved: Resolved,
    /// What holds for the local node itself, where policies about nodes hold at all.
    pub node: Option<CompiledClass>,
}

/// What holds for the workloads of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledClass {
    /// The workloads, in order.
    pub workloads: Vec<WorkloadName>,
    /// The labels that subjects of policies see.
    pub labels: Labels,
    /// The table of the policies that enforce.
    pub enforce: Arc<Table>,
    /// The table of those and of what is in detection; the same one where nothing is.
    pub both: Arc<Table>,
}

/// Compiles everything for the local workloads of a world.
pub fn resolve_all(
    policies: &[Policy],
    world: &World,
    options: &Options,
    identities: &mut Identities,
) -> Compiled {
    let policies = &*reference::settled(policies, world);
    let ranges = Ranges::of(policies.iter().filter(|policy| policy.mode != Some(Mode::Off)));
    let resolved = identities.resolve(world, &ranges, options);
    let classes = Class::group(world);
    let mut compiler = Compiler::new(policies, &resolved.identities, *options);
    let tables = compiler.tables(&classes);
    let numbered = classes.into_iter().zip(tables).map(|(class, (enforce, both))| {
        let number = identities.number(&class.identity());
        let Class { workloads, labels, .. } = class;
        (number.0, CompiledClass { workloads, labels, enforce, both })
    });
    let classes = numbered.collect();
    let node = node::compile(policies, world, options, &resolved);
    Compiled { classes, resolved, node }
}

/// One set of policies over one set of identities, and what was compiled of it so far.
pub struct Compiler<'a> {
    ranking: Ranking<'a>,
    policies: &'a [Policy],
    options: Options,
    halves: Halves<'a>,
    tables: HashMap<(HalfKey, HalfKey), Arc<Table>>,
}

/// The ranks of the rules that select one class, by direction and set.
#[derive(Default)]
struct Selected {
    ingress: Vec<Rank>,
    egress: Vec<Rank>,
}

impl<'a> Compiler<'a> {
    /// Over these policies and these identities.
    pub fn new(
        policies: &'a [Policy],
        identities: &'a BTreeMap<IdentityNumber, Identity>,
        options: Options,
    ) -> Compiler<'a> {
        Compiler {
            ranking: Ranking::of(policies),
            policies,
            options,
            halves: Halves::new(identities, options),
            tables: HashMap::new(),
        }
    }

    /// The two tables of each class: of what enforces, and of that and what is in detection.
    pub fn tables(&mut self, classes: &[Class]) -> Vec<(Arc<Table>, Arc<Table>)> {
        let mut enforce: Vec<Selected> = classes.iter().map(|_| Selected::default()).collect();
        let mut both: Vec<Selected> = classes.iter().map(|_| Selected::default()).collect();
        self.select(classes, |position, mode, direction, rank| match mode {
            Mode::Off => {}
            Mode::Detect if !seeded(Fault::DetectionEnforces) => {
                both[position].push(direction, rank);
            }
            Mode::Detect | Mode::Enforce => {
                enforce[position].push(direction, rank);
                both[position].push(direction, rank);
            }
        });
        let sets = classes.iter().zip(enforce.into_iter().zip(both));
        sets.map(|(class, (enforce, both))| (self.table(class, enforce), self.table(class, both)))
            .collect()
    }

    /// Tells of each rule and each class that it selects, in the order of ranks.
    fn select(&self, classes: &[Class], mut tell: impl FnMut(usize, Mode, Direction, Rank)) {
        let subjects = classes.iter().map(|class| Bearer::Subject(&class.labels));
        let postings = Postings::of(subjects, self.options);
        if self.options.enforcement == Enforcement::Never {
            return;
        }
        let mut known = HashMap::new();
        for rank in self.ranking.ranks() {
            let ranked = &self.ranking[rank];
            let Subject::Endpoints(selector) = &ranked.rule.subject else { continue };
            let policy = &self.policies[ranked.policy];
            let members = known.entry(selector).or_insert_with(|| postings.select(selector));
            for &position in members.iter() {
                let class = &classes[position as usize];
                let mode = mode_of(policy, class, &self.options);
                tell(position as usize, mode, ranked.rule.direction, rank);
            }
        }
    }

    fn table(&mut self, class: &Class, selected: Selected) -> Arc<Table> {
        let ingress = self.halves.key(&self.ranking, Direction::Ingress, selected.ingress, class);
        let egress = self.halves.key(&self.ranking, Direction::Egress, selected.egress, class);
        if let Some(table) = self.tables.get(&(ingress.clone(), egress.clone())) {
            return Arc::clone(table);
        }
        let table = Arc::new(Table {
            ingress: self.halves.half(&self.ranking, &ingress),
            egress: self.halves.half(&self.ranking, &egress),
        });
        self.tables.insert((ingress, egress), Arc::clone(&table));
        table
    }
}

impl Selected {
    fn push(&mut self, direction: Direction, rank: Rank) {
        match direction {
            Direction::Ingress => self.ingress.push(rank),
            Direction::Egress => self.egress.push(rank),
        }
    }
}

/// What a policy says of itself, else its subject's namespace, else the cluster.
fn mode_of(policy: &Policy, class: &Class, options: &Options) -> Mode {
    if seeded(Fault::NamespaceModeWins) {
        return class.mode.or(policy.mode).unwrap_or(options.mode);
    }
    mode::effective(policy, class.mode, options.mode).0
}

#[cfg(test)]
mod tests;
