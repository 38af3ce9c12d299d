//! CiliumCIDRGroup: ranges under one name, for rules of other documents to refer to.

use std::collections::BTreeMap;

use podwall_model::CidrGroup;

use crate::diagnostic::{Code, Findings};
use crate::fields::{self, Fields};
use crate::peers;
use crate::yaml::{Node, Value};

/// Reads the spec of a group. A group without ranges is allowed, and covers nothing.
pub(crate) fn read(
    node: &Node,
    name: &str,
    labels: BTreeMap<String, String>,
    findings: &mut Findings,
) -> Option<CidrGroup> {
    let mut fields = Fields::of(node, findings)?;
    let ranges = fields.take("externalCIDRs");
    let span = fields.span;
    fields.finish(findings);
    let Some(ranges) = ranges else {
        findings.error(Code::MISSING, span, "`externalCIDRs` is needed in a CiliumCIDRGroup");
        return None;
    };
    let items = fields::items(ranges, findings)?;
    let mut cidrs: Vec<_> =
        items.iter().filter_map(|item| peers::read_cidr(item, findings)).collect();
    cidrs.sort();
    cidrs.dedup();
    Some(CidrGroup { name: name.to_owned(), labels, cidrs })
}

/// Reads the labels of a document.
pub(crate) fn read_labels(
    node: &Node,
    findings: &mut Findings,
) -> Option<BTreeMap<String, String>> {
    let Value::Map { entries, .. } = &node.value else {
        Fields::of(node, findings)?;
        return None;
    };
    let mut labels = BTreeMap::new();
    for (key, value) in entries {
        let text = if value.is_null() { "" } else { fields::text(value, findings)? };
        labels.insert(key.text.clone(), text.to_owned());
    }
    Some(labels)
}
