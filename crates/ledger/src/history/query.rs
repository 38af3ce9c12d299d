//! Answering questions: which tier, which of its rows, and the newest from memory.

use std::cell::RefCell;

use super::source::{Piece, Source, pieces, source};
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
        let narrowed = self.narrowed(place, question, newest)?;
        let question = narrowed.as_ref().unwrap_or(question);
        let mut gathering = Gathering::new(question, step);
        let span = (question.since / tier.bucket_ms * tier.bucket_ms, question.until);
        if let Some(archive) = &mut self.archive
            && question.series == Series::Told
        {
            cover(archive, tier, &mut gathering, span)?;
        }
        let source = source(question);
        self.gather(&source, &mut gathering, &pieces(&source, place, span, newest))?;
        self.gather_gaps(&mut gathering, (question.since, question.until));
        Ok(gathering.answer(newest))
    }

    /// With more groups than are told, those that matter are found from sums first; then only they
    /// are read over time.
    fn narrowed(
        &mut self,
        place: usize,
        question: &Question,
        newest: u64,
    ) -> Result<Option<Question>, ArchiveError> {
        let scope = &question.scope;
        let plain =
            scope.workloads.is_empty() && scope.policies.is_empty() && scope.reason.is_none();
        let (true, Series::Told, Some(by)) = (plain, question.series, question.by) else {
            return Ok(None);
        };
        let (by, kind) = match by {
            By::Workload | By::Side => (By::Workload, Kind::WorkloadSums),
            By::Policy | By::Rule => (By::Policy, Kind::PolicySums),
            By::Namespace | By::Direction => return Ok(None),
        };
        let sums = Question { by: Some(by), series: Series::SumsAlone, ..question.clone() };
        let mut gathering = Gathering::new(&sums, question.step);
        let bucket = TIERS[place].bucket_ms;
        let span = (question.since / bucket * bucket, question.until);
        let source = Source::Sums(kind);
        self.gather(&source, &mut gathering, &pieces(&source, place, span, newest))?;
        let groups = gathering.answer(newest).groups.into_iter().take(GROUP_LIMIT);
        let names: Vec<String> = groups.map(|group| group.name).collect();
        let mut scope = question.scope.clone();
        match kind {
            Kind::WorkloadSums => scope.workloads = names,
            _ => scope.policies = names,
        }
        Ok(Some(Question { scope, ..question.clone() }))
    }

    /// What the archive and memory hold of a time.
    fn gather(
        &mut self,
        source: &Source,
        gathering: &mut Gathering<'_>,
        pieces: &[Piece],
    ) -> Result<(), ArchiveError> {
        for piece in pieces {
            if let Some(archive) = &mut self.archive {
                read_piece(archive, source, piece, gathering)?;
            }
            self.gather_memory(gathering, self.done[piece.place], piece.span);
        }
        Ok(())
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

fn read_piece(
    archive: &mut Archive,
    source: &Source,
    piece: &Piece,
    gathering: &mut Gathering<'_>,
) -> Result<(), ArchiveError> {
    let tier = &TIERS[piece.place];
    let kind = piece.kind;
    match source {
        Source::Rows(_, names) => names.iter().try_for_each(|name| {
            read(archive, tier, gathering, (kind, Name::Is(name)), piece.span)
        }),
        Source::Prefixed(_, prefixes) => prefixes.iter().try_for_each(|prefix| {
            read(archive, tier, gathering, (kind, Name::Begins(prefix)), piece.span)
        }),
        Source::Sums(_) => read(archive, tier, gathering, (kind, Name::Begins("")), piece.span),
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
        let gathering = RefCell::new(&mut *gathering);
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
