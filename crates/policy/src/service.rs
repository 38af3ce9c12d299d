//! Services as peers (`toServices`): by name, or by their labels.
//!
//! What stands behind a service is the world's to say. The ports of a service count for nothing:
//! policies speak of the ports of backends.

use crate::diagnostic::{Code, Findings};
use crate::fields::{self, Fields};
use crate::rule::{Peer, Which};
use crate::scope::Scope;
use crate::selector::{self, Keys};
use crate::yaml::Node;

/// Reads one item of `toServices`.
pub(crate) fn read(node: &Node, scope: &Scope<'_>, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let by_name = fields.take("k8sService");
    let by_labels = fields.take("k8sServiceSelector");
    let span = fields.span;
    fields.finish(findings);
    match (by_name, by_labels) {
        (Some(node), None) => read_named(node, scope, findings),
        (None, Some(node)) => read_labelled(node, scope, findings),
        (None, None) => {
            let message = "one of k8sService and k8sServiceSelector is needed";
            findings.error(Code::MISSING, span, message);
            None
        }
        (Some(_), Some(_)) => {
            let message = "only one of k8sService and k8sServiceSelector may be set";
            let help = "write two items: items are alternatives";
            findings.error_with(Code::COMBINING, span, message, help);
            None
        }
    }
}

fn read_named(node: &Node, scope: &Scope<'_>, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let name = fields.take("serviceName");
    let namespace = fields.take("namespace");
    let span = fields.span;
    fields.finish(findings);
    let namespace = read_namespace(namespace, findings)?;
    match name.map(|node| fields::text(node, findings)) {
        Some(Some(name)) if !name.is_empty() => {
            let which = Which::Named(name.to_owned());
            Some(Peer::Service { which, namespace, cluster: scope.cluster() })
        }
        Some(None) => None,
        Some(Some(_)) | None => {
            findings.error(Code::MISSING, span, "`serviceName` is needed in a k8sService");
            None
        }
    }
}

fn read_labelled(node: &Node, scope: &Scope<'_>, findings: &mut Findings) -> Option<Peer> {
    let mut fields = Fields::of(node, findings)?;
    let labels = fields.take("selector");
    let namespace = fields.take("namespace");
    let span = fields.span;
    fields.finish(findings);
    let namespace = read_namespace(namespace, findings)?;
    let Some(labels) = labels else {
        findings.error(Code::MISSING, span, "`selector` is needed in a k8sServiceSelector");
        return None;
    };
    let selector = selector::read(labels, Keys::Sourced, findings)?;
    let which = Which::Labelled(selector);
    Some(Peer::Service { which, namespace, cluster: scope.cluster() })
}

/// The namespace that services are looked for in; empty means any, as absent does.
fn read_namespace(node: Option<&Node>, findings: &mut Findings) -> Option<Option<String>> {
    match node {
        None => Some(None),
        Some(node) => {
            let text = match &node.value {
                crate::yaml::Value::Scalar { text, .. } if text.is_empty() => "",
                _ => fields::text(node, findings)?,
            };
            Some((!text.is_empty()).then(|| text.to_owned()))
        }
    }
}
