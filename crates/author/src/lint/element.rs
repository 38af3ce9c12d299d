//! Documents as they are written, cut into the elements that rules come from, each with its place
//! and (where the document is accepted) with the rule it became.

use std::collections::HashMap;

use podwall_model::{Direction, PolicyId, RuleId, Section};
use podwall_policy::rule::{Policy, Rule};
use podwall_policy::yaml::{Key, Node, Tree, Value};
use podwall_policy::{Document, Span};

use super::Text;

/// The two families of documents, whose elements mean different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Kubernetes,
    Cilium,
}

/// One document.
pub(super) struct Sheet<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) span: Span,
    pub(super) id: Option<&'a PolicyId>,
    /// What it became, where it is accepted.
    pub(super) policy: Option<&'a Policy>,
    pub(super) family: Option<Family>,
    pub(super) specs: Vec<Spec<'a>>,
    /// The rules by the place of their elements: a document may have very many.
    rules: HashMap<(Section, Option<u32>), &'a Rule>,
    /// Which spec, and which of its elements, stands at a place.
    places: HashMap<(Section, Option<u32>), (usize, usize)>,
}

/// One `spec`, or one item of `specs`.
pub(super) struct Spec<'a> {
    pub(super) node: &'a Node,
    pub(super) elements: Vec<Element<'a>>,
}

/// One item of a list of rules.
pub(super) struct Element<'a> {
    pub(super) node: &'a Node,
    pub(super) section: Section,
    pub(super) index: u32,
    /// How many items its list has.
    pub(super) siblings: usize,
}

const LISTS: [(&str, Direction, bool); 4] = [
    ("ingress", Direction::Ingress, false),
    ("ingressDeny", Direction::Ingress, true),
    ("egress", Direction::Egress, false),
    ("egressDeny", Direction::Egress, true),
];

impl<'a> Sheet<'a> {
    /// The documents of one text: its trees, and what `check` made of each.
    pub(super) fn all(
        text: &'a Text,
        trees: &'a [Tree],
        documents: &'a [Document],
        policies: &'a [Policy],
    ) -> Vec<Sheet<'a>> {
        let mut policies = policies.iter();
        let empty = |tree: &&Tree| tree.root.as_ref().is_some_and(Node::is_null);
        let mut sheets = Vec::new();
        for (tree, document) in trees.iter().filter(|tree| !empty(tree)).zip(documents) {
            let policy = match &document.id {
                Some(id) if document.accepted => policies.clone().find(|policy| policy.id == *id),
                Some(_) | None => None,
            };
            if policy.is_some() {
                policies.next();
            }
            let Some(root) = &tree.root else { continue };
            let family = match field(root, "kind").and_then(scalar) {
                Some("NetworkPolicy") => Some(Family::Kubernetes),
                Some("CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy") => {
                    Some(Family::Cilium)
                }
                Some(_) | None => None,
            };
            let single = field(root, "spec").map(|node| (None, node));
            let many = field(root, "specs").map(items).unwrap_or_default();
            let many = many.iter().enumerate().map(|(at, node)| (number(at), node));
            let specs: Vec<Spec<'_>> =
                single.into_iter().chain(many).map(|(at, node)| spec(at, node)).collect();
            let rules = policy.into_iter().flat_map(|policy| &policy.rules);
            sheets.push(Sheet {
                file: &text.file,
                text: &text.text,
                span: tree.span,
                id: document.id.as_ref(),
                policy,
                family,
                rules: rules.map(|rule| ((rule.id.section, rule.id.index), rule)).collect(),
                places: places(&specs),
                specs,
            });
        }
        sheets
    }

    /// Every element of every spec.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element<'a>> {
        self.specs.iter().flat_map(|spec| &spec.elements)
    }

    /// The rule that an element became.
    pub(super) fn rule(&self, element: &Element<'_>) -> Option<&'a Rule> {
        self.rules.get(&(element.section, Some(element.index))).copied()
    }

    /// The element that a rule came from.
    pub(super) fn element(&self, id: &RuleId) -> Option<&Element<'a>> {
        let (spec, at) = self.places.get(&(id.section, id.index))?;
        self.specs.get(*spec)?.elements.get(*at)
    }

    /// Whether this is its family.
    pub(super) fn is(&self, family: Family) -> bool {
        self.family == Some(family)
    }
}

fn places(specs: &[Spec<'_>]) -> HashMap<(Section, Option<u32>), (usize, usize)> {
    let mut places = HashMap::new();
    for (spec, elements) in specs.iter().map(|spec| &spec.elements).enumerate() {
        let each = elements.iter().enumerate();
        places.extend(each.map(|(at, one)| ((one.section, Some(one.index)), (spec, at))));
    }
    places
}

fn number(at: usize) -> Option<u32> {
    u32::try_from(at).ok()
}

fn spec(at: Option<u32>, node: &Node) -> Spec<'_> {
    let mut elements = Vec::new();
    for (name, direction, deny) in LISTS {
        let list = field(node, name).map(items).unwrap_or_default();
        elements.extend(list.iter().zip(0u32..).map(|(item, index)| Element {
            node: item,
            section: Section { spec: at, direction, deny },
            index,
            siblings: list.len(),
        }));
    }
    Spec { node, elements }
}

impl<'a> Element<'a> {
    /// The lists that name peers, each with its key.
    pub(super) fn peers(&self) -> impl Iterator<Item = (&'a Key, &'a Node)> {
        let entries = match &self.node.value {
            Value::Map { entries, .. } => entries.as_slice(),
            Value::Scalar { .. } | Value::List(_) => &[],
        };
        let names = match self.section.direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        };
        entries
            .iter()
            .filter(move |(key, _)| key.text.starts_with(names) && key.text != "toPorts")
            .map(|(key, node)| (key, node))
    }

    /// The lists of ports: those of `toPorts`, or the one of NetworkPolicy.
    pub(super) fn port_lists(&self) -> Vec<&'a Node> {
        let own = field(self.node, "ports");
        let of_rules = field(self.node, "toPorts").map(items).unwrap_or_default();
        own.into_iter().chain(of_rules.iter().filter_map(|item| field(item, "ports"))).collect()
    }

    /// The lists of requests of one kind: `http`, `dns` and so on.
    pub(super) fn requests(&self, kind: &str) -> Vec<&'a Node> {
        let of_rules = field(self.node, "toPorts").map(items).unwrap_or_default();
        of_rules
            .iter()
            .filter_map(|item| field(field(item, "rules")?, kind))
            .flat_map(items)
            .collect()
    }
}

/// The value of a field, unless it is null.
pub(super) fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.entry(key).map(|(_, node)| node).filter(|node| !node.is_null())
}

/// The items of a list; of anything else none.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Scalar { .. } | Value::Map { .. } => &[],
    }
}

/// The text of a single value.
pub(super) fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::List(_) | Value::Map { .. } => None,
    }
}

/// The entries of a mapping; of anything else none.
pub(super) fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.value {
        Value::Map { entries, .. } => entries,
        Value::Scalar { .. } | Value::List(_) => &[],
    }
}

/// Whether it is a mapping without entries.
pub(super) fn is_empty_map(node: &Node) -> bool {
    matches!(&node.value, Value::Map { entries, .. } if entries.is_empty())
}
