//! A little world: addresses with colours, ranges that policies name, and policies that speak of
//! both. Identities are what can be told apart, as on a real node.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use podwall_model::{
    Address, Cidr, Direction, PolicyId, PolicyKind, Protocol, RuleId, Section, WorkloadName,
};
use podwall_policy::rule::Action;
use podwall_policy::table::{Decision, Half, IdentityNumber, Lane, Row, Step, Table};

use crate::wanted::{Backend, ClassId, ClassTables, Endpoint, Frontend, Wanted};

/// The lanes that are asked: below, in and above what rules name.
pub(super) const LANES: [u32; 3] = [0, 10, 20];

/// A cheap source of the same numbers each time.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// What a rule asks of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ask {
    Anyone,
    Colour(u64),
    Range(Cidr),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct LittleRule {
    id: Arc<RuleId>,
    ask: Ask,
    from_lane: u32,
    action: Action,
    direction: Direction,
}

/// The policies of one endpoint: those that enforce and those in detection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rules {
    enforce: Vec<LittleRule>,
    detect: Vec<LittleRule>,
}

#[derive(Clone, Debug)]
pub(super) struct Little {
    colours: BTreeMap<Address, u64>,
    rules: BTreeMap<u32, Rules>,
    /// Numbers are given once in the whole test, as a node gives them.
    numbers: Arc<Mutex<Vec<Identity>>>,
}

/// What can be told apart: the colour, and which of the named ranges hold the address.
type Identity = (Option<u64>, BTreeSet<Cidr>);

impl Little {
    /// Four pods' addresses, and four that are outside.
    pub(super) fn addresses() -> Vec<Address> {
        let texts = [
            "10.0.0.1",
            "10.0.0.2",
            "10.0.1.1",
            "10.0.1.2",
            "192.0.2.1",
            "192.0.2.129",
            "198.51.100.1",
            "203.0.113.7",
        ];
        texts.map(|text| Address::from(text.parse::<std::net::IpAddr>().unwrap())).to_vec()
    }

    fn ranges() -> Vec<Cidr> {
        ["10.0.0.0/24", "192.0.2.0/24", "192.0.2.128/25", "192.0.0.0/8", "0.0.0.0/0"]
            .map(|text| text.parse().unwrap())
            .to_vec()
    }

    pub(super) fn interface(endpoint: u32) -> u32 {
        10 + endpoint
    }

    pub(super) fn random(chance: &mut Chance) -> Little {
        let mut little =
            Little { colours: BTreeMap::new(), rules: BTreeMap::new(), numbers: Arc::default() };
        for address in &Little::addresses()[..4] {
            little.colours.insert(*address, chance.below(3));
        }
        for endpoint in 0..3 {
            little.rules.insert(endpoint, Rules::default());
        }
        little.change_policies(chance);
        little
    }

    pub(super) fn change_policies(&mut self, chance: &mut Chance) {
        for rules in self.rules.values_mut() {
            match chance.below(4) {
                0 => {}
                1 => rules.enforce = random_rules(chance),
                2 => rules.detect = random_rules(chance),
                _ => *rules = Rules { enforce: random_rules(chance), detect: random_rules(chance) },
            }
        }
    }

    pub(super) fn change_labels(&mut self, chance: &mut Chance) {
        for address in &Little::addresses()[..4] {
            match chance.below(4) {
                0 => {
                    self.colours.remove(address);
                }
                1 => {
                    self.colours.insert(*address, chance.below(6));
                }
                _ => {}
            }
        }
    }

    pub(super) fn change_endpoints(&mut self, chance: &mut Chance) {
        let endpoint = chance.below(5) as u32;
        match self.rules.remove(&endpoint) {
            Some(_) => {}
            None => {
                self.rules.insert(endpoint, Rules::default());
            }
        }
    }

    pub(super) fn open_endpoint(&mut self, endpoint: u32) {
        self.rules.insert(endpoint, Rules::default());
    }

    pub(super) fn recolour(&mut self, address: Address, colour: u64) {
        self.colours.insert(address, colour);
    }

    fn named_ranges(&self) -> BTreeSet<Cidr> {
        let all = self.rules.values().flat_map(|rules| rules.enforce.iter().chain(&rules.detect));
        all.filter_map(|rule| match &rule.ask {
            Ask::Range(cidr) => Some(*cidr),
            Ask::Anyone | Ask::Colour(_) => None,
        })
        .collect()
    }

    fn number(&self, identity: Identity) -> IdentityNumber {
        if identity == (None, BTreeSet::new()) {
            return IdentityNumber::WORLD_V4;
        }
        let mut numbers = self.numbers.lock().unwrap();
        let place = numbers.iter().position(|known| *known == identity).unwrap_or_else(|| {
            numbers.push(identity);
            numbers.len() - 1
        });
        IdentityNumber(256 + place as u32)
    }

    pub(super) fn wanted(&self) -> Wanted {
        let ranges = self.named_ranges();
        let holding = |holds: &dyn Fn(&Cidr) -> bool| -> BTreeSet<Cidr> {
            ranges.iter().copied().filter(|cidr| holds(cidr)).collect()
        };
        let mut wanted = Wanted::default();
        let mut met = BTreeMap::from([(IdentityNumber::WORLD_V4, (None, BTreeSet::new()))]);
        for (address, colour) in &self.colours {
            let identity = (Some(*colour), holding(&|cidr| cidr.contains(address.ip())));
            let number = self.number(identity.clone());
            met.insert(number, identity);
            wanted.addresses.insert(*address, number);
        }
        for range in &ranges {
            let identity = (None, holding(&|cidr| cidr.covers(*range)));
            let number = self.number(identity.clone());
            met.insert(number, identity);
            wanted.networks.insert(*range, number);
        }
        for (number, identity) in &met {
            wanted.identities.insert(*number, format!("{identity:?}"));
        }
        for (endpoint, rules) in &self.rules {
            let enforce = Arc::new(table(&rules.enforce, &met));
            let both = match rules.detect.is_empty() {
                true => Arc::clone(&enforce),
                false => Arc::new(table(&[&rules.enforce[..], &rules.detect].concat(), &met)),
            };
            wanted.classes.insert(ClassId(*endpoint), ClassTables { enforce, both });
            wanted.endpoints.push(Endpoint {
                workload: WorkloadName { namespace: "l".into(), name: endpoint.to_string() },
                interface: Little::interface(*endpoint),
                addresses: vec![Little::addresses()[*endpoint as usize]],
                class: ClassId(*endpoint),
            });
        }
        self.give_service(&mut wanted);
        wanted
    }

    /// A service in front of every pod of colour 0.
    fn give_service(&self, wanted: &mut Wanted) {
        let red = self.colours.iter().filter(|(_, colour)| **colour == 0);
        let backends = red.map(|(address, _)| Backend { address: *address, port: 10 }).collect();
        let address = Little::addresses()[7];
        wanted.services.insert(Frontend { address, port: 10, protocol: Protocol::TCP }, backends);
    }
}

fn random_rules(chance: &mut Chance) -> Vec<LittleRule> {
    let colours = [Ask::Anyone, Ask::Colour(0), Ask::Colour(1), Ask::Colour(4)];
    let asks: Vec<Ask> =
        colours.into_iter().chain(Little::ranges().into_iter().map(Ask::Range)).collect();
    let count = chance.below(4);
    (0..count)
        .map(|_| {
            let ask = asks[chance.below(asks.len() as u64) as usize].clone();
            let from_lane = [0, 10][chance.below(2) as usize];
            let action = [Action::Allow, Action::Allow, Action::Deny][chance.below(3) as usize];
            let direction = Direction::BOTH[chance.below(2) as usize];
            let id = Arc::new(RuleId {
                policy: PolicyId {
                    kind: PolicyKind::NetworkPolicy,
                    namespace: Some("l".into()),
                    name: format!("p{}", chance.below(1000)),
                },
                section: Section { spec: None, direction, deny: false },
                index: Some(0),
                content: chance.below(1 << 40),
            });
            LittleRule { id, ask, from_lane, action, direction }
        })
        .collect()
}

fn table(rules: &[LittleRule], met: &BTreeMap<IdentityNumber, Identity>) -> Table {
    let half = |direction: Direction| -> Half {
        let rules: Vec<&LittleRule> =
            rules.iter().filter(|rule| rule.direction == direction).collect();
        if rules.is_empty() {
            return Half::open();
        }
        let rows = met.iter().map(|(number, identity)| (*number, row(&rules, identity)));
        let fallback = Arc::new(Row::uniform(Decision::DEFAULT_DENY));
        let rows = rows.filter(|(_, row)| **row != *fallback).collect();
        Half { isolated: true, fallback, rows }
    };
    Table::of(half(Direction::Ingress), half(Direction::Egress))
}

fn row(rules: &[&LittleRule], identity: &Identity) -> Arc<Row> {
    let decide = |lane: u32| -> Decision {
        let matching: Vec<&&LittleRule> = rules
            .iter()
            .filter(|rule| rule.from_lane <= lane)
            .filter(|rule| match &rule.ask {
                Ask::Anyone => true,
                Ask::Colour(colour) => identity.0 == Some(*colour),
                Ask::Range(cidr) => identity.1.contains(cidr),
            })
            .collect();
        let deny = matching.iter().filter(|rule| rule.action == Action::Deny);
        let deciding = deny.min_by_key(|rule| &rule.id).or(matching.iter().min_by_key(|r| &r.id));
        deciding.map_or(Decision::DEFAULT_DENY, |rule| Decision {
            action: rule.action,
            sheet: None,
            rule: Some(Arc::clone(&rule.id)),
        })
    };
    let mut steps = vec![Step { first: Lane(0), decision: decide(0) }];
    let at_ten = decide(10);
    if at_ten != steps[0].decision {
        steps.push(Step { first: Lane(10), decision: at_ten });
    }
    Arc::new(Row::new(steps))
}
