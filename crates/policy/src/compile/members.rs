//! Members: which identities the peers of a rule are. Equal peers are asked for once.

use std::sync::Arc;

use podwall_model::Cidr;

use super::crowd::Crowd;
use super::fault::{Fault, seeded};
use super::watch::Watch;
use super::words::{SelectorNumber, Words};
use crate::hash::HashMap;
use crate::identity::{Identity, Place};
use crate::options::Options;
use crate::rule::{Peer, Peers, Reach};
use crate::table::IdentityNumber;

/// The identities that some peers are, by position.
#[derive(Clone, Debug)]
pub(super) enum Members {
    /// All there are, and all that will be.
    Everyone,
    /// These, in order.
    Listed(Arc<[u32]>),
}

/// The peers of a rule, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PeersNumber(pub(super) u32);

/// One way to name peers, in numbers. Equal ones are equal word by word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Item {
    Labels(SelectorNumber),
    Cidr { cidr: Cidr, except: Box<[Cidr]>, reach: Reach },
}

/// The peers of some rules.
#[derive(Debug)]
struct Meant {
    /// The items; `None` for no restriction.
    items: Option<Arc<[Item]>>,
    /// Whom they mean, once somebody asked.
    members: Option<Members>,
    /// Whether it is watched who comes to them.
    is_watched: bool,
}

/// All identities, ready to be asked who of them is meant.
#[derive(Debug)]
pub(super) struct Peerage {
    numbers: Vec<IdentityNumber>,
    /// By position; nothing where an identity has gone.
    identities: Vec<Option<Identity>>,
    free: Vec<u32>,
    places: Vec<Place>,
    hosts: Vec<u32>,
    crowd: Crowd,
    ranges: HashMap<Cidr, Vec<u32>>,
    selected: HashMap<SelectorNumber, Arc<[u32]>>,
    known: HashMap<Arc<[Item]>, PeersNumber>,
    anyone: Option<PeersNumber>,
    meant: Vec<Meant>,
    items: Vec<Item>,
    /// Who comes and goes, where that is asked for.
    watch: Option<Watch>,
    options: Options,
}

impl Peerage {
    pub(super) fn new(options: Options) -> Peerage {
        Peerage {
            numbers: Vec::new(),
            identities: Vec::new(),
            free: Vec::new(),
            places: Vec::new(),
            hosts: Vec::new(),
            crowd: Crowd::default(),
            ranges: HashMap::default(),
            selected: HashMap::default(),
            known: HashMap::default(),
            anyone: None,
            meant: Vec::new(),
            items: Vec::new(),
            watch: None,
            options,
        }
    }

    /// Takes these identities in, in the place of all others.
    pub(super) fn fill<'a>(
        &mut self,
        identities: impl Iterator<Item = (IdentityNumber, &'a Identity)>,
        words: &mut Words,
    ) {
        let all: Vec<(IdentityNumber, &Identity)> = identities.collect();
        self.crowd = Crowd::of(all.iter().map(|(_, identity)| &identity.labels), words);
        self.places.reserve(all.len());
        self.numbers.reserve(all.len());
        self.identities.reserve(all.len());
        for (position, (number, identity)) in (0u32..).zip(all) {
            for cidr in &identity.ranges {
                self.ranges.entry(*cidr).or_default().push(position);
            }
            let place = identity.place();
            if place == Place::Node && (seeded(Fault::RemoteNodeIsHost) || identity.is_host()) {
                self.hosts.push(position);
            }
            self.places.push(place);
            self.numbers.push(number);
            self.identities.push(Some(identity.clone()));
        }
    }

    /// How many positions there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn identity_number(&self, position: u32) -> IdentityNumber {
        self.numbers[position as usize]
    }

    pub(super) fn identity(&self, position: u32) -> &Identity {
        self.identities[position as usize].as_ref().expect("somebody stands there")
    }

    fn everyone(&self) -> impl Iterator<Item = u32> {
        let standing = (0u32..).zip(&self.identities).filter(|(_, identity)| identity.is_some());
        standing.map(|(at, _)| at)
    }

    /// The positions of members.
    pub(super) fn each(&self, members: &Members) -> Vec<u32> {
        match members {
            Members::Everyone => self.everyone().collect(),
            Members::Listed(positions) => positions.to_vec(),
        }
    }

    /// The identities of the local node.
    pub(super) fn hosts(&self) -> &[u32] {
        &self.hosts
    }

    /// The number of these peers.
    pub(super) fn number(&mut self, peers: &Peers, words: &mut Words) -> PeersNumber {
        let Peers::AnyOf(list) = peers else {
            let number = self.anyone.unwrap_or_else(|| self.added(None));
            self.anyone = Some(number);
            return number;
        };
        let mut items = std::mem::take(&mut self.items);
        items.clear();
        items.extend(list.iter().filter_map(|peer| Item::of(peer, words)));
        let number = match self.known.get(items.as_slice()) {
            Some(number) => *number,
            None => {
                let items: Arc<[Item]> = items.as_slice().into();
                let number = self.added(Some(Arc::clone(&items)));
                self.known.insert(items, number);
                number
            }
        };
        self.items = items;
        number
    }

    fn added(&mut self, items: Option<Arc<[Item]>>) -> PeersNumber {
        let count = u32::try_from(self.meant.len()).expect("fewer than 2^32 peers");
        self.meant.push(Meant { items, members: None, is_watched: false });
        PeersNumber(count)
    }

    /// Whether both name the same peer in the same words.
    pub(super) fn have_one_peer(&self, one: PeersNumber, other: PeersNumber) -> bool {
        let items = |number: PeersNumber| &self.meant[number.0 as usize].items;
        match (items(one), items(other)) {
            (Some(these), Some(those)) => these.iter().any(|item| those.contains(item)),
            (these, those) => these.is_none() && those.is_none(),
        }
    }

    /// Whom these peers mean.
    pub(super) fn members(&mut self, peers: PeersNumber, words: &Words) -> Members {
        let Meant { items, members, .. } = &self.meant[peers.0 as usize];
        if let Some(members) = members {
            return members.clone();
        }
        let members = match items.clone() {
            None if seeded(Fault::AnyoneIsInside) => {
                let inside = |at: &u32| self.places[*at as usize] != Place::World;
                Members::Listed(self.everyone().filter(inside).collect())
            }
            None => Members::Everyone,
            Some(items) if items.is_empty() && seeded(Fault::NobodyIsAnyone) => Members::Everyone,
            Some(items) => Members::Listed(self.any_of(&items, words)),
        };
        self.meant[peers.0 as usize].members = Some(members.clone());
        self.enlist(peers, words);
        members
    }

    /// Whether it is known who comes and goes.
    pub(super) fn is_watched(&self) -> bool {
        self.watch.is_some()
    }

    /// From now on it is known who comes and goes.
    pub(super) fn start_watch(&mut self, words: &Words) {
        self.watch = Some(Watch::default());
        for peers in (0u32..).take(self.meant.len()).map(PeersNumber) {
            if self.meant[peers.0 as usize].members.is_some() {
                self.enlist(peers, words);
            }
        }
    }

    fn enlist(&mut self, peers: PeersNumber, words: &Words) {
        let Some(watch) = &mut self.watch else { return };
        let Meant { items, is_watched, .. } = &mut self.meant[peers.0 as usize];
        if std::mem::replace(is_watched, true) {
            return;
        }
        for item in items.iter().flat_map(|items| items.iter()) {
            match item {
                Item::Labels(selector) => watch.selector(*selector, peers, &self.crowd, words),
                Item::Cidr { cidr, .. } => watch.range(*cidr, peers),
            }
        }
    }

    /// An identity has come: its position.
    pub(super) fn put(
        &mut self,
        number: IdentityNumber,
        identity: &Identity,
        words: &mut Words,
    ) -> u32 {
        let position = self.free.pop().unwrap_or_else(|| {
            self.numbers.push(number);
            self.places.push(Place::Pod);
            self.identities.push(None);
            u32::try_from(self.numbers.len() - 1).expect("fewer than 2^32 identities")
        });
        let at = position as usize;
        self.numbers[at] = number;
        self.places[at] = identity.place();
        self.identities[at] = Some(identity.clone());
        let carried = identity.labels.iter().map(|label| words.carried(label)).collect();
        self.crowd.put(position, carried);
        for range in &identity.ranges {
            let inside = self.ranges.entry(*range).or_default();
            if let Err(at) = inside.binary_search(&position) {
                inside.insert(at, position);
            }
        }
        position
    }

    /// The identity at a position has gone.
    pub(super) fn take(&mut self, position: u32) {
        self.crowd.take(position);
        let identity = self.identities[position as usize].take();
        for range in identity.iter().flat_map(|identity| &identity.ranges) {
            let Some(inside) = self.ranges.get_mut(range) else { continue };
            if let Ok(at) = inside.binary_search(&position) {
                inside.remove(at);
            }
        }
        self.free.push(position);
    }

    /// The watched peers that mean the identity at a position. Whom they mean is asked again when
    /// somebody wants to know.
    pub(super) fn touch(&mut self, position: u32, words: &Words) -> Vec<PeersNumber> {
        let Some(watch) = &self.watch else { return Vec::new() };
        let identity = self.identity(position);
        let carried = self.crowd.carried(position);
        let lies = |range| identity.is_in(range, Reach::World, &self.options);
        let mut touched: Vec<PeersNumber> = Vec::new();
        let mut fitting: Vec<SelectorNumber> = Vec::new();
        for selector in watch.candidates(carried) {
            if words.asked(selector).iter().all(|one| one.fits(carried, lies)) {
                touched.extend(watch.users(selector));
                fitting.push(selector);
            }
        }
        for range in &identity.ranges {
            let mean_it = |peers: &&PeersNumber| self.speaks_of(**peers, *range, position);
            touched.extend(watch.speak_of(*range).iter().filter(mean_it));
        }
        touched.sort_unstable();
        touched.dedup();
        for selector in fitting {
            self.selected.remove(&selector);
        }
        for peers in &touched {
            self.meant[peers.0 as usize].members = None;
        }
        touched
    }

    fn any_of(&mut self, items: &[Item], words: &Words) -> Arc<[u32]> {
        if let [item] = items {
            return self.mean(item, words);
        }
        let mut positions: Vec<u32> = Vec::new();
        for item in items {
            positions.extend(self.mean(item, words).iter());
        }
        positions.sort_unstable();
        positions.dedup();
        if seeded(Fault::ExceptCutsTheRule) {
            positions.retain(|position| !items.iter().any(|item| self.excepts(item, *position)));
        }
        positions.into()
    }

    fn mean(&mut self, item: &Item, words: &Words) -> Arc<[u32]> {
        match item {
            Item::Labels(selector) => {
                if let Some(positions) = self.selected.get(selector) {
                    return Arc::clone(positions);
                }
                let lies =
                    |at: u32, range| self.identity(at).is_in(range, Reach::World, &self.options);
                let positions = self.crowd.select(words.asked(*selector), words, lies);
                let positions: Arc<[u32]> = positions.into();
                self.selected.insert(*selector, Arc::clone(&positions));
                positions
            }
            Item::Cidr { cidr, reach, .. } => {
                let reach = match reach {
                    Reach::World if seeded(Fault::WorldRangeMeansPods) => Reach::Everything,
                    Reach::Everything if seeded(Fault::EverythingRangeMeansWorld) => Reach::World,
                    Reach::World | Reach::Everything | Reach::Outside => *reach,
                };
                let inside = self.ranges.get(cidr).into_iter().flatten().copied();
                inside
                    .filter(|at| self.places[*at as usize].is_meant_by(reach, &self.options))
                    .filter(|at| !self.excepts(item, *at) || seeded(Fault::ExceptIsIgnored))
                    .collect()
            }
        }
    }

    /// Whether these peers mean the identity at a position by a range.
    fn speaks_of(&self, peers: PeersNumber, range: Cidr, position: u32) -> bool {
        let place = self.places[position as usize];
        let items = self.meant[peers.0 as usize].items.iter().flat_map(|items| items.iter());
        items.into_iter().any(|item| match item {
            Item::Labels(_) => false,
            Item::Cidr { cidr, reach, .. } => {
                *cidr == range
                    && place.is_meant_by(*reach, &self.options)
                    && !self.excepts(item, position)
            }
        })
    }

    /// Whether a peer is taken out of this item.
    fn excepts(&self, item: &Item, position: u32) -> bool {
        match item {
            Item::Labels(_) => false,
            Item::Cidr { except, .. } => {
                let ranges = &self.identity(position).ranges;
                except.iter().any(|cidr| ranges.contains(cidr))
            }
        }
    }
}

impl Item {
    fn of(peer: &Peer, words: &mut Words) -> Option<Item> {
        match peer {
            Peer::Labels(selector) => Some(Item::Labels(words.selector(selector))),
            Peer::Cidr { cidr, except, reach } => {
                Some(Item::Cidr { cidr: *cidr, except: except.as_slice().into(), reach: *reach })
            }
            // What these refer to has been put in their place before.
            Peer::Group { .. } | Peer::Service { .. } | Peer::Name(_) => None,
        }
    }
}
