//! The map: who can reach whom over what, under one set of policies.
//!
//! What is open only because no policy speaks of either end is not drawn as links between all and
//! all; the places say of themselves that nothing isolates them.

mod diagram;
mod grid;
mod layout;
mod svg;

use podwall_model::{Direction, RuleId, Verdict, World};
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;
use podwall_policy::table::Lane;

use crate::reach::{Ground, Kind, Place, Span, words};

pub use self::diagram::{dot, mermaid};
pub use self::svg::svg;

/// Who can reach whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The places, workloads first.
    pub places: Vec<Mapped>,
    /// What passes between them, by the order of places.
    pub links: Vec<Link>,
}

/// A place of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The place.
    pub place: Place,
    /// Whether a policy makes what comes in default-deny.
    pub isolated_in: bool,
    /// Whether a policy makes what goes out default-deny.
    pub isolated_out: bool,
}

/// What passes from one place to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The client, by its position.
    pub from: usize,
    /// The server.
    pub to: usize,
    /// What passes, or would.
    pub passages: Vec<Passage>,
}

/// Protocols and ports of a link of which the same is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// In words, such as `5432/TCP`.
    pub lanes: Vec<String>,
    /// What becomes of them; never [`Verdict::Dropped`].
    pub verdict: Verdict,
    /// The rules that let them pass, or would.
    pub rules: Vec<RuleId>,
    /// What is asked of requests, in words; empty where they pass unread.
    pub requests: Vec<String>,
}

impl Passage {
    /// What is asked of requests, in brackets; `None` where they pass unread.
    fn asked(&self) -> Option<String> {
        (!self.requests.is_empty()).then(|| format!("[{}]", self.requests.join("; ")))
    }
}

impl Map {
    /// The map of a world under these policies.
    pub fn of(policies: &[Policy], world: &World, options: Options) -> Map {
        let ground = Ground::new(world, options);
        let view = ground.view(policies);
        let classes = view.classes();
        let places: Vec<Mapped> = ground
            .places(&[&view])
            .into_iter()
            .map(|place| Mapped {
                isolated_in: view.is_isolated(&classes, &place, Direction::Ingress),
                isolated_out: view.is_isolated(&classes, &place, Direction::Egress),
                place,
            })
            .collect();
        let mut links = Vec::new();
        for (from, client) in places.iter().enumerate() {
            for (to, server) in places.iter().enumerate() {
                if !is_link(client, server, from == to) {
                    continue;
                }
                let passages = passages(&view.spans(&classes, &client.place, &server.place));
                if !passages.is_empty() {
                    links.push(Link { from, to, passages });
                }
            }
        }
        Map { places, links }
    }

    /// The same map with only the places that a word is part of the names of, and whom they reach
    /// or are reached by.
    pub fn around(&self, word: &str) -> Map {
        let meant = |at: usize| self.places[at].place.name.contains(word);
        let links: Vec<Link> =
            self.links.iter().filter(|link| meant(link.from) || meant(link.to)).cloned().collect();
        let kept: Vec<usize> = (0..self.places.len())
            .filter(|at| meant(*at) || links.iter().any(|link| link.from == *at || link.to == *at))
            .collect();
        let position = |at: usize| kept.iter().position(|kept| *kept == at).unwrap_or_default();
        Map {
            places: kept.iter().map(|at| self.places[*at].clone()).collect(),
            links: links
                .into_iter()
                .map(|link| Link { from: position(link.from), to: position(link.to), ..link })
                .collect(),
        }
    }

    /// As lines for people: links, then what nothing isolates.
    pub fn text(&self) -> String {
        let name = |at: usize| self.places[at].place.name.as_str();
        let width = self.links.iter().map(|link| name(link.from).len()).max().unwrap_or_default();
        let arrow = self.links.iter().map(|link| name(link.to).len()).max().unwrap_or_default();
        let mut text = String::new();
        for link in &self.links {
            for passage in &link.passages {
                let (from, to) = (name(link.from), name(link.to));
                let lanes = passage.lanes.join(", ");
                let note = note(passage.verdict);
                let asked = passage.asked().map_or(String::new(), |asked| format!("  {asked}"));
                text += &format!("{from:width$} -> {to:arrow$}  {lanes}{asked}{note}\n");
            }
        }
        for (what, list) in [
            ("anyone may reach", self.open(|mapped| mapped.isolated_in)),
            ("may reach anyone", self.open(|mapped| mapped.isolated_out)),
        ] {
            if !list.is_empty() {
                text += &format!("\nnot isolated, {what}: {}\n", list.join(", "));
            }
        }
        text
    }

    /// The workloads that are not isolated in a direction.
    fn open(&self, isolated: fn(&Mapped) -> bool) -> Vec<&str> {
        let workloads = self.places.iter().filter(|mapped| mapped.place.kind == Kind::Workloads);
        workloads.filter(|mapped| !isolated(mapped)).map(|m| m.place.name.as_str()).collect()
    }
}

/// What passes of a pair. Where everything does, whichever rules let it, that is all there is to
/// say.
fn passages(spans: &[Span]) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let first = spans.first().map(|span| span.verdict);
    let alike = spans.iter().all(|span| Some(span.verdict) == first);
    for span in spans.iter().filter(|span| span.verdict != Verdict::Dropped) {
        let lanes = words(span.first, span.last);
        let same = |known: &&mut Passage| {
            known.verdict == span.verdict
                && known.requests == span.requests
                && (alike || known.rules == span.rules)
        };
        match passages.iter_mut().find(same) {
            Some(known) => {
                known.lanes.extend(lanes);
                let new = span.rules.iter().filter(|rule| !known.rules.contains(rule));
                let new: Vec<RuleId> = new.cloned().collect();
                known.rules.extend(new);
            }
            None => {
                let (rules, requests) = (span.rules.clone(), span.requests.clone());
                passages.push(Passage { lanes, verdict: span.verdict, rules, requests });
            }
        }
    }
    if let (true, [whole]) = (alike, passages.as_mut_slice()) {
        whole.lanes = words(0, Lane::END - 1);
    }
    passages
}

/// Whether what passes between two places is worth a link: a policy speaks of one of the ends.
fn is_link(client: &Mapped, server: &Mapped, same: bool) -> bool {
    let alone = same && client.place.workloads.len() < 2;
    let ours = |mapped: &Mapped| mapped.place.kind == Kind::Workloads;
    !alone && (ours(client) || ours(server)) && (client.isolated_out || server.isolated_in)
}

/// What is to be added where a passage is not simply open.
fn note(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Forwarded | Verdict::Dropped => "",
        Verdict::WouldDrop => "  (would drop)",
        Verdict::WouldAllow => "  (dropped, would allow)",
    }
}
