//! Answering questions: which tier, which of its rows, and the newest from memory.

use std::collections::BTreeSet;

use super::{BUCKET_MS, History, Row};
use crate::archive::{Archive, ArchiveError, Kind, Name, TIERS, Tier, Wanted};
use crate::chunk;
use crate::gathering::{Gathering, Place};
use crate::question::{Answer, By, GROUP_LIMIT, Question, Series};
use crate::stats::Sums;

/// Into how many steps a time is cut to choose the grain where no samples are asked for.
const GRAINS: u64 = 60;

impl History {
    /// The answer to a question.
    pub(crate) fn answer(
        &mut self,
        question: &Question,
        newest: u64,
    ) -> Result<Answer, ArchiveError> {
        let grain = match question.series {
            Series::Told => question.step,
            Series::SumsAlone => (question.until.saturating_sub(question.since)) / GRAINS,
        };
        let place = tier_for(grain, question.since, newest);
        let tier = &TIERS[place];
        let step = match question.series {
            Series::Told => question.step.max(tier.bucket_ms).next_multiple_of(tier.bucket_ms),
            Series::SumsAlone => question.step.max(1),
        };
        let narrowed = self.narrowed(place, question)?;
        let question = narrowed.as_ref().unwrap_or(question);
        let mut gathering = Gathering::new(question, step);
        let since = question.since / tier.bucket_ms * tier.bucket_ms;
        let until = question.until;
        if let Some(archive) = &mut self.archive {
            cover(archive, tier, &mut gathering, (since, until))?;
            for source in sources(question) {
                source.gather(archive, tier, &mut gathering, (since, until))?;
            }
        }
        self.gather_memory(&mut gathering, self.done[place], (since, until));
        self.gather_gaps(&mut gathering, (question.since, until));
        Ok(gathering.answer())
    }

    /// With more groups than are told, those that matter are found from sums first; then only they
    /// are read over time.
    fn narrowed(
        &mut self,
        place: usize,
        question: &Question,
    ) -> Result<Option<Question>, ArchiveError> {
        let plain = question.scope.workloads.is_empty() && question.scope.policies.is_empty();
        let (true, Series::Told, Some(by)) = (plain, question.series, question.by) else {
            return Ok(None);
        };
        let by = match by {
            By::Workload | By::Side => By::Workload,
            By::Policy | By::Rule => By::Policy,
            By::Namespace | By::Direction => return Ok(None),
        };
        let sums = Question { by: Some(by), series: Series::SumsAlone, ..question.clone() };
        let mut gathering = Gathering::new(&sums, question.step);
        let tier = &TIERS[place];
        let span = (question.since / tier.bucket_ms * tier.bucket_ms, question.until);
        if let Some(archive) = &mut self.archive {
            let kind = if by == By::Workload { Kind::WorkloadSums } else { Kind::PolicySums };
            Source::Sums(kind).gather(archive, tier, &mut gathering, span)?;
        }
        self.gather_memory(&mut gathering, self.done[place], span);
        let groups = gathering.answer().groups.into_iter().take(GROUP_LIMIT);
        let names: Vec<String> = groups.map(|group| group.name).collect();
        let mut scope = question.scope.clone();
        match by {
            By::Workload => scope.workloads = names,
            _ => scope.policies = names,
        }
        Ok(Some(Question { scope, ..question.clone() }))
    }

    fn gather_memory(&self, gathering: &mut Gathering<'_>, done: u64, (since, until): (u64, u64)) {
        let mut places: Vec<Option<Option<Place>>> = vec![None; self.tracks.len()];
        let rows = self.tail.iter().filter(|row| row.id > done).chain(&self.open);
        for Row { end, added, .. } in rows {
            if *end <= since || end.saturating_sub(BUCKET_MS) >= until {
                continue;
            }
            gathering.cover(*end);
            for (track, added) in added {
                let place = places[*track as usize]
                    .get_or_insert_with(|| gathering.place(self.tracks.get(*track)));
                if let Some(place) = place {
                    gathering.add(*place, *end, *added);
                }
            }
        }
    }

    fn gather_gaps(&self, gathering: &mut Gathering<'_>, (since, until): (u64, u64)) {
        for gap in self.gaps.iter().filter(|gap| gap.end > since && gap.end <= until) {
            let mut sums = Sums::default();
            for (track, added) in &gap.added {
                if let Some(place) = gathering.place(self.tracks.get(*track)) {
                    gathering.add_unplaced(place, &mut sums, *added);
                }
            }
            gathering.gap(gap.start, gap.end, sums);
        }
    }
}

/// The coarsest tier whose buckets are no longer than the grain, or the finest that still reaches
/// back.
fn tier_for(grain: u64, since: u64, newest: u64) -> usize {
    let by_grain = TIERS.iter().rposition(|tier| tier.bucket_ms <= grain).unwrap_or(0);
    let age = newest.saturating_sub(since);
    let by_age = TIERS.iter().position(|tier| age <= tier.kept_ms).unwrap_or(TIERS.len() - 1);
    by_grain.max(by_age)
}

/// Where an answer is read from.
enum Source {
    /// Sums of whole chunks; of chunks that lie only partly in the time, each row in full.
    Sums(Kind),
    /// Rows of one kind.
    Rows(Kind, Vec<String>),
    /// All rows of a kind that begin so.
    Prefixed(Kind, Vec<String>),
}

fn sources(question: &Question) -> Vec<Source> {
    let scope = &question.scope;
    if !scope.workloads.is_empty() {
        return vec![Source::Rows(Kind::Workload, scope.workloads.clone())];
    }
    let by_policy = match question.by {
        None | Some(By::Policy | By::Rule | By::Direction) => true,
        Some(By::Namespace | By::Workload | By::Side) => false,
    };
    if !scope.policies.is_empty() && by_policy && scope.namespaces.is_empty() {
        return vec![Source::Rows(Kind::Policy, scope.policies.clone())];
    }
    if scope.policies.is_empty() {
        match (question.by, question.series) {
            (None | Some(By::Namespace | By::Direction), _) => {
                return vec![Source::Rows(Kind::Namespaces, vec![String::new()])];
            }
            (Some(By::Workload | By::Side), Series::SumsAlone) => {
                return vec![Source::Sums(Kind::WorkloadSums)];
            }
            (Some(By::Policy), Series::SumsAlone) if scope.namespaces.is_empty() => {
                return vec![Source::Sums(Kind::PolicySums)];
            }
            (Some(By::Workload | By::Side | By::Policy | By::Rule), _) => {}
        }
    }
    let prefixes: BTreeSet<String> =
        scope.namespaces.iter().map(|namespace| format!("{namespace}/")).collect();
    let prefixes = if prefixes.is_empty() { vec![String::new()] } else { Vec::from_iter(prefixes) };
    vec![Source::Prefixed(Kind::Workload, prefixes)]
}

impl Source {
    fn gather(
        &self,
        archive: &mut Archive,
        tier: &Tier,
        gathering: &mut Gathering<'_>,
        span: (u64, u64),
    ) -> Result<(), ArchiveError> {
        match self {
            Source::Rows(kind, names) => names
                .iter()
                .try_for_each(|name| read(archive, tier, gathering, (*kind, Name::Is(name)), span)),
            Source::Prefixed(kind, prefixes) => prefixes.iter().try_for_each(|prefix| {
                read(archive, tier, gathering, (*kind, Name::Begins(prefix)), span)
            }),
            Source::Sums(kind) => {
                let (since, until) = span;
                let first = since.next_multiple_of(tier.chunk_ms);
                let last = until / tier.chunk_ms * tier.chunk_ms;
                let full = match kind {
                    Kind::PolicySums => Kind::Policy,
                    _ => Kind::Workload,
                };
                let whole = (full, Name::Begins(""));
                if first >= last {
                    return read(archive, tier, gathering, whole, span);
                }
                read(archive, tier, gathering, (*kind, Name::Is("")), (first, last))?;
                for part in [(since, first), (last, until)] {
                    if part.0 < part.1 {
                        read(archive, tier, gathering, whole, part)?;
                    }
                }
                Ok(())
            }
        }
    }
}

fn read(
    archive: &mut Archive,
    tier: &Tier,
    gathering: &mut Gathering<'_>,
    (kind, name): (Kind, Name<'_>),
    (since, until): (u64, u64),
) -> Result<(), ArchiveError> {
    let wanted = Wanted { kind, name, since, until };
    archive.rows(tier, &wanted, |start, bytes| {
        let gathering = std::cell::RefCell::new(&mut *gathering);
        chunk::visit(
            bytes,
            |track| gathering.borrow_mut().place(track),
            |place, bucket, added| {
                let end = start + u64::from(bucket + 1) * tier.bucket_ms;
                if end > since && end - tier.bucket_ms < until {
                    gathering.borrow_mut().add(*place, end, added);
                }
            },
        )
    })
}

fn cover(
    archive: &mut Archive,
    tier: &Tier,
    gathering: &mut Gathering<'_>,
    (since, until): (u64, u64),
) -> Result<(), ArchiveError> {
    let wanted = Wanted { kind: Kind::Cover, name: Name::Is(""), since, until };
    archive.rows(tier, &wanted, |start, bytes| {
        chunk::visit(
            bytes,
            |_| Some(()),
            |(), bucket, _| {
                let end = start + u64::from(bucket + 1) * tier.bucket_ms;
                if end > since && end - tier.bucket_ms < until {
                    gathering.cover(end);
                }
            },
        )
    })
}
