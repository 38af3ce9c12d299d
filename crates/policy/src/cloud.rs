//! Groups of a cloud's machines as peers (`fromGroups`, `toGroups`).
//!
//! Somebody who may ask the cloud has to turn them into ranges. Until then an allow means nobody,
//! and a deny is refused: it would let pass what it names (CVE-2025-64715 was the other way).

use podwall_model::Section;

use crate::diagnostic::{Code, Findings};
use crate::fields::{self, Fields};
use crate::rule::Peers;
use crate::yaml::{Node, Value};

/// Reads a list of groups.
pub(crate) fn read(node: &Node, section: Section, findings: &mut Findings) -> Option<Peers> {
    for item in fields::items(node, findings)? {
        let mut fields = Fields::of(item, findings)?;
        let aws = fields.take("aws");
        let span = fields.span;
        fields.finish(findings);
        match aws {
            Some(aws) => read_aws(aws, findings)?,
            None => findings.error(Code::MISSING, span, "a group needs its cloud: `aws`"),
        }
    }
    if fields::is_empty_list(node) {
        return Some(Peers::AnyOf(Vec::new()));
    }
    if section.deny {
        let message = "a deny cannot name groups of a cloud: nothing here can ask it for addresses";
        let help = "name the addresses in a CIDRSet";
        findings.error_with(Code::UNSUPPORTED, node.span, message, help);
        return None;
    }
    let message = "nothing here can ask the cloud for addresses: the groups mean nobody";
    findings.warn(Code::MATCHES_NOTHING, node.span, message, "name the addresses in a CIDRSet");
    Some(Peers::AnyOf(Vec::new()))
}

fn read_aws(node: &Node, findings: &mut Findings) -> Option<()> {
    let mut fields = Fields::of(node, findings)?;
    let labels = fields.take("labels");
    let lists = [fields.take("securityGroupsIds"), fields.take("securityGroupsNames")];
    let region = fields.take("region");
    fields.finish(findings);
    if let Some(Value::Map { entries, .. }) = labels.map(|node| &node.value) {
        entries.iter().try_for_each(|(_, value)| fields::text(value, findings).map(drop))?;
    } else if let Some(labels) = labels {
        Fields::of(labels, findings)?;
    }
    for list in lists.into_iter().flatten() {
        for item in fields::items(list, findings)? {
            fields::text(item, findings)?;
        }
    }
    region.map_or(Some(()), |node| fields::text(node, findings).map(drop))
}
