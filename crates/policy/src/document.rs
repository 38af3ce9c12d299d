//! From a file's text to policies and findings: the first stop of every document.
//!
//! A document with an error is refused as a whole; the others of the file are used. Reading never
//! stops at the first error, and nothing that is not understood is passed over.

use std::collections::{BTreeMap, HashSet};

use podwall_model::{Mode, PolicyId, PolicyKind};

use crate::cidr_group;
use crate::cnp::{self, Place};
use crate::diagnostic::{Code, Diagnostic, Findings, Span, shown};
use crate::fields::{self, Fields};
use crate::knp;
use crate::rule::{Policy, Rule};
use crate::scope::Dialect;
use crate::tiered;
use crate::yaml::{self, Node, Tree, Value};

/// The annotation that holds a policy's own mode.
pub const MODE_ANNOTATION: &str = "podwall.io/mode";
/// What our annotations begin with.
const OUR_ANNOTATIONS: &str = "podwall.io/";
/// The namespace of a document that names none, as `kubectl` has it.
const DEFAULT_NAMESPACE: &str = "default";

/// Fields of `metadata` that say nothing about traffic.
const OTHER_METADATA: [&str; 12] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "selfLink",
    "clusterName",
];

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The policies that may be used, in the order of the file.
    pub policies: Vec<Policy>,
    /// What is to be said, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Its documents, used or refused, in the order of the file.
    pub documents: Vec<Document>,
}

/// One document of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Whose document it is, as far as it could be read.
    pub id: Option<PolicyId>,
    /// Where it begins.
    pub span: Span,
    /// Whether it is used. A refused document has an error among the diagnostics.
    pub accepted: bool,
}

/// Checks the text of a file. The name of the file stands in what is said about it.
pub fn check(text: &str, file: &str) -> Checked {
    check_as(text, file, &Dialect::default())
}

/// Checks the text of a file in another dialect than the default.
pub fn check_as(text: &str, file: &str, dialect: &Dialect) -> Checked {
    let mut findings = Findings::of(file);
    let trees = yaml::read(text, &mut findings);
    let mut checked = Checked::default();
    let mut seen = HashSet::new();
    for Tree { span, root, errors } in trees {
        let before = findings.errors();
        let read = match &root {
            Some(root) if root.is_null() => continue,
            Some(root) => read_document(root, dialect, &mut seen, &mut findings),
            None => (None, None),
        };
        let (id, policy) = read;
        let accepted = errors == 0 && findings.errors() == before && policy.is_some();
        checked.policies.extend(policy.filter(|_| accepted));
        checked.documents.push(Document { id, span, accepted });
    }
    checked.diagnostics = findings.into_sorted();
    checked
}

fn read_document(
    root: &Node,
    dialect: &Dialect,
    seen: &mut HashSet<PolicyId>,
    findings: &mut Findings,
) -> (Option<PolicyId>, Option<Policy>) {
    let Some(mut fields) = Fields::of(root, findings) else { return (None, None) };
    let Some(kind) = read_kind(&mut fields, findings) else { return (None, None) };
    let metadata = read_metadata(&mut fields, kind, findings);
    fields.ignore(&["status"]);
    let spec = fields.take("spec");
    let specs = if has_specs(kind) { fields.take("specs") } else { None };
    let span = fields.span;
    fields.finish(findings);
    // Without a name the rest is still read, for what is to be said about it.
    let (named, mode, labels) = match metadata {
        Some(Metadata { id, mode, labels }) => (Some(id), mode, labels),
        None => (None, None, BTreeMap::new()),
    };
    let id = named.clone().unwrap_or_else(|| unnamed(kind));
    let mut rules = read_specs(&id, (spec, specs), span, dialect, findings);
    rules.sort_by(|one, other| one.id.cmp(&other.id));
    let group = match (kind, spec) {
        (PolicyKind::CiliumCIDRGroup, Some(spec)) => {
            cidr_group::read(spec, &id.name, labels, findings)
        }
        (_, _) => None,
    };
    if let Some(id) = &named
        && !seen.insert(id.clone())
    {
        let help = "one of the two has to go, or to take another name";
        findings.error_with(
            Code::DUPLICATE_POLICY,
            span,
            format!("the same policy stands twice: `{id}`"),
            help,
        );
    }
    (named.clone(), named.map(|id| Policy { id, mode, rules, group }))
}

/// Whether a document of this kind may hold several specs.
fn has_specs(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::CiliumNetworkPolicy | PolicyKind::CiliumClusterwideNetworkPolicy)
}

fn unnamed(kind: PolicyKind) -> PolicyId {
    let namespace = kind.is_namespaced().then(|| DEFAULT_NAMESPACE.to_owned());
    PolicyId { kind, namespace, name: String::new() }
}

fn read_specs(
    id: &PolicyId,
    (spec, specs): (Option<&Node>, Option<&Node>),
    span: Span,
    dialect: &Dialect,
    findings: &mut Findings,
) -> Vec<Rule> {
    let place = |spec| Place { policy: id, spec, dialect };
    let specs = specs.and_then(|node| fields::items(node, findings)).unwrap_or_default();
    if spec.is_none() && specs.is_empty() {
        let message = if has_specs(id.kind) {
            format!("Invalid {} spec(s): empty policy", id.kind.name())
        } else {
            "`spec` is missing".to_owned()
        };
        findings.error(Code::EMPTY, span, message);
    }
    let mut rules = Vec::new();
    if let Some(node) = spec {
        let place = place(None);
        rules.extend(match id.kind {
            PolicyKind::NetworkPolicy => knp::read(node, &place, findings),
            PolicyKind::CiliumNetworkPolicy | PolicyKind::CiliumClusterwideNetworkPolicy => {
                cnp::read(node, &place, findings)
            }
            PolicyKind::ClusterNetworkPolicy
            | PolicyKind::AdminNetworkPolicy
            | PolicyKind::BaselineAdminNetworkPolicy => tiered::read(node, &place, findings),
            PolicyKind::CiliumCIDRGroup => Vec::new(),
        });
    }
    for (index, node) in specs.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        rules.extend(cnp::read(node, &place(Some(index)), findings));
    }
    rules
}

fn read_kind(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<PolicyKind> {
    let version = fields.take("apiVersion");
    let kind = fields.take("kind");
    let (Some(version), Some(kind)) = (version, kind) else {
        let message = "`apiVersion` and `kind` are both needed";
        findings.error(Code::MISSING, fields.span, message);
        return None;
    };
    let (version_text, kind_text) =
        (fields::text(version, findings)?, fields::text(kind, findings)?);
    let Some(known) = PolicyKind::from_name(kind_text) else {
        let names = PolicyKind::ALL.map(PolicyKind::name);
        let help = match fields::nearest(kind_text, &names) {
            Some(near) => format!("the nearest known kind is `{near}`"),
            None => format!("policies are {}", names.join(", ")),
        };
        let message = format!("not a kind of policy: `{}`", shown(kind_text));
        findings.error_with(Code::KIND, kind.span, message, help);
        return None;
    };
    if !known.versions().contains(&version_text) {
        let message = format!("not a version of {kind_text}: `{}`", shown(version_text));
        let help = format!("write {}", known.versions()[0]);
        findings.error_with(Code::KIND, version.span, message, help);
        return None;
    }
    Some(known)
}

struct Metadata {
    id: PolicyId,
    mode: Option<Mode>,
    labels: BTreeMap<String, String>,
}

fn read_metadata(
    fields: &mut Fields<'_>,
    kind: PolicyKind,
    findings: &mut Findings,
) -> Option<Metadata> {
    let Some(node) = fields.take("metadata") else {
        findings.error(Code::MISSING, fields.span, "`metadata` with a `name` is needed");
        return None;
    };
    let mut inner = Fields::of(node, findings)?;
    let name = inner.take("name");
    let namespace = inner.take("namespace");
    let annotations = inner.take("annotations");
    let labels = inner.take("labels");
    inner.ignore(&OTHER_METADATA);
    inner.finish(findings);
    let mode = annotations.and_then(|node| read_mode(node, findings));
    // Labels of groups are what others find them by; those of policies say nothing about traffic.
    let labels = match (kind, labels) {
        (PolicyKind::CiliumCIDRGroup, Some(node)) => cidr_group::read_labels(node, findings)?,
        (_, _) => BTreeMap::new(),
    };
    let namespace = match (kind.is_namespaced(), namespace) {
        (false, None) => None,
        (false, Some(node)) => {
            let message = "a cluster-wide policy has no namespace";
            findings.error_with(Code::NAME, node.span, message, "take `namespace` away");
            return None;
        }
        (true, None) => Some(DEFAULT_NAMESPACE.to_owned()),
        (true, Some(node)) => Some(read_name(node, 63, findings)?),
    };
    let Some(name) = name else {
        findings.error(Code::MISSING, node.span, "`metadata` needs a `name`");
        return None;
    };
    let id = PolicyId { kind, namespace, name: read_name(name, 253, findings)? };
    Some(Metadata { id, mode, labels })
}

/// A name as Kubernetes takes it (RFC 1123): a label of up to 63, or a subdomain of up to 253.
pub(crate) fn read_name(node: &Node, most: usize, findings: &mut Findings) -> Option<String> {
    let text = fields::text(node, findings)?;
    let dots = most > 63;
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let fits = text.len() <= most && if dots { text.split('.').all(part) } else { part(text) };
    if fits {
        return Some(text.to_owned());
    }
    findings.error_with(
        Code::NAME,
        node.span,
        format!("not a name: `{}`", shown(text)),
        format!("up to {most} lower-case letters, digits and dashes"),
    );
    None
}

fn read_mode(annotations: &Node, findings: &mut Findings) -> Option<Mode> {
    let Value::Map { entries, .. } = &annotations.value else {
        let _ = Fields::of(annotations, findings);
        return None;
    };
    let mut mode = None;
    for (key, value) in entries {
        if key.text == MODE_ANNOTATION {
            // `off` is a word here, whatever YAML 1.1 took it for.
            let word = match &value.value {
                Value::Scalar { text, .. } => text.as_str(),
                Value::List(_) | Value::Map { .. } => "",
            };
            match word.parse::<Mode>() {
                Ok(word) => mode = Some(word),
                Err(_) => findings.error_with(
                    Code::ANNOTATION,
                    value.span,
                    format!("not a mode: `{}`", shown(word)),
                    "write `detect`, `enforce` or `off`",
                ),
            }
        } else if key.text.starts_with(OUR_ANNOTATIONS) {
            findings.error_with(
                Code::ANNOTATION,
                key.span,
                format!("unknown annotation: `{}`", shown(&key.text)),
                format!("the one that is known is `{MODE_ANNOTATION}`"),
            );
        }
    }
    mode
}
