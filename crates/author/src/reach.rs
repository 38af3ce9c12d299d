//! Who can reach whom over what, under a set of policies: places of a world, and for two of them
//! the lanes that pass, taken from the tables that a node would load.
//!
//! The tables are compiled for every workload, as if all were on one node. The judge is the witness
//! in tests.

mod asked;
mod atlas;
pub(crate) mod imagined;
mod lanes;
mod named;

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{Address, Cidr, Direction, RuleId, Verdict, WorkloadName, World};
use podwall_policy::compile::{Compiled, CompiledClass, resolve_all};
use podwall_policy::identity::Identities;
use podwall_policy::judge;
use podwall_policy::options::Options;
use podwall_policy::rule::{Action, Policy};
use podwall_policy::table::{Decision, Half, IdentityNumber, Lane, Row, Step, Table};

pub use self::atlas::{Kind, Place};
pub use self::imagined::imagined;
pub use self::lanes::words;
pub use self::named::with_names;

/// A world as it is looked at here: every workload on one node, each with an address.
pub struct Ground {
    world: World,
    options: Options,
}

/// One set of policies over a ground, compiled.
pub struct View<'a> {
    policies: &'a [Policy],
    compiled: Compiled,
}

impl Ground {
    /// That of a world.
    pub fn new(world: &World, options: Options) -> Ground {
        Ground { world: atlas::at_one_node(world), options }
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Compiles a set of policies.
    pub fn view<'a>(&self, policies: &'a [Policy]) -> View<'a> {
        let mut identities = Identities::default();
        let compiled = resolve_all(policies, &self.world, &self.options, &mut identities);
        View { policies, compiled }
    }

    /// The places that some of these views can tell apart.
    pub fn places(&self, views: &[&View<'_>]) -> Vec<Place> {
        let ranges: BTreeSet<Cidr> = views.iter().flat_map(|view| view.ranges()).collect();
        atlas::places(&self.world, &ranges)
    }
}

/// Lanes of a pair of places, from the first to the last, of which the same is to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first lane.
    pub first: u32,
    /// The last one.
    pub last: u32,
    /// What becomes of its packets, both ends together.
    pub verdict: Verdict,
    /// The rules that decide, of the client's egress and of the server's ingress.
    pub rules: Vec<RuleId>,
    /// What the gate asks of requests there, in words; empty where they pass unread.
    pub requests: Vec<String>,
}

/// What one end says of a lane, by what enforces and by that and what is in detection.
#[derive(Clone, Copy)]
struct Voice<'t> {
    enforced: &'t Row,
    both: &'t Row,
}

impl<'a> View<'a> {
    /// The ranges and single addresses that its policies tell apart.
    fn ranges(&self) -> impl Iterator<Item = Cidr> {
        let resolved = &self.compiled.resolved;
        let single = resolved.addresses.keys().map(|address| Cidr::host(address.ip()));
        resolved.networks.keys().copied().chain(single)
    }

    /// The policies.
    pub fn policies(&self) -> &'a [Policy] {
        self.policies
    }

    /// What becomes of every lane from one place to another, in order and without gaps.
    pub fn spans(&self, classes: &Classes<'_>, from: &Place, to: &Place) -> Vec<Span> {
        let egress = self.voice(classes, from, to, Direction::Egress);
        let ingress = self.voice(classes, to, from, Direction::Ingress);
        let voices: Vec<Voice<'_>> = egress.into_iter().chain(ingress).collect();
        let mut firsts: Vec<u32> = voices
            .iter()
            .flat_map(|voice| voice.enforced.steps().iter().chain(voice.both.steps()))
            .map(|Step { first, .. }| first.0)
            .chain([0])
            .collect();
        firsts.sort_unstable();
        firsts.dedup();
        let ends = firsts[1..].iter().copied().chain([Lane::END]);
        let mut spans: Vec<Span> = Vec::new();
        for (first, end) in firsts.iter().zip(ends) {
            let span = span(&voices, *first, end - 1);
            match spans.last_mut() {
                Some(last) if last.is_like(&span) => {
                    last.last = span.last;
                }
                Some(_) | None => spans.push(span),
            }
        }
        spans
    }

    /// Whether some policy makes a place default-deny in a direction, in detection or not.
    pub fn is_isolated(&self, classes: &Classes<'_>, place: &Place, direction: Direction) -> bool {
        let class = place.workloads.first().and_then(|name| classes.0.get(name));
        class.is_some_and(|class| class.both.half(direction).isolated)
    }

    /// The class of each workload.
    pub fn classes(&self) -> Classes<'_> {
        let mut classes = BTreeMap::new();
        for class in self.compiled.classes.values() {
            classes.extend(class.workloads.iter().map(|name| (name, class)));
        }
        Classes(classes)
    }

    fn voice<'t>(
        &self,
        classes: &Classes<'t>,
        own: &Place,
        peer: &Place,
        direction: Direction,
    ) -> Option<Voice<'t>> {
        let class = *classes.0.get(own.workloads.first()?)?;
        let peer = self.identity(peer);
        let row = |table: &'t Table| row(table.half(direction), peer);
        Some(Voice { enforced: row(&class.enforce), both: row(&class.both) })
    }

    fn identity(&self, place: &Place) -> IdentityNumber {
        match place.address {
            Some(ip) => self.compiled.resolved.look_up(Address::from(ip)),
            None => IdentityNumber::HOST,
        }
    }
}

/// The class of each workload of a view.
pub struct Classes<'t>(BTreeMap<&'t WorkloadName, &'t CompiledClass>);

fn row(half: &Half, peer: IdentityNumber) -> &Row {
    half.rows.get(&peer).unwrap_or(&half.fallback)
}

fn span(voices: &[Voice<'_>], first: u32, last: u32) -> Span {
    let at = Lane(first);
    let all = |row: fn(&Voice<'_>, Lane) -> Action| {
        let stops = voices.iter().any(|voice| row(voice, at) == Action::Deny);
        if stops { Action::Deny } else { Action::Allow }
    };
    let enforced = all(|voice, at| voice.enforced.at(at).action);
    let both = all(|voice, at| voice.both.at(at).action);
    let verdict = judge::verdict(enforced, both);
    let told = |voice: &Voice<'_>| -> Decision {
        let (enforced, both) = (voice.enforced.at(at), voice.both.at(at));
        let decision = match verdict {
            Verdict::Forwarded if enforced.rule.is_some() => enforced,
            Verdict::Forwarded | Verdict::WouldDrop | Verdict::WouldAllow => both,
            Verdict::Dropped => enforced,
        };
        decision.clone()
    };
    let decisions: Vec<Decision> = voices.iter().map(told).collect();
    let rules = decisions.iter().filter_map(|one| one.rule.as_deref().cloned()).collect();
    let mut requests: Vec<String> =
        decisions.iter().filter_map(|one| one.sheet.as_deref()).flat_map(asked::asked).collect();
    requests.dedup();
    Span { first, last, verdict, rules, requests }
}

impl Span {
    /// Whether the same is said of both.
    fn is_like(&self, other: &Span) -> bool {
        (self.verdict, &self.rules, &self.requests)
            == (other.verdict, &other.rules, &other.requests)
    }
}
