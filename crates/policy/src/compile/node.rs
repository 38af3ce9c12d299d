//! The local node as a subject: what policies about nodes make of its own traffic.
//!
//! It is compiled like a class, from the rules about nodes alone. It has no exemption from itself.

use podwall_model::{Label, Labels, Node, Source, World};

use super::{Class, CompiledClass, Compiler};
use crate::identity::Resolved;
use crate::options::Options;
use crate::rule::{Policy, Rule, Subject};

/// The tables of the local node, where policies about nodes hold.
pub(super) fn compile(
    policies: &[Policy],
    world: &World,
    options: &Options,
    resolved: &Resolved,
) -> Option<CompiledClass> {
    let node = world.nodes.iter().find(|node| node.local).filter(|_| options.host_policies)?;
    let about_nodes: Vec<Policy> = policies.iter().map(of_nodes).collect();
    let labels = labels(node);
    let classes = [Class { labels: labels.clone(), ..Class::default() }];
    let options = Options { host_access: false, ..*options };
    let mut compiler = Compiler::new(&resolved.identities, options);
    let (enforce, both) = compiler.tables(&about_nodes, &classes).pop()?;
    Some(CompiledClass { workloads: Vec::new(), labels, enforce, both })
}

/// The rules of a policy that are about nodes, with the node in the place of a workload.
fn of_nodes(policy: &Policy) -> Policy {
    let about = |rule: &Rule| match &rule.subject {
        Subject::Endpoints(_) => None,
        Subject::Nodes(selector) => {
            Some(Rule { subject: Subject::Endpoints(selector.clone()), ..rule.clone() })
        }
    };
    let rules = policy.rules.iter().filter_map(about).collect();
    Policy { rules, id: policy.id.clone(), mode: policy.mode, group: None }
}

fn labels(node: &Node) -> Labels {
    let own = node.labels.iter().map(|(key, value)| Label::new(Source::K8s, key, value));
    own.chain([Label::reserved("host")]).collect()
}
