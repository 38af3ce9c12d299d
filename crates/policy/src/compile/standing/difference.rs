//! What is different between what stands and what is wanted, where that is policies and workloads
//! alone.

use podwall_model::{PolicyId, Workload, WorkloadName, World};

use super::Standing;
use crate::hash::{HashMap, HashSet};
use crate::rule::Policy;

/// Of so many there may be one change; more are sooner compiled as a whole.
const ONE_IN: usize = 8;

/// Policies and workloads that come and go.
pub(super) struct Difference {
    pub(super) gone: Vec<PolicyId>,
    /// New or changed, by place in the list to come.
    pub(super) came: Vec<usize>,
    /// By place in the world before.
    pub(super) left: Vec<usize>,
    /// By place in the world to come.
    pub(super) joined: Vec<usize>,
}

impl Difference {
    /// `None` where something else is different, or too much.
    pub(super) fn of(
        standing: &Standing,
        policies: &[Policy],
        world: &World,
    ) -> Option<Difference> {
        standing.kept.as_ref()?;
        let (gone, came) = policies_between(standing, policies)?;
        let (left, joined) = workloads_between(&standing.world, world)?;
        let changes = gone.len() + came.len() + left.len() + joined.len();
        let is_small = changes * ONE_IN <= policies.len() + world.workloads.len() || changes < 2;
        is_small.then_some(Difference { gone, came, left, joined })
    }
}

fn policies_between(
    standing: &Standing,
    policies: &[Policy],
) -> Option<(Vec<PolicyId>, Vec<usize>)> {
    let named: HashSet<&PolicyId> = policies.iter().map(|policy| &policy.id).collect();
    if named.len() != policies.len() {
        return None;
    }
    let is_new = |policy: &Policy| {
        let before = standing.held.get(&policy.id);
        before.is_none_or(|held| held.text.policy(&standing.policies) != policy)
    };
    let came = (0..policies.len()).filter(|at| is_new(&policies[*at])).collect();
    let gone = standing.held.keys().filter(|id| !named.contains(id)).cloned().collect();
    Some((gone, came))
}

fn workloads_between(before: &World, after: &World) -> Option<(Vec<usize>, Vec<usize>)> {
    let is_same_place = before.namespaces == after.namespaces
        && before.nodes == after.nodes
        && before.services == after.services
        && before.cidr_groups == after.cidr_groups
        && before.api_servers == after.api_servers
        && before.names == after.names;
    if !is_same_place {
        return None;
    }
    let (former, latter) = (by_name(before)?, by_name(after)?);
    let differ = |these: &World, those: &HashMap<&WorkloadName, &Workload>| {
        let mut differing = Vec::new();
        for (at, workload) in these.workloads.iter().enumerate() {
            if those.get(&workload.name) != Some(&workload) {
                differing.push(at);
            }
        }
        differing
    };
    Some((differ(before, &latter), differ(after, &former)))
}

/// `None` if two share a name.
fn by_name(world: &World) -> Option<HashMap<&WorkloadName, &Workload>> {
    let named: HashMap<&WorkloadName, &Workload> =
        world.workloads.iter().map(|workload| (&workload.name, workload)).collect();
    (named.len() == world.workloads.len()).then_some(named)
}
