//! Why a packet is judged as it is: each direction, the rule that decides, and for a default deny
//! the rules that came nearest, each with the part that did not fit.

use podwall_model::{Direction, Reason, RuleId, Verdict, WorkloadName};

use crate::end::End;
use crate::judge::{Court, Judged, Question, told};
use crate::matching::{self, Fit, Packet};
use crate::mode::PolicySet;
use crate::rule::{Action, Effect, Rule};
use crate::sentence::{self, sentence};

/// The most nearest rules that are told.
pub const NEAREST: usize = 3;

/// An answer to "why".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What becomes of it, both ends together: the first that refuses counts, egress first.
    pub verdict: Verdict,
    /// One sentence.
    pub summary: String,
    /// Each end that is a workload of ours, egress of the client first.
    pub directions: Vec<ExplainedDirection>,
    /// What to change so that it would be otherwise, where there is something.
    pub change: Option<String>,
}

/// What one end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedDirection {
    /// The workload that judges.
    pub workload: WorkloadName,
    /// Out of it or into it.
    pub direction: Direction,
    /// What becomes of the packet there.
    pub verdict: Verdict,
    /// Why it is, or would be, stopped.
    pub reason: Reason,
    /// The rule that decides.
    pub rule: Option<RuleId>,
    /// The chain of reasons.
    pub sentences: Vec<String>,
    /// For a default deny, the rules that came nearest.
    pub nearest: Vec<Nearest>,
}

/// A rule that would have allowed it, but for some part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// The rule.
    pub rule: RuleId,
    /// Which parts fit.
    pub fit: Fit,
    /// What it wants where it does not fit, in words.
    pub why: String,
}

/// Explains one packet from its client to its server.
pub fn explain(court: &Court<'_>, from: &End, to: &End, packet: Packet) -> Explanation {
    let ends = [(Direction::Egress, from, to), (Direction::Ingress, to, from)];
    let directions: Vec<ExplainedDirection> = ends
        .into_iter()
        .filter_map(|(direction, own, peer)| explain_at(court, direction, own, peer, packet))
        .collect();
    let decisive = decisive(&directions);
    let verdict = decisive.map_or(Verdict::Forwarded, |direction| direction.verdict);
    Explanation {
        verdict,
        summary: summary(decisive, from, to, packet),
        change: decisive.and_then(|direction| change(direction, from, to, packet)),
        directions,
    }
}

/// The direction that settles it: the first that drops, else the first that would, else the first
/// in which a rule is about it.
fn decisive(directions: &[ExplainedDirection]) -> Option<&ExplainedDirection> {
    directions
        .iter()
        .find(|direction| !direction.verdict.passed())
        .or_else(|| directions.iter().find(|d| d.verdict == Verdict::WouldDrop))
        .or_else(|| directions.iter().find(|d| d.rule.is_some()))
        .or(directions.first())
}

fn explain_at(
    court: &Court<'_>,
    direction: Direction,
    own: &End,
    peer: &End,
    packet: Packet,
) -> Option<ExplainedDirection> {
    let subject = court.world.workload(own.workload.as_ref()?)?;
    let question = Question { subject, direction, peer, packet };
    let judged = court.judge(&question);
    let set = told(judged.enforced.action, judged.enforced.rule_id(), judged.both.action);
    let nearest = if judged.reason == Reason::DefaultDeny {
        nearest(court, set, &question)
    } else {
        Vec::new()
    };
    Some(ExplainedDirection {
        workload: subject.name.clone(),
        direction,
        verdict: judged.verdict,
        reason: judged.reason,
        rule: judged.rule.cloned(),
        sentences: sentences(&judged, direction, &nearest),
        nearest,
    })
}

/// The allow rules that fail in the fewest parts, first in the order of ids on ties.
pub fn nearest(court: &Court<'_>, set: PolicySet, question: &Question<'_>) -> Vec<Nearest> {
    let Question { subject, direction, peer, packet } = *question;
    let end = End::of(subject, None, court.world, &court.options);
    let mut found: Vec<(Fit, &Rule)> = court
        .rules(set, subject, &end, direction)
        .into_iter()
        .filter(|rule| rule.effect == Effect::Allow)
        .map(|rule| (matching::fit(rule, &end, peer, packet, court), rule))
        .collect();
    found.sort_by_key(|(fit, rule)| (fit.misses(), &rule.id));
    found
        .into_iter()
        .take(NEAREST)
        .map(|(fit, rule)| Nearest { rule: rule.id.clone(), fit, why: why(rule, fit) })
        .collect()
}

fn why(rule: &Rule, fit: Fit) -> String {
    let mut parts = Vec::new();
    if !fit.peer {
        parts.push(format!("it is about {}", sentence::peers(&rule.peers)));
    }
    match (fit.protocol, fit.port) {
        (true, true) => {}
        (false, _) => {
            parts.push(format!("it is about {}, another protocol", sentence::ports(&rule.ports)))
        }
        (true, false) => {
            parts.push(format!("it is about {}, another port", sentence::ports(&rule.ports)))
        }
    }
    parts.join(", and ")
}

fn sentences(judged: &Judged<'_>, direction: Direction, nearest: &[Nearest]) -> Vec<String> {
    let mut sentences = Vec::new();
    let told = told(judged.enforced.action, judged.enforced.rule_id(), judged.both.action);
    let judgement = match told {
        PolicySet::Enforced => judged.enforced,
        PolicySet::Both => judged.both,
    };
    sentences.push(match (judgement.rule, judgement.action, judgement.isolated) {
        (Some(rule), Action::Allow, _) => format!("{} allows it: {}", rule.id, sentence(rule)),
        (Some(rule), Action::Deny, _) => format!("{} denies it: {}", rule.id, sentence(rule)),
        (None, Action::Deny, _) => {
            format!("{direction} is isolated, and no rule allows it (default deny)")
        }
        (None, Action::Allow, false) => format!("no policy isolates {direction}"),
        (None, Action::Allow, true) => {
            format!("no rule is about it, and the node may always reach its own workloads in {direction}")
        }
    });
    match judged.verdict {
        Verdict::Forwarded | Verdict::Dropped => {}
        Verdict::WouldDrop => {
            sentences.push(
                "the policies that enforce let it pass; what would drop it only detects".to_owned(),
            );
        }
        Verdict::WouldAllow => {
            sentences.push("with what is in detection enforced too, it would pass".to_owned());
        }
    }
    for near in nearest {
        sentences.push(format!("nearest: {}, but {}", near.rule, near.why));
    }
    sentences
}

fn summary(decisive: Option<&ExplainedDirection>, from: &End, to: &End, packet: Packet) -> String {
    let what = format!("{} from {} to {}", words(packet), name(from), name(to));
    let Some(direction) = decisive else {
        return format!(
            "{what}: neither end is a workload that is known here, so nothing is judged"
        );
    };
    let by = match (&direction.rule, direction.reason) {
        (Some(rule), _) => format!("by {rule}"),
        (None, Reason::DefaultDeny) => {
            format!(
                "because no rule of {} allows it in {}",
                direction.workload, direction.direction
            )
        }
        (None, _) => "because no policy isolates either end for it".to_owned(),
    };
    let becomes = match direction.verdict {
        Verdict::Forwarded => "is allowed",
        Verdict::WouldDrop => "passes, and would be dropped",
        Verdict::Dropped => "is dropped",
        Verdict::WouldAllow => "is dropped, and would pass with detection enforced,",
    };
    format!("{what} {becomes} {by}")
}

fn change(direction: &ExplainedDirection, from: &End, to: &End, packet: Packet) -> Option<String> {
    let (lists, peer) = match direction.direction {
        Direction::Egress => ("egress", name(to)),
        Direction::Ingress => ("ingress", name(from)),
    };
    match (direction.verdict, &direction.rule) {
        (Verdict::Forwarded, _) => None,
        (_, Some(rule)) => {
            Some(format!("a deny beats every allow: narrow {rule} or take it away to let it pass"))
        }
        (_, None) => Some(match direction.nearest.first() {
            Some(near) => format!(
                "widen {} or add an {lists} rule to {} for {} and {peer}",
                near.rule,
                direction.workload,
                words(packet)
            ),
            None => format!(
                "add an {lists} rule to {} for {} and {peer}",
                direction.workload,
                words(packet)
            ),
        }),
    }
}

fn words(packet: Packet) -> String {
    if packet.protocol.has_ports() {
        format!("{} {}", packet.protocol, packet.port)
    } else if packet.port != 0 || packet.protocol == podwall_model::Protocol::ICMP {
        format!("{} type {}", packet.protocol, packet.port)
    } else {
        format!("protocol {}", packet.protocol)
    }
}

fn name(end: &End) -> String {
    match (&end.workload, end.address) {
        (Some(workload), _) => workload.to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => {
            let labels: Vec<String> = end.labels.iter().map(|label| label.key.clone()).collect();
            labels.join(" and ")
        }
    }
}
