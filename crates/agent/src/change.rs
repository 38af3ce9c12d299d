//! Revisions on their way into force, and the one that is.

use std::collections::BTreeMap;

use podwall_datapath::Endpoint;
use podwall_model::WorkloadName;
use podwall_policy::compile::{Compiled, Standing};
use podwall_policy::identity::Identities;
use podwall_policy::table::IdentityNumber;
use podwall_wire::node::{self, Place, ToControl};

use crate::decide::State;
use crate::event::{Action, NotApplied, Places, WireOf};
use crate::force::Order;
use crate::intent::Intent;
use crate::moment::Moment;
use crate::problems::Kind;

/// How many identities keep their numbers although nobody has them now. A number is never given
/// twice, so forgetting one costs only a new number should its identity come back.
const IDENTITIES_KEPT: usize = 65_536;

/// What is on its way, and what is in force.
#[derive(Default)]
pub(crate) struct Change {
    identities: Identities,
    /// What was compiled last, kept in parts.
    standing: Standing,
    /// The workloads that have hooks, and on which device.
    held: BTreeMap<WorkloadName, u32>,
    in_force: Option<InForce>,
    arriving: Option<Intent>,
    applying: Option<InForce>,
    /// The number of the last question where workloads are; older answers do not count.
    question: u64,
    /// Whether that question is still open.
    looking: bool,
    /// The last change did not come to its end: some workloads have the old, some the new.
    torn: bool,
    /// Something changed while a question was open: ask once more.
    look_again: bool,
}

/// A revision with what it was compiled to.
pub(crate) struct InForce {
    /// What control wanted.
    pub(crate) intent: Intent,
    /// Numbers and tables.
    pub(crate) compiled: Compiled,
    /// Where the workloads were when it was compiled.
    pub(crate) places: Places,
    /// Whether control waits for an answer.
    owes_answer: bool,
}

/// What follows on the arrival of a revision.
pub(crate) enum Next {
    /// Its workloads are looked for.
    Look(Action),
    /// It is known where they are.
    Go {
        /// The number of the question that this answers.
        question: u64,
        /// Where they are.
        places: Places,
    },
}

impl Change {
    /// Goes on behind the identities and hooks that an earlier agent left in the kernel.
    pub(crate) fn adopt(
        texts: &BTreeMap<IdentityNumber, String>,
        held: BTreeMap<WorkloadName, u32>,
    ) -> Change {
        Change { identities: Identities::adopt(texts), held, ..Change::default() }
    }

    /// What is in force, once something is.
    pub(crate) fn in_force(&self) -> Option<&InForce> {
        self.in_force.as_ref()
    }

    /// A revision arrives: checked at once, then its workloads are looked for, unless it is known
    /// where they are. A later one takes its place; only the later is answered then.
    pub(crate) fn arrive(
        &mut self,
        wanted: node::Wanted,
        now: Moment,
    ) -> Result<Next, Vec<String>> {
        let intent = Intent::check(wanted, now)?;
        let attachments = intent.attachments.clone();
        let known = self.known_places(&attachments);
        self.arriving = Some(intent);
        let look = self.locate(attachments);
        Ok(match known {
            Some(places) => Next::Go { question: self.question, places },
            None => Next::Look(look),
        })
    }

    /// Where these workloads are, if nothing has changed since they were found.
    fn known_places(&self, attachments: &[node::Attachment]) -> Option<Places> {
        let force = self.in_force.as_ref()?;
        let is_known = !self.looking && !self.is_unsettled();
        (is_known && force.intent.attachments == attachments).then(|| force.places.clone())
    }

    /// Looks once more for the workloads of what arrives, or else of what is in force.
    pub(crate) fn look_again(&mut self) -> Option<Action> {
        if self.looking {
            self.look_again = true;
            return None;
        }
        let in_force = self.in_force.as_ref().map(|force| &force.intent);
        let attachments = self.arriving.as_ref().or(in_force)?.attachments.clone();
        (!attachments.is_empty()).then(|| self.locate(attachments))
    }

    /// Whether some workload's device is not found, or a change did not come to its end.
    pub(crate) fn is_unsettled(&self) -> bool {
        let misses = |force: &InForce| force.places.values().any(Result::is_err);
        self.torn || self.in_force.as_ref().is_some_and(misses)
    }

    /// The wires whose two ends can be compared.
    fn wires(&self) -> Vec<WireOf> {
        let Some(force) = &self.in_force else { return vec![] };
        let wire = |attachment: &node::Attachment| {
            let workload = WorkloadName::from(attachment.workload.clone());
            let index = *force.places.get(&workload)?.as_ref().ok()?;
            let namespace = match &attachment.place {
                Place::Netns(path) => Some(path.clone()),
                Place::Interface(_) => None,
            };
            Some((workload, namespace, index))
        };
        force.intent.attachments.iter().filter_map(wire).collect()
    }

    fn locate(&mut self, attachments: Vec<node::Attachment>) -> Action {
        self.question += 1;
        self.looking = true;
        self.look_again = false;
        Action::Locate { question: self.question, attachments }
    }

    /// What the kernel shall hold, and who gets hooks by it.
    fn order(&self, next: &InForce) -> Order {
        let wanted = next.intent.wanted(&next.compiled, &next.places);
        let is_new = |e: &&Endpoint| self.held.get(&e.workload) != Some(&e.interface);
        let newcomers =
            wanted.endpoints.iter().filter(is_new).map(|e| e.workload.clone()).collect();
        let namespace = |attachment: &node::Attachment| match &attachment.place {
            Place::Netns(path) => Some((attachment.workload.clone().into(), path.clone())),
            Place::Interface(_) => None,
        };
        let namespaces = next.intent.attachments.iter().filter_map(namespace).collect();
        Order { wanted, newcomers, namespaces }
    }

    /// The answer to the last question, and what follows from it.
    fn take_places(&mut self, question: u64, places: Places) -> Option<Box<InForce>> {
        if question != self.question {
            return None;
        }
        self.looking = false;
        let (intent, owes_answer) = match (self.arriving.take(), &self.in_force) {
            (Some(intent), _) => (intent, true),
            (None, Some(force)) if self.torn || force.places != places => {
                (force.intent.clone(), false)
            }
            (None, Some(_) | None) => return None,
        };
        let compiled = intent.compile(&mut self.standing, &mut self.identities);
        let (identities, classes) = (&compiled.resolved.identities, &compiled.classes);
        if self.identities.len() > IDENTITIES_KEPT + identities.len() + classes.len() {
            let in_use =
                |number| identities.contains_key(&number) || classes.contains_key(&number.0);
            self.identities.retain(in_use);
        }
        Some(Box::new(InForce { intent, compiled, places, owes_answer }))
    }
}

impl State {
    /// Workloads were looked for: what arrives, or what changed its place, is put in force.
    pub(crate) fn located(&mut self, question: u64, places: Places) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Some(next) = self.change.take_places(question, places) {
            actions.push(Action::Apply(Box::new(self.change.order(&next))));
            self.change.applying = Some(*next);
        } else if self.change.look_again && !self.change.looking {
            actions.extend(self.change.look_again());
        }
        actions
    }

    /// What was to be applied is in force, or what was before stays.
    pub(crate) fn applied(
        &mut self,
        outcome: Result<podwall_datapath::Applied, NotApplied>,
        now: Moment,
    ) -> Vec<Action> {
        let next = self.change.applying.take().expect("something was applied");
        let revision = next.intent.revision;
        match outcome {
            Ok(applied) => {
                self.problems.clear(Kind::NotApplied, "");
                self.change.torn = false;
                self.report_places(&next.places);
                self.recorder.update(&next.intent.world, &next.compiled.resolved, now.uptime);
                self.nearest.forget();
                if next.owes_answer {
                    let took = now.uptime.saturating_sub(next.intent.arrived.uptime);
                    self.post.answer(ToControl::Applied(node::Applied {
                        revision,
                        generation: applied.generation,
                        writes: applied.writes,
                        took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                    }));
                }
                let held =
                    next.places.iter().filter_map(|(w, p)| Some((w.clone(), *p.as_ref().ok()?)));
                self.change.held = held.collect();
                let before = self.change.in_force.replace(next);
                let places = self.change.in_force().map(|force| &force.places);
                if before.as_ref().map(|force| &force.places) != places {
                    // The first reading of a wire is what later ones are compared with.
                    return self.compare_wires();
                }
            }
            Err(NotApplied::Unfit(why)) if next.owes_answer => {
                let why = vec![why];
                self.post.answer(ToControl::Refused(node::Refused { revision, why }));
            }
            Err(NotApplied::Unfit(why)) => {
                self.problems.raise(Kind::NotApplied, "", why);
                self.change.torn = true;
            }
            Err(NotApplied::Torn(why)) => {
                self.problems.raise(Kind::NotApplied, "", why);
                self.change.torn = true;
                if next.owes_answer {
                    self.change.arriving.get_or_insert(next.intent);
                }
            }
        }
        vec![]
    }

    /// Reads both ends of all wires whose ends can be read.
    pub(crate) fn compare_wires(&self) -> Vec<Action> {
        let wires = self.change.wires();
        if wires.is_empty() { vec![] } else { vec![Action::CompareWires(wires)] }
    }

    /// Says of each workload without hooks why, and no more of those that have them.
    fn report_places(&mut self, places: &Places) {
        self.problems.retain(Kind::NotEnforced, |subject| {
            places.keys().any(|workload| workload.to_string() == subject)
        });
        for (workload, place) in places {
            let subject = workload.to_string();
            match place {
                Ok(_) => self.problems.clear(Kind::NotEnforced, &subject),
                Err(why) => self.problems.raise(Kind::NotEnforced, &subject, why.clone()),
            }
        }
    }
}
