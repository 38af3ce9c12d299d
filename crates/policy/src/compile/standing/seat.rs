//! Seats: the classes of local workloads, each with the rules that select it and its halves.

use std::collections::BTreeSet;

use podwall_model::{Direction, Labels, Mode, NamedPort};

use crate::compile::crowd::Crowd;
use crate::compile::half::HalfKey;
use crate::compile::rulebook::{Entry, RuleNumber, Rulebook};
use crate::compile::words::{SelectorNumber, Words};
use crate::compile::{Class, Compiler, Pair, Selected, mode_of};
use crate::hash::HashMap;
use crate::identity::Identities;
use crate::options::Options;
use crate::rule::{Policy, Subject};
use crate::table::Half;

/// One class.
#[derive(Debug)]
pub(in crate::compile) struct Seat {
    pub(in crate::compile) class: Class,
    /// The number it goes by.
    pub(in crate::compile) number: u32,
    /// The rules that enforce, where these are not all.
    enforce: Option<Selected>,
    both: Selected,
    /// Ingress and egress: of what enforces, and of that and what is in detection.
    pub(in crate::compile) halves: Option<[Pair; 2]>,
}

/// What makes a class.
type Key = (Labels, BTreeSet<NamedPort>, String);

/// All classes.
#[derive(Debug)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    free: Vec<u32>,
    crowd: Crowd,
    by_class: HashMap<Key, u32>,
}

impl Seats {
    /// Of these classes, with the rules that select them.
    pub(super) fn of(
        classes: Vec<Class>,
        sets: Vec<(Option<Selected>, Selected)>,
        compiler: &mut Compiler,
        identities: &mut Identities,
    ) -> Seats {
        let crowd = Crowd::of(classes.iter().map(|class| &class.labels), &mut compiler.words);
        let places = classes.iter().map(key).zip(0u32..).collect();
        let seat = |(class, (enforce, both)): (Class, (Option<Selected>, Selected))| {
            let number = identities.number(&class.identity()).0;
            Some(Seat { class, number, enforce, both, halves: None })
        };
        let seats = classes.into_iter().zip(sets).map(seat).collect();
        Seats { seats, free: Vec::new(), crowd, by_class: places }
    }

    /// The classes there are.
    pub(super) fn all(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().flatten()
    }

    /// The seats whose class a selector means.
    pub(super) fn select(&self, subject: SelectorNumber, words: &Words) -> Vec<u32> {
        self.crowd.select(words.asked(subject), words, |_, _| false)
    }

    /// Takes rules from everybody and out of the book: whom they had selected.
    pub(super) fn withdraw(&mut self, rules: &[RuleNumber], compiler: &mut Compiler) -> Vec<u32> {
        let mut touched = Vec::new();
        for rule in rules {
            let entry = &compiler.book[*rule];
            for at in self.select(entry.subject, &compiler.words) {
                if let Some(seat) = &mut self.seats[at as usize] {
                    seat.withdraw(*rule, entry.direction);
                }
                touched.push(at);
            }
        }
        compiler.book.remove(rules);
        touched
    }

    /// Puts rules into the book and to everybody they select.
    pub(super) fn enlist(
        &mut self,
        entries: Vec<Entry>,
        compiler: &mut Compiler,
    ) -> Vec<RuleNumber> {
        let rules = compiler.book.add(entries);
        for rule in &rules {
            let subject = compiler.book[*rule].subject;
            for at in self.select(subject, &compiler.words) {
                if let Some(seat) = &mut self.seats[at as usize] {
                    seat.enlist(*rule, &compiler.book, &compiler.options);
                }
            }
        }
        rules
    }

    /// A workload comes to a class: the seat, if the class is new.
    pub(super) fn sit(
        &mut self,
        class: Class,
        identities: &mut Identities,
        compiler: &mut Compiler,
    ) -> Option<u32> {
        if let Some(at) = self.by_class.get(&key(&class)) {
            let known = self.seats[*at as usize].as_mut()?;
            known.class.workloads.extend(class.workloads);
            known.class.workloads.sort();
            return None;
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.seats.push(None);
            u32::try_from(self.seats.len() - 1).expect("fewer than 2^32 classes")
        });
        self.by_class.insert(key(&class), at);
        let carried = class.labels.iter().map(|label| compiler.words.carried(label)).collect();
        self.crowd.put(at, carried);
        let number = identities.number(&class.identity()).0;
        let (enforce, both) = Default::default();
        self.seats[at as usize] = Some(Seat { class, number, enforce, both, halves: None });
        Some(at)
    }

    /// Offers the rules of a policy to a new seat: those that select it are its own.
    pub(super) fn offer(
        &mut self,
        at: u32,
        policy: &Policy,
        numbers: &mut [Option<RuleNumber>],
        compiler: &mut Compiler,
    ) {
        for (rule, number) in policy.rules.iter().zip(numbers) {
            let Subject::Endpoints(selector) = &rule.subject else { continue };
            let subject = compiler.words.selector(selector);
            let carried = self.crowd.carried(at);
            let asked = compiler.words.asked(subject);
            if !asked.iter().all(|one| one.fits(carried, |_| false)) {
                continue;
            }
            match number {
                Some(number) => {
                    if let Some(seat) = &mut self.seats[at as usize] {
                        seat.enlist(*number, &compiler.book, &compiler.options);
                    }
                }
                None => {
                    let Compiler { words, peerage, .. } = &mut *compiler;
                    let entry = Entry::of(rule, policy.mode, subject, words, peerage);
                    *number = self.enlist(vec![entry], compiler).pop();
                }
            }
        }
    }

    /// A workload leaves its class; without any the class has gone.
    pub(super) fn leave(&mut self, class: &Class, compiler: &mut Compiler) {
        let Some(at) = self.by_class.get(&key(class)).copied() else { return };
        let kept = &mut self.seats[at as usize];
        let Some(seat) = kept else { return };
        seat.class.workloads.retain(|workload| !class.workloads.contains(workload));
        if seat.class.workloads.is_empty() {
            compiler.release(seat.halves.take());
            *kept = None;
            self.by_class.remove(&key(class));
            self.crowd.take(at);
            self.free.push(at);
        }
    }

    /// Makes the halves of all.
    pub(super) fn refresh_all(&mut self, compiler: &mut Compiler) {
        for seat in self.seats.iter_mut().flatten() {
            seat.refresh(compiler);
        }
    }

    /// Makes the halves of these seats anew: how many rows of them are different now.
    pub(super) fn refresh(&mut self, touched: Vec<u32>, compiler: &mut Compiler) -> u64 {
        let mut touched = touched;
        touched.sort_unstable();
        touched.dedup();
        let mut seats = touched;
        seats.retain(|at| self.seats[*at as usize].is_some());
        let mut rows = 0;
        for at in seats {
            if let Some(seat) = &mut self.seats[at as usize] {
                rows += seat.refresh(compiler);
            }
        }
        rows
    }
}

impl Seat {
    fn withdraw(&mut self, rule: RuleNumber, direction: Direction) {
        self.both.of(direction).retain(|one| *one != rule);
        if let Some(enforce) = &mut self.enforce {
            enforce.of(direction).retain(|one| *one != rule);
            if *enforce == self.both {
                self.enforce = None;
            }
        }
    }

    fn enlist(&mut self, rule: RuleNumber, book: &Rulebook, options: &Options) {
        let entry = &book[rule];
        let put = |rules: &mut Vec<RuleNumber>| {
            let at = rules.partition_point(|one| book.place(*one) < book.place(rule));
            rules.insert(at, rule);
        };
        match mode_of(entry, &self.class, options) {
            Mode::Off => {}
            Mode::Detect => {
                self.enforce.get_or_insert_with(|| self.both.clone());
                put(self.both.of(entry.direction));
            }
            Mode::Enforce => {
                if let Some(enforce) = &mut self.enforce {
                    put(enforce.of(entry.direction));
                }
                put(self.both.of(entry.direction));
            }
        }
    }

    /// Makes its halves anew: how many rows of them are different now.
    fn refresh(&mut self, compiler: &mut Compiler) -> u64 {
        let mut half = |selected: &mut Selected, direction| {
            let rules = selected.of(direction).clone();
            let key = HalfKey::of(&compiler.book, direction, rules, &self.class, &compiler.options);
            compiler.half(key)
        };
        let mut pair = |selected: &mut Selected| {
            (half(selected, Direction::Ingress), half(selected, Direction::Egress))
        };
        let both = pair(&mut self.both);
        let enforce = self.enforce.as_mut().map_or(both, pair);
        let before = self.halves.replace([enforce, both]);
        compiler.hold([enforce, both]);
        let rows = before.map_or(0, |before| {
            // Where everything enforces, both are one table.
            let mut pairs: Vec<(Pair, Pair)> = before.into_iter().zip([enforce, both]).collect();
            pairs.dedup();
            let halves = pairs.into_iter().flat_map(|(was, is)| [(was.0, is.0), (was.1, is.1)]);
            halves.map(|(was, is)| compiler.rows_between(was, is)).sum()
        });
        compiler.release(before);
        rows
    }
}

/// How many rows of two halves differ.
pub(in crate::compile) fn rows_between(was: &Half, is: &Half) -> u64 {
    let changed = is.rows.iter().filter(|(peer, row)| was.rows.get(peer) != Some(row)).count();
    let gone = was.rows.keys().filter(|peer| !is.rows.contains_key(peer)).count();
    let fallback = usize::from(was.fallback != is.fallback || was.isolated != is.isolated);
    u64::try_from(changed + gone + fallback).expect("rows fit in memory")
}

fn key(class: &Class) -> Key {
    (class.labels.clone(), class.ports.clone(), class.namespace.clone())
}
