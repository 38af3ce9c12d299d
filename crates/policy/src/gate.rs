//! Sheets: what the gate asks of requests from one peer on one port, compiled.
//!
//! A sheet holds every rule that lets the peer's packets pass there, with what each asks, and an
//! index over it, so that a request costs the same however many rules there are. It is a value of
//! its own: the gate's process needs nothing else.

mod affix;
mod index;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use podwall_model::RuleId;

use self::index::{HttpIndex, Index};
use crate::demand::{Demand, GateProtocol, KafkaRule, Requests};
use crate::names::Name;
use crate::request::{Admission, Conversation, HttpRequest, KafkaRequest, Refusal, Request};

/// What is asked of one peer's requests on one port.
#[derive(Clone, Debug)]
pub struct Sheet {
    protocol: GateProtocol,
    default: Default,
    /// In the order of rules.
    members: Vec<Member>,
    /// Whether the gate ends the client's TLS.
    terminates: bool,
    /// Made when first asked.
    index: OnceLock<Arc<Index>>,
}

/// What becomes of a request that no rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Default {
    /// It is refused: some policy isolates the direction.
    Refuse,
    /// It passes.
    Pass,
}

/// One item of one rule.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The rule; `None`: the node's own way to its workloads.
    pub(crate) rule: Option<Arc<RuleId>>,
    /// Which item of the rule.
    pub(crate) item: u32,
    /// What it asks; `None`: nothing.
    pub(crate) demand: Option<Arc<Demand>>,
    pub(crate) reach: Reach,
}

/// How far an item counts that asks for no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reach {
    /// It stands on this very port.
    Port,
    /// It stands on a range, or on every port.
    Range,
    /// An item that asks for names stands on the same ports for the same peer, and speaks for it.
    Swallowed,
}

impl Member {
    /// Whether it is for every request that it hears of.
    fn is_for_all(&self) -> bool {
        self.demand.as_ref().is_none_or(|demand| demand.requests == Requests::Any)
    }

    fn names(&self) -> &[crate::demand::ServerName] {
        self.demand.as_ref().map_or(&[], |demand| &demand.server_names)
    }
}

impl Sheet {
    /// The sheet of these items, in the order of rules: `Ok(None)` if there is nothing to read.
    pub(crate) fn of(members: Vec<Member>, default: Default) -> Result<Option<Sheet>, Conflict> {
        let mut protocol: Option<GateProtocol> = None;
        let mut has_names = false;
        let (mut terminating, mut originating) = (None, None);
        for demand in members.iter().filter_map(|member| member.demand.as_ref()) {
            let Some(wanted) = demand.protocol() else { continue };
            has_names |= !demand.server_names.is_empty();
            protocol = match protocol.take() {
                None | Some(GateProtocol::Tls) => Some(wanted),
                Some(known) if wanted == GateProtocol::Tls || wanted == known => Some(known),
                Some(_) => return Err(Conflict),
            };
            for (known, context) in
                [(&mut terminating, &demand.terminating), (&mut originating, &demand.originating)]
            {
                match (&known, context) {
                    (Some(known), Some(context)) if known != context => return Err(Conflict),
                    (_, Some(context)) => *known = Some(context.clone()),
                    (_, None) => {}
                }
            }
        }
        let Some(protocol) = protocol else { return Ok(None) };
        let terminates = terminating.is_some();
        if has_names && protocol != GateProtocol::Tls && !terminates {
            return Err(Conflict);
        }
        Ok(Some(Sheet { protocol, default, members, terminates, index: OnceLock::new() }))
    }

    /// What the gate reads.
    pub fn protocol(&self) -> &GateProtocol {
        &self.protocol
    }

    /// What its rules ask, in their order; `None` asks nothing.
    pub fn demands(&self) -> impl Iterator<Item = Option<&Demand>> {
        self.members.iter().map(|member| member.demand.as_deref())
    }

    /// What the gate does with a request.
    pub fn admit(&self, conversation: &Conversation) -> Admission<'_> {
        let reset = Admission { refusal: Some(Refusal::Reset), rule: None, headers: None };
        if !self.can_read(conversation) {
            return reset;
        }
        let mut admission = self.ask(conversation).unwrap_or(reset);
        match self.default {
            Default::Refuse => {}
            Default::Pass => admission.refusal = None,
        }
        admission
    }

    fn can_read(&self, conversation: &Conversation) -> bool {
        let is_tls = conversation.hello.is_some();
        match (&self.protocol, &conversation.request) {
            (GateProtocol::Tls, _) => is_tls || !self.terminates,
            (GateProtocol::Http, Some(Request::Http(_)))
            | (GateProtocol::Dns, Some(Request::Dns(_)))
            | (GateProtocol::Kafka, Some(Request::Kafka(_)))
            | (GateProtocol::Custom(_), Some(Request::Custom(_))) => is_tls == self.terminates,
            (
                GateProtocol::Http
                | GateProtocol::Dns
                | GateProtocol::Kafka
                | GateProtocol::Custom(_),
                _,
            ) => false,
        }
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Arc::new(Index::new(&self.protocol, &self.members)))
    }

    /// `None`: no item hears of the connection at all.
    fn ask(&self, conversation: &Conversation) -> Option<Admission<'_>> {
        let name = conversation.hello.as_ref().map_or("", |hello| &hello.server_name);
        let hears = |at: usize| self.hears(at, name);
        let index = self.index();
        let for_all = index.for_all.iter().copied().find(|at| hears(*at as usize));
        let settled = |found: Option<u32>, refusal: Refusal| Admission {
            refusal: if found.is_some() { None } else { Some(refusal) },
            rule: found.and_then(|at| self.members[at as usize].rule.as_deref()),
            headers: None,
        };
        if self.protocol != GateProtocol::Dns && !(0..self.members.len()).any(hears) {
            return None;
        }
        Some(match (&self.protocol, &conversation.request) {
            (GateProtocol::Tls, _) => settled(for_all, Refusal::Reset),
            (GateProtocol::Http, Some(Request::Http(request))) => {
                let http = index.http.as_ref().expect("an index of the sheet's protocol");
                self.ask_http(http, request, for_all, hears)
            }
            (GateProtocol::Dns, Some(Request::Dns(asked))) => {
                settled(self.ask_dns(asked, for_all), Refusal::Refused)
            }
            (GateProtocol::Kafka, Some(Request::Kafka(request))) => {
                settled(self.ask_kafka(request, hears), Refusal::TopicDenied)
            }
            (GateProtocol::Custom(_), Some(Request::Custom(fields))) => {
                let mut members = (0u32..).zip(&self.members);
                let found = members.find(|(at, member)| {
                    hears(*at as usize)
                        && member.demand.as_ref().is_none_or(|d| d.requests.has_fields(fields))
                });
                settled(found.map(|(at, _)| at), Refusal::Reset)
            }
            (_, _) => settled(None, Refusal::Reset),
        })
    }

    /// Whether an item has a say on a connection.
    fn hears(&self, at: usize, name: &str) -> bool {
        let member = &self.members[at];
        let names = member.names();
        if !names.is_empty() {
            return names.iter().any(|one| one.matches(name));
        }
        match (member.reach, &self.protocol) {
            (Reach::Swallowed, _) => false,
            (Reach::Range, GateProtocol::Dns) => member.demand.is_some(),
            (Reach::Port | Reach::Range, _) => true,
        }
    }

    fn ask_http(
        &self,
        index: &HttpIndex,
        request: &HttpRequest,
        for_all: Option<u32>,
        hears: impl Fn(usize) -> bool,
    ) -> Admission<'_> {
        let mut found = for_all;
        let mut changed = None;
        let last = for_all.unwrap_or(u32::MAX);
        let mut acted = index.acts.then(|| request.headers.clone());
        index.each_candidate(request, |entry, rule| {
            let member = entry.member;
            // Only what acts has to be asked when an earlier one has spoken.
            if (acted.is_none() && member > found.unwrap_or(last)) || !hears(member as usize) {
                return;
            }
            let headers = acted.as_ref().unwrap_or(&request.headers);
            if !rule.has_headers(request, headers) {
                return;
            }
            let passes = match &mut acted {
                Some(headers) => rule.act(headers),
                None => true,
            };
            if passes {
                found = Some(found.map_or(member, |earlier| earlier.min(member)));
            }
        });
        if let Some(headers) = acted.filter(|headers| *headers != request.headers) {
            changed = Some(headers);
        }
        Admission {
            refusal: if found.is_some() { None } else { Some(Refusal::Forbidden) },
            rule: found.and_then(|at| self.members[at as usize].rule.as_deref()),
            headers: changed,
        }
    }

    fn ask_dns(&self, asked: &Name, for_all: Option<u32>) -> Option<u32> {
        let named = self.index().names.look_up(asked).into_iter().next();
        [named, for_all].into_iter().flatten().min()
    }

    fn ask_kafka(&self, request: &KafkaRequest, hears: impl Fn(usize) -> bool) -> Option<u32> {
        let mut uncovered: Vec<&str> = request.topics.iter().map(String::as_str).collect();
        let mut first = None;
        for (at, member) in (0u32..).zip(&self.members).filter(|(at, _)| hears(*at as usize)) {
            let rules: &[KafkaRule] = match member.demand.as_ref().map(|demand| &demand.requests) {
                Some(Requests::Kafka(rules)) => rules,
                Some(_) | None => return Some(at),
            };
            for rule in rules.iter().filter(|rule| rule.fits(request)) {
                match &rule.topic {
                    Some(topic) if !request.topics.is_empty() => {
                        let before = uncovered.len();
                        uncovered.retain(|one| *one != topic);
                        if uncovered.len() < before {
                            first = first.or(Some(at));
                        }
                        if uncovered.is_empty() {
                            return first;
                        }
                    }
                    Some(_) | None => return Some(at),
                }
            }
        }
        None
    }

    /// What tells two sheets apart: ids carry a hash of what the rules say.
    fn key(&self) -> impl Iterator<Item = (Option<&RuleId>, u32, Reach)> {
        self.members.iter().map(|member| (member.rule.as_deref(), member.item, member.reach))
    }
}

/// Items that want different things read of one connection: none of it may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

impl PartialEq for Sheet {
    fn eq(&self, other: &Sheet) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sheet {}

impl PartialOrd for Sheet {
    fn partial_cmp(&self, other: &Sheet) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sheet {
    fn cmp(&self, other: &Sheet) -> Ordering {
        self.default.cmp(&other.default).then_with(|| self.key().cmp(other.key()))
    }
}

impl Hash for Sheet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.default.hash(state);
        self.key().for_each(|part| part.hash(state));
    }
}
