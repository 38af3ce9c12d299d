//! The judge on requests: what the rules that let a packet pass say of what is asked in it.
//!
//! Every rule is a voice. A request passes if one of them is for it; a rule that asks nothing is
//! for every request, with the exceptions that Cilium's proxies make for names.

use podwall_model::{Reason, RuleId, Verdict};

use super::{Court, Judgement, Question, told, verdict};
use crate::demand::{Demand, GateProtocol, HttpRule, Requests};
use crate::end::End;
use crate::matching::{self, Opening, Packet};
use crate::mode::PolicySet;
use crate::names::{Name, Reading};
use crate::request::{Admission, Conversation, HttpRequest, KafkaRequest, Refusal, Request};
use crate::rule::{Action, Effect, Peers, Rule, Tier};

/// One rule that lets a packet pass, with what one item of it asks.
#[derive(Clone, Copy)]
struct Voice<'a> {
    /// `None`: the node's own way to its workloads.
    rule: Option<&'a Rule>,
    /// `None`: it asks nothing.
    demand: Option<&'a Demand>,
    opening: Opening,
}

/// All voices on one packet, in the order of ids.
pub(super) struct Hearing<'a>(Vec<Voice<'a>>);

/// What one set of policies says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling<'a> {
    /// What it says of the packets.
    pub packet: Judgement<'a>,
    /// What the gate reads; `None` where the connection does not go through it.
    pub gate: Option<GateProtocol>,
    /// What the gate does with the request; passes where it reads none.
    pub admission: Admission<'a>,
}

/// What both sets together say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRequest<'a> {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why its packets are, or would be, stopped. A request that the gate refuses is one that no
    /// rule allows.
    pub reason: Reason,
    /// The rule that is told.
    pub rule: Option<&'a RuleId>,
    /// What E says.
    pub enforced: Ruling<'a>,
    /// What E+D says.
    pub both: Ruling<'a>,
}

impl<'a> Ruling<'a> {
    /// Whether the request reaches the server.
    pub fn action(&self) -> Action {
        match (self.packet.action, self.admission.refusal) {
            (Action::Allow, None) => Action::Allow,
            (Action::Deny, _) | (Action::Allow, Some(_)) => Action::Deny,
        }
    }

    /// The rule that decides: of the gate, where that reads.
    pub fn rule_id(&self) -> Option<&'a RuleId> {
        match &self.gate {
            Some(_) => self.admission.rule,
            None => self.packet.rule_id(),
        }
    }

    fn reason(&self) -> Reason {
        match self.admission.refusal {
            Some(_) => Reason::DefaultDeny,
            None => self.packet.reason(),
        }
    }
}

impl<'a> Court<'a> {
    /// Judges a request by both sets.
    pub fn judge_request(
        &self,
        question: &Question<'_>,
        conversation: &Conversation,
    ) -> JudgedRequest<'a> {
        let enforced = self.judge_request_by(PolicySet::Enforced, question, conversation);
        let both = self.judge_request_by(PolicySet::Both, question, conversation);
        let told = match told(enforced.action(), enforced.rule_id(), both.action()) {
            PolicySet::Enforced => &enforced,
            PolicySet::Both => &both,
        };
        JudgedRequest {
            verdict: verdict(enforced.action(), both.action()),
            reason: told.reason(),
            rule: told.rule_id(),
            enforced,
            both,
        }
    }

    /// Judges a request by one set.
    pub fn judge_request_by(
        &self,
        set: PolicySet,
        question: &Question<'_>,
        conversation: &Conversation,
    ) -> Ruling<'a> {
        let packet = self.judge_by(set, question);
        let passes = Admission { refusal: None, rule: packet.rule_id(), headers: None };
        let is_normal = |rule: &Rule| rule.precedence.tier == Tier::Normal;
        if packet.action == Action::Deny || !packet.rule.is_some_and(is_normal) {
            return Ruling { packet, gate: None, admission: passes };
        }
        let end = End::of(question.subject, None, self.world, &self.options);
        let rules = self.rules(set, question.subject, &end, question.direction);
        let mut hearing = self.hear(&rules, &end, question.peer, question.packet);
        if self.exempts(question) {
            let own_way = Voice { rule: None, demand: None, opening: Opening::Everything };
            hearing.0.push(own_way);
        }
        let Some(protocol) = hearing.protocol() else {
            return Ruling { packet, gate: None, admission: passes };
        };
        let mut admission = hearing.admit(&protocol, conversation);
        // Where nothing isolates, whatever can be read may pass.
        if !packet.isolated && hearing.is_readable(&protocol, conversation) {
            admission.refusal = None;
        }
        Ruling { packet, gate: Some(protocol), admission }
    }

    /// The voices of the rules that let a packet pass.
    pub(super) fn hear(
        &self,
        rules: &[&'a Rule],
        end: &End,
        peer: &End,
        packet: Packet,
    ) -> Hearing<'a> {
        let fits = |rule: &&&Rule| {
            rule.effect == Effect::Allow
                && rule.precedence.tier == Tier::Normal
                && matching::fit(rule, end, peer, packet, self).whole()
        };
        let mut fitting: Vec<&'a Rule> = rules.iter().filter(fits).copied().collect();
        fitting.sort_by_key(|rule| &rule.id);
        let mut voices = Vec::new();
        for rule in fitting {
            let mut speak = |ports, demand: Option<&'a Demand>| {
                let asks = demand.filter(|demand| demand.protocol().is_some());
                for opening in matching::openings(rule, ports, (end, peer), packet) {
                    voices.push(Voice { rule: Some(rule), demand: asks, opening });
                }
            };
            if rule.demands.is_empty() {
                speak(&rule.ports, None);
            }
            for item in &rule.demands {
                speak(&item.ports, Some(&item.demand));
            }
        }
        Hearing(voices)
    }
}

impl<'a> Hearing<'a> {
    fn demands(&self) -> impl Iterator<Item = &'a Demand> {
        self.0.iter().filter_map(|voice| voice.demand)
    }

    /// What has to be read, the most of it.
    fn protocol(&self) -> Option<GateProtocol> {
        self.demands().filter_map(Demand::protocol).max()
    }

    fn terminates(&self) -> bool {
        self.demands().any(|demand| demand.terminating.is_some())
    }

    /// Whether two of them want different things read of one connection.
    pub(super) fn is_in_conflict(&self) -> bool {
        let above: Vec<GateProtocol> = self
            .demands()
            .filter_map(Demand::protocol)
            .filter(|protocol| *protocol != GateProtocol::Tls)
            .collect();
        let differ = above.windows(2).any(|pair| pair[0] != pair[1]);
        let names = self.demands().any(|demand| !demand.server_names.is_empty());
        let hidden = names && !above.is_empty() && !self.terminates();
        let contexts = |of: fn(&Demand) -> Option<&crate::demand::TlsContext>| {
            let given: Vec<_> = self.demands().filter_map(of).collect();
            given.windows(2).any(|pair| pair[0] != pair[1])
        };
        differ
            || hidden
            || contexts(|demand| demand.terminating.as_ref())
            || contexts(|demand| demand.originating.as_ref())
    }

    /// Whether the gate can read what the client says.
    fn is_readable(&self, protocol: &GateProtocol, conversation: &Conversation) -> bool {
        let speaks_tls = conversation.hello.is_some();
        let request = conversation.request.as_ref();
        let fits = match protocol {
            GateProtocol::Tls => return speaks_tls || !self.terminates(),
            GateProtocol::Http => matches!(request, Some(Request::Http(_))),
            GateProtocol::Dns => matches!(request, Some(Request::Dns(_))),
            GateProtocol::Kafka => matches!(request, Some(Request::Kafka(_))),
            GateProtocol::Custom(_) => matches!(request, Some(Request::Custom(_))),
        };
        fits && speaks_tls == self.terminates()
    }

    /// The voices that count, by what they say of names.
    fn counting(&self, protocol: &GateProtocol, conversation: &Conversation) -> Vec<Voice<'a>> {
        let name = conversation.hello.as_ref().map(|hello| hello.server_name.as_str());
        let counts = |voice: &&Voice<'a>| match voice.demand {
            Some(demand) if !demand.server_names.is_empty() => {
                name.is_some_and(|name| demand.server_names.iter().any(|one| one.matches(name)))
            }
            Some(_) | None if self.is_swallowed(voice) => false,
            Some(_) => true,
            // The proxy of DNS asks only rules of the very port.
            None if *protocol == GateProtocol::Dns => {
                matches!(voice.opening, Opening::Ports(first, last) if first == last)
            }
            None => true,
        };
        self.0.iter().filter(counts).copied().collect()
    }

    /// Whether another voice asks for a name on the same ports for a peer that both name: such
    /// rules are one, and it asks.
    fn is_swallowed(&self, voice: &Voice<'_>) -> bool {
        let Some(rule) = voice.rule else { return false };
        self.0.iter().any(|other| {
            other.demand.is_some_and(|demand| !demand.server_names.is_empty())
                && other.opening == voice.opening
                && other.rule.is_some_and(|other| shares_peer(&other.peers, &rule.peers))
        })
    }

    fn admit(&self, protocol: &GateProtocol, conversation: &Conversation) -> Admission<'a> {
        let refused = |refusal| Admission { refusal: Some(refusal), rule: None, headers: None };
        let passes = |voice: &Voice<'a>| Admission {
            refusal: None,
            rule: voice.rule.map(|rule| &rule.id),
            headers: None,
        };
        if !self.is_readable(protocol, conversation) {
            return refused(Refusal::Reset);
        }
        let voices = self.counting(protocol, conversation);
        if voices.is_empty() && *protocol != GateProtocol::Dns {
            return refused(Refusal::Reset);
        }
        let found = |found: Option<&Voice<'a>>, refusal| found.map_or(refused(refusal), passes);
        match &conversation.request {
            _ if *protocol == GateProtocol::Tls => found(voices.first(), Refusal::Reset),
            Some(Request::Http(request)) => admit_http(&voices, request),
            Some(Request::Dns(name)) => {
                found(voices.iter().find(|voice| allows_name(voice, name)), Refusal::Refused)
            }
            Some(Request::Kafka(request)) => {
                found(admit_kafka(&voices, request), Refusal::TopicDenied)
            }
            Some(Request::Custom(fields)) => {
                let has_all = |voice: &&Voice<'_>| {
                    voice.demand.is_none_or(|demand| demand.requests.has_fields(fields))
                };
                found(voices.iter().find(has_all), Refusal::Reset)
            }
            None => refused(Refusal::Reset),
        }
    }
}

fn shares_peer(one: &Peers, other: &Peers) -> bool {
    match (one, other) {
        (Peers::Anyone, Peers::Anyone) => true,
        (Peers::AnyOf(one), Peers::AnyOf(other)) => one.iter().any(|peer| other.contains(peer)),
        (Peers::Anyone, Peers::AnyOf(_)) | (Peers::AnyOf(_), Peers::Anyone) => false,
    }
}

/// The rules of a voice; `None` if it is for every request.
fn http_rules<'a>(voice: &Voice<'a>) -> Option<&'a [HttpRule]> {
    match voice.demand.map(|demand| &demand.requests) {
        Some(Requests::Http(rules)) => Some(rules),
        Some(_) | None => None,
    }
}

/// All rules are asked, so that each does what it says of headers.
fn admit_http<'a>(voices: &[Voice<'a>], request: &HttpRequest) -> Admission<'a> {
    let mut headers = request.headers.clone();
    let mut first: Option<&Voice<'a>> = None;
    for voice in voices {
        let Some(rules) = http_rules(voice) else {
            first = first.or(Some(voice));
            continue;
        };
        for rule in rules {
            if rule.fits(request, &headers) && rule.act(&mut headers) {
                first = first.or(Some(voice));
            }
        }
    }
    Admission {
        refusal: if first.is_some() { None } else { Some(Refusal::Forbidden) },
        rule: first.and_then(|voice| voice.rule).map(|rule| &rule.id),
        headers: (headers != request.headers).then_some(headers),
    }
}

fn allows_name(voice: &Voice<'_>, name: &Name) -> bool {
    match voice.demand.map(|demand| &demand.requests) {
        Some(Requests::Dns(patterns)) => {
            patterns.iter().any(|pattern| pattern.matches(name, Reading::Query))
        }
        Some(_) | None => true,
    }
}

/// The first voice that covers all topics, or the first of those that cover them together.
fn admit_kafka<'v, 'a>(voices: &'v [Voice<'a>], request: &KafkaRequest) -> Option<&'v Voice<'a>> {
    let mut left: Vec<&String> = request.topics.iter().collect();
    let mut first: Option<&Voice<'a>> = None;
    for voice in voices {
        let Some(Requests::Kafka(rules)) = voice.demand.map(|demand| &demand.requests) else {
            return Some(voice);
        };
        for rule in rules.iter().filter(|rule| rule.fits(request)) {
            let Some(topic) = rule.topic.as_ref().filter(|_| !request.topics.is_empty()) else {
                return Some(voice);
            };
            if left.contains(&topic) {
                first = first.or(Some(voice));
                left.retain(|one| *one != topic);
            }
            if left.is_empty() {
                return first;
            }
        }
    }
    None
}
