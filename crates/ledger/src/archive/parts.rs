//! What a batch adds to the rows of one tier. A track is named once for all of its buckets: names
//! cost more than numbers.

use std::collections::BTreeMap;

use podwall_model::Reason;

use super::{Batch, Kind, Tier};
use crate::chunk::Chunk;
use crate::stats::Added;
use crate::track::{Track, Tracks};

/// Rows by their kind, name and chunk.
pub(super) type Parts = BTreeMap<(Kind, String, u64), Chunk>;

/// Buckets of one chunk, counted from its start.
type Buckets<'a> = &'a [(u64, u32, Added)];

/// What the rows of a tail add.
pub(super) fn of(tier: &Tier, tracks: &Tracks, rows: &[&Batch<'_>]) -> Parts {
    let mut parts = Parts::new();
    let mut by_track: Vec<Vec<(u64, u32, Added)>> = vec![Vec::new(); tracks.len()];
    for row in rows {
        let start = row.end.saturating_sub(1) / tier.bucket_ms * tier.bucket_ms;
        let chunk = start / tier.chunk_ms;
        let bucket = u32::try_from((start - chunk * tier.chunk_ms) / tier.bucket_ms)
            .expect("a chunk has few buckets");
        let cover = parts.entry((Kind::Cover, String::new(), chunk)).or_default();
        cover.entry(Track::nothing()).or_default().entry(bucket).or_default();
        for (track, added) in row.added {
            let buckets = &mut by_track[*track as usize];
            match buckets.last_mut() {
                Some((its, last, sum)) if (*its, *last) == (chunk, bucket) => sum.plus(*added),
                Some(_) | None => buckets.push((chunk, bucket, *added)),
            }
        }
    }
    for (number, buckets) in (0..).zip(&by_track) {
        for buckets in buckets.chunk_by(|one, other| one.0 == other.0) {
            put_track(&mut parts, tracks.get(number), buckets);
        }
    }
    parts
}

fn put_track(parts: &mut Parts, track: &Track, buckets: Buckets<'_>) {
    let Some((chunk, ..)) = buckets.first() else { return };
    let mut sum = Added::default();
    buckets.iter().for_each(|(.., added)| sum.plus(*added));
    let sum = [(*chunk, 0, sum)];
    let mut put = |kind: Kind, name: &str, track: Track, buckets: Buckets<'_>| {
        let part = parts.entry((kind, name.to_owned(), *chunk)).or_default();
        let own = part.entry(track).or_default();
        for (_, bucket, added) in buckets {
            own.entry(*bucket).or_default().plus(*added);
        }
    };
    put(Kind::Namespaces, "", track.of_namespace(), buckets);
    put(Kind::WorkloadSums, "", track.of_workload(), &sum);
    put(Kind::Workload, &track.workload, track.clone(), buckets);
    if track.reason == Reason::DefaultDeny {
        put(Kind::Denied, "", track.of_reason(), buckets);
    }
    if !track.policy.is_empty() {
        put(Kind::PolicySums, "", track.of_policy(), &sum);
        put(Kind::Policy, &track.policy, track.of_rule(), buckets);
    }
}
