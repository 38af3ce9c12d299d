//! Labels with their source, and sets of them: what selectors see of an endpoint or a peer.
//!
//! The source is a type, so that no label that a user wrote can enter a reserved one
//! (GHSA-pfhr: a pod label must not pose as a label of its namespace).

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Who a label comes from. A selector may ask for one source or for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A pod's own labels, and what Kubernetes says of its namespace and service account.
    K8s,
    /// What the product itself knows: host, world, init and the like.
    Reserved,
    /// An address range.
    Cidr,
    /// A named group of address ranges.
    CidrGroup,
    /// A name that the DNS proxy has seen answered.
    Fqdn,
    /// A label of a node.
    Node,
    /// A label given by the container runtime.
    Container,
    /// A label without a known source.
    Unspec,
}

impl Source {
    /// The prefix people write before the colon.
    pub fn prefix(self) -> &'static str {
        match self {
            Source::K8s => "k8s",
            Source::Reserved => "reserved",
            Source::Cidr => "cidr",
            Source::CidrGroup => "cidrgroup",
            Source::Fqdn => "fqdn",
            Source::Node => "node",
            Source::Container => "container",
            Source::Unspec => "unspec",
        }
    }

    /// The source named by a prefix, if it is one.
    pub fn from_prefix(prefix: &str) -> Option<Source> {
        Some(match prefix {
            "k8s" => Source::K8s,
            "reserved" => Source::Reserved,
            "cidr" => Source::Cidr,
            "cidrgroup" => Source::CidrGroup,
            "fqdn" => Source::Fqdn,
            "node" => Source::Node,
            "container" => Source::Container,
            "unspec" => Source::Unspec,
            _ => return None,
        })
    }
}

/// One label: `source:key=value`. A copy is cheap: it shares what it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<LabelParts>);

/// What a label says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelParts {
    /// Who says so.
    pub source: Source,
    /// The key, without its source.
    pub key: String,
    /// The value; empty for labels that only exist.
    pub value: String,
}

impl Label {
    /// A label of the given source.
    pub fn new(source: Source, key: impl Into<String>, value: impl Into<String>) -> Label {
        Label(Arc::new(LabelParts { source, key: key.into(), value: value.into() }))
    }

    /// `reserved:NAME`, a label that only Podwall gives.
    pub fn reserved(name: &str) -> Label {
        Label::new(Source::Reserved, name, "")
    }

    /// Where it stands in memory. While both are there, labels of one place are equal; equal ones
    /// may stand in two.
    pub fn place(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Deref for Label {
    type Target = LabelParts;

    fn deref(&self) -> &LabelParts {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.prefix(), self.key)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, "={}", self.value) }
    }
}

/// A sorted set of labels. Equal sets are one identity, whatever order they came in. A copy is
/// cheap: it shares the set until one of them changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[Label]>);

impl Default for Labels {
    fn default() -> Labels {
        Labels(Arc::new([]))
    }
}

impl Labels {
    /// The labels in order, as a list.
    pub fn as_slice(&self) -> &[Label] {
        &self.0
    }

    /// The labels in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Label> {
        self.0.iter()
    }

    /// The labels of two lists, each of them in order and without any twice.
    pub fn merged(these: &[Label], those: &[Label]) -> Labels {
        let mut merged = Vec::with_capacity(these.len() + those.len());
        let mut rest = those;
        for label in these {
            let smaller = rest.iter().take_while(|other| *other < label).count();
            merged.extend_from_slice(&rest[..smaller]);
            rest = &rest[smaller..];
            if rest.first() != Some(label) {
                merged.push(label.clone());
            }
        }
        merged.extend_from_slice(rest);
        debug_assert!(merged.is_sorted_by(|a, b| a < b), "both lists are in order");
        Labels(merged.into())
    }

    /// Adds one label; true if it was not there.
    pub fn insert(&mut self, label: Label) -> bool {
        let Err(at) = self.0.binary_search(&label) else { return false };
        let (before, after) = self.0.split_at(at);
        self.0 = before.iter().cloned().chain([label]).chain(after.iter().cloned()).collect();
        true
    }

    /// Whether exactly this label is in the set.
    pub fn contains(&self, label: &Label) -> bool {
        self.0.binary_search(label).is_ok()
    }

    /// The values under `key`, of one source or (with `None`) of any.
    pub fn values<'a>(
        &'a self,
        source: Option<Source>,
        key: &'a str,
    ) -> impl Iterator<Item = &'a str> + 'a {
        self.0
            .iter()
            .filter(move |label| label.key == key && source.is_none_or(|s| s == label.source))
            .map(|label| label.value.as_str())
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Labels {
        let mut labels: Vec<Label> = labels.into_iter().collect();
        labels.sort_unstable();
        labels.dedup();
        Labels(labels.into())
    }
}
