//! The index of a sheet: from a request to the few rules that can be about it.
//!
//! An expression is found by the texts that it matches, by how they begin, or by how they end;
//! what has none of these is asked together, many in one automaton.

use std::collections::HashMap;

use super::Member;
use super::affix::{Affixes, Side};
use crate::demand::{Demand, GateProtocol, HttpRule, Requests};
use crate::names::{PatternIndex, Reading};
use crate::re2::{Engine, Pattern};
use crate::request::HttpRequest;

/// What a request is looked up in.
#[derive(Debug)]
pub(super) struct Index {
    /// Items for every request that they hear of, in order.
    pub(super) for_all: Vec<u32>,
    /// Names that may be asked for, with their items.
    pub(super) names: PatternIndex<u32>,
    pub(super) http: Option<HttpIndex>,
}

impl Index {
    pub(super) fn new(protocol: &GateProtocol, members: &[Member]) -> Index {
        let mut for_all = Vec::new();
        let mut names = PatternIndex::new(Reading::Query);
        let mut rules: Vec<(u32, &HttpRule)> = Vec::new();
        for (at, member) in (0u32..).zip(members) {
            if member.is_for_all() {
                for_all.push(at);
            }
            match member.demand.as_deref() {
                Some(Demand { requests: Requests::Dns(patterns), .. }) => {
                    patterns.iter().for_each(|pattern| names.add(pattern, at));
                }
                Some(Demand { requests: Requests::Http(list), .. }) => {
                    rules.extend(list.iter().map(|rule| (at, rule)));
                }
                Some(_) | None => {}
            }
        }
        let http = (*protocol == GateProtocol::Http).then(|| HttpIndex::new(&rules));
        Index { for_all, names, http }
    }
}

/// One HTTP rule of a sheet.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) member: u32,
    rule: HttpRule,
}

/// HTTP rules by what their path, or else their host, looks like.
#[derive(Debug)]
pub(super) struct HttpIndex {
    /// In the order of rules.
    entries: Vec<Entry>,
    paths: Texts,
    hosts: Texts,
    /// Rules without a path and a host.
    others: Vec<u32>,
    /// Whether some rule acts on headers.
    pub(super) acts: bool,
}

impl HttpIndex {
    fn new(rules: &[(u32, &HttpRule)]) -> HttpIndex {
        let entries: Vec<Entry> = rules
            .iter()
            .map(|(member, rule)| Entry { member: *member, rule: (*rule).clone() })
            .collect();
        let mut paths = Vec::new();
        let mut hosts = Vec::new();
        let mut others = Vec::new();
        for (at, entry) in (0u32..).zip(&entries) {
            match (&entry.rule.path, &entry.rule.host) {
                (Some(path), _) => paths.push((path, at)),
                (None, Some(host)) => hosts.push((host, at)),
                (None, None) => others.push(at),
            }
        }
        let acts = entries.iter().any(|entry| !entry.rule.header_matches.is_empty());
        let (paths, hosts) = (Texts::new(&paths), Texts::new(&hosts));
        HttpIndex { entries, paths, hosts, others, acts }
    }

    /// Tells each rule whose method, path and host fit, in the order of rules.
    pub(super) fn each_candidate(
        &self,
        request: &HttpRequest,
        mut tell: impl FnMut(&Entry, &HttpRule),
    ) {
        let mut found = self.others.clone();
        self.paths.look_up(&request.path, &mut found);
        self.hosts.look_up(&request.host, &mut found);
        found.sort_unstable();
        for at in found {
            let entry = &self.entries[at as usize];
            let fits = |pattern: &Option<Pattern>, text: &str| {
                pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
            };
            // The one of path and host that it was found by fits already.
            let by_host = entry.rule.path.is_none();
            if fits(&entry.rule.method, &request.method)
                && (by_host || fits(&entry.rule.host, &request.host))
            {
                tell(entry, &entry.rule);
            }
        }
    }
}

/// Expressions by what the texts look like that they match.
#[derive(Debug)]
struct Texts {
    whole: HashMap<String, Vec<u32>>,
    beginning: Affixes<Group>,
    ending: Affixes<Group>,
    rest: Group,
}

/// A beginning or end shorter than this says too little.
const MIN_AFFIX: usize = 2;

impl Texts {
    fn new(patterns: &[(&Pattern, u32)]) -> Texts {
        let mut whole: HashMap<String, Vec<u32>> = HashMap::new();
        let mut beginning: HashMap<&str, Vec<(&Pattern, u32)>> = HashMap::new();
        let mut ending: HashMap<&str, Vec<(&Pattern, u32)>> = HashMap::new();
        let mut rest = Vec::new();
        for &(pattern, at) in patterns {
            let shape = pattern.shape();
            if let Some(texts) = &shape.texts {
                for text in texts {
                    let at_text = whole.entry(text.clone()).or_default();
                    if at_text.last() != Some(&at) {
                        at_text.push(at);
                    }
                }
            } else if shape.prefix.len() >= MIN_AFFIX && shape.prefix.len() >= shape.suffix.len() {
                beginning.entry(&shape.prefix).or_default().push((pattern, at));
            } else if shape.suffix.len() >= MIN_AFFIX {
                ending.entry(&shape.suffix).or_default().push((pattern, at));
            } else {
                rest.push((pattern, at));
            }
        }
        let groups = |map: HashMap<&str, Vec<(&Pattern, u32)>>| -> Vec<(String, Group)> {
            map.into_iter().map(|(text, list)| (text.to_owned(), Group::new(&list))).collect()
        };
        Texts {
            whole,
            beginning: Affixes::new(Side::Front, groups(beginning)),
            ending: Affixes::new(Side::Back, groups(ending)),
            rest: Group::new(&rest),
        }
    }

    /// Adds what stands behind each expression that matches.
    fn look_up(&self, text: &str, found: &mut Vec<u32>) {
        if let Some(list) = self.whole.get(text) {
            found.extend_from_slice(list);
        }
        self.beginning.each(text, |group| group.look_up(text, found));
        self.ending.each(text, |group| group.look_up(text, found));
        self.rest.look_up(text, found);
    }
}

/// Expressions that are asked one by one if they are few, else many at once.
#[derive(Debug)]
struct Group {
    few: Vec<(Pattern, u32)>,
    many: Vec<(Engine, Vec<u32>)>,
}

/// So many are asked one by one.
const FEW: usize = 4;
/// So many go into one automaton: more would need states that are too large to be kept.
const MANY: usize = 256;

impl Group {
    fn new(list: &[(&Pattern, u32)]) -> Group {
        if list.len() <= FEW {
            let few = list.iter().map(|(pattern, at)| ((*pattern).clone(), *at)).collect();
            return Group { few, many: Vec::new() };
        }
        let chunks = list.chunks(MANY).map(|chunk| {
            let patterns: Vec<&Pattern> = chunk.iter().map(|(pattern, _)| *pattern).collect();
            (Engine::new(&patterns), chunk.iter().map(|(_, at)| *at).collect())
        });
        Group { few: Vec::new(), many: chunks.collect() }
    }

    fn look_up(&self, text: &str, found: &mut Vec<u32>) {
        let fitting = self.few.iter().filter(|(pattern, _)| pattern.matches(text));
        found.extend(fitting.map(|(_, at)| *at));
        for (engine, list) in &self.many {
            engine.each_match(text, |at| found.push(list[at]));
        }
    }
}
